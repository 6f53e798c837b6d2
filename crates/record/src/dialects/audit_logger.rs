//! Hash-chained audit entries: `audit_id, timestamp, action_type, level, user_id, tenant_id, details,
//! context, previous_hash, entry_hash, signature, compliance_tags`.

use crate::{Category, Error, Outcome, PartName, Record, Severity, Target, TargetKind};

use super::entry::{Entry, Shape, actor_named, python_seconds};

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    if let Some(id) = entry.id("audit_id")? {
        record.id = id;
    }
    if let Some(time) = entry.time("timestamp")? {
        record.occurred = time;
    }
    if let Some(action) = entry.filled("action_type")? {
        record.category = action.parse().unwrap_or(Category::Other);
        // `file_write` is our `file.write`.
        record.action = action.replacen('_', ".", 1);
    }
    if let Some(level) = entry.word::<Severity>("level")? {
        record.severity = level;
    }
    record.actor = actor_named(entry.filled("user_id")?.as_deref().unwrap_or("system"));
    if let Some(tenant) = entry.filled("tenant_id")? {
        record.tenant = tenant;
    }
    record.tags = entry.texts("compliance_tags")?;
    entry.part(record, PartName::Input, "details");
    entry.part(record, PartName::Context, "context");
    if let Some(target) = target(entry) {
        record.target = target;
    }
    record.outcome = outcome(record);
    Ok(())
}

fn target(entry: &Entry<'_>) -> Option<Target> {
    let named = |name| entry.inner_text("details", name);
    for name in ["file_path", "path", "file"] {
        if let Some(path) = named(name) {
            return Some(Target::new(TargetKind::File, path));
        }
    }
    let tool = named("tool_name").map(|tool| Target::new(TargetKind::Tool, tool));
    tool.or_else(|| named("workflow_id").map(|workflow| Target::new(TargetKind::Workflow, workflow)))
}

/// Audited tool calls say in their details whether they succeeded.
fn outcome(record: &Record) -> Option<Outcome> {
    #[derive(serde::Deserialize)]
    struct Details {
        success: bool,
    }
    let details: Details = serde_json::from_str(record.part(PartName::Input)?.get()).ok()?;
    Some(if details.success { Outcome::Ok } else { Outcome::Failed })
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    shape.text("audit_id", &record.id.to_string());
    shape.raw("timestamp", python_seconds(record.occurred));
    shape.text("action_type", action_type(record.category));
    shape.text("level", if record.severity == Severity::Error { "critical" } else { record.severity.as_str() });
    shape.text("user_id", &record.actor.id);
    shape.text("tenant_id", &record.tenant);
    shape.part("details", record, PartName::Input, "{}");
    shape.part("context", record, PartName::Context, "{}");
    shape.texts("compliance_tags", &record.tags);
}

/// The nearest of their eight.
fn action_type(category: Category) -> &'static str {
    match category {
        Category::FileRead
        | Category::FileWrite
        | Category::CodeExecution
        | Category::LlmRequest
        | Category::AgentDecision
        | Category::DataAccess
        | Category::ConfigChange
        | Category::SecurityEvent => category.as_str(),
        Category::CredentialAccess | Category::RagSearch | Category::ApiCall | Category::ComponentSync => "data_access",
        Category::CredentialCreate
        | Category::CredentialDelete
        | Category::AccessAttempt
        | Category::SensitiveOperation => "security_event",
        Category::ProjectCreate | Category::ProjectUpdate | Category::ProjectDelete | Category::Administration => {
            "config_change"
        }
        _ => "agent_decision",
    }
}
