//! Operation log: `id, event_type, operation_name, operation_id, user_id, project_id, args, result, error,
//! before_state, after_state, created_at`. The JSON columns may hold JSON or, as rows do, JSON within a text.

use crate::{Category, Error, Outcome, PartName, Record, Severity, Target, TargetKind};

use super::entry::{Entry, Shape, actor_named, python_time};

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    if let Some(id) = entry.id("id")? {
        record.id = id;
    }
    record.operation = entry.id("operation_id")?;
    if let Some(time) = entry.time("created_at")? {
        record.occurred = time;
    }
    let event = entry.filled("event_type")?;
    record.category = event.as_deref().and_then(|event| event.parse().ok()).unwrap_or(Category::Other);
    if let Some(name) = entry.filled("operation_name")?.or(event) {
        record.action = name;
    }
    if let Some(user) = entry.filled("user_id")? {
        record.actor = actor_named(&user);
    }
    record.project = entry.text("project_id")?;
    if let Some(project) = record.project.clone().filter(|project| !project.is_empty()) {
        record.target = Target::new(TargetKind::Project, project);
    }
    entry.part(record, PartName::Input, "args");
    entry.part(record, PartName::Result, "result");
    entry.plain_part(record, PartName::Error, "error");
    entry.part(record, PartName::Before, "before_state");
    entry.part(record, PartName::After, "after_state");
    let failed = record.part(PartName::Error).is_some() || record.category == Category::Error;
    record.outcome = Some(if failed { Outcome::Failed } else { Outcome::Ok });
    record.severity = match record.category {
        _ if failed => Severity::Error,
        Category::SecurityEvent => Severity::Warning,
        _ => Severity::Info,
    };
    Ok(())
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    shape.text("id", &record.id.to_string());
    shape.text("event_type", event_type(record.category));
    shape.text("operation_name", &record.action);
    shape.optional("operation_id", record.operation.map(|id| id.to_string()).as_deref());
    shape.optional("user_id", (!record.actor_unknown()).then_some(record.actor.id.as_str()));
    shape.optional("project_id", record.project.as_deref());
    shape.part("args", record, PartName::Input, "{}");
    shape.part("result", record, PartName::Result, "null");
    shape.part("error", record, PartName::Error, "null");
    shape.part("before_state", record, PartName::Before, "null");
    shape.part("after_state", record, PartName::After, "null");
    shape.text("created_at", &python_time(record.occurred));
}

/// The nearest of their twelve.
fn event_type(category: Category) -> &'static str {
    match category {
        Category::ToolCall
        | Category::CredentialAccess
        | Category::CredentialCreate
        | Category::CredentialDelete
        | Category::ProjectCreate
        | Category::ProjectUpdate
        | Category::ProjectDelete
        | Category::ComponentSync
        | Category::TokenSync
        | Category::StateTransition
        | Category::Error
        | Category::SecurityEvent => category.as_str(),
        Category::AccessAttempt | Category::SensitiveOperation => "security_event",
        _ => "tool_call",
    }
}
