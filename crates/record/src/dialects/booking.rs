//! Compensable actions: `audit_id, company_id, user_id, agent_name, conversation_id, action_type, action_name,
//! input_params, status, result, error_message, duration_ms, compensable, compensation_action,
//! compensation_params, tags, created_at`. One entry changes as it goes; each state of it is one record.

use sealbook_ledger::Phase;

use crate::json::{Fields, ObjectWriter, into_raw};
use crate::{Actor, ActorKind, Category, Error, Outcome, PartName, Record, Severity, Target, TargetKind};

use super::entry::{Entry, Shape, decimal, python_time};

const COMPENSATION: [&str; 3] = ["compensable", "compensation_action", "compensation_params"];

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    if let Some(id) = entry.id("audit_id")? {
        record.id = id;
    }
    if let Some(company) = entry.filled("company_id")? {
        record.tenant = company;
    }
    if let Some(time) = entry.time("created_at")? {
        record.occurred = time;
    }
    record.actor = actor(entry)?;
    record.conversation = entry.text("conversation_id")?;
    let action_type = entry.filled("action_type")?;
    record.category = action_type.as_deref().and_then(|text| text.parse().ok()).unwrap_or(Category::Other);
    if let Some(name) = entry.filled("action_name")?.or(action_type) {
        let tool = name.split('.').find(|part| !part.is_empty()).unwrap_or(&name).to_owned();
        record.target = Target::new(TargetKind::Tool, tool);
        record.action = name;
    }
    read_status(entry, record)?;
    record.duration_us = entry.millis_as_us("duration_ms")?;
    record.tags = entry.texts("tags")?;
    entry.plain_part(record, PartName::Input, "input_params");
    entry.plain_part(record, PartName::Result, "result");
    entry.plain_part(record, PartName::Error, "error_message");
    let mut compensation = ObjectWriter::with_capacity(128);
    let mut given = false;
    for name in COMPENSATION {
        if let Some(raw) = entry.raw(name) {
            compensation.raw(name, raw.get());
            given = true;
        }
    }
    if given {
        record.parts.insert(PartName::Context, into_raw(compensation.finish()));
    }
    Ok(())
}

/// An agent acts for a user; without an agent the user acts; without either nobody is known.
fn actor(entry: &Entry<'_>) -> Result<Actor, Error> {
    let user = entry.filled("user_id")?;
    Ok(match (entry.filled("agent_name")?, user) {
        (Some(agent), user) => Actor { on_behalf_of: user, ..Actor::new(ActorKind::Agent, agent) },
        (None, Some(user)) => Actor::new(ActorKind::User, user),
        (None, None) => Actor::unknown(),
    })
}

/// `pending` is an intent, what follows it an outcome. `compensated` is an action that went well and was undone
/// later; the word itself is kept beside the record.
fn read_status(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    let status = entry.filled("status")?;
    (record.phase, record.outcome) = match status.as_deref() {
        Some("pending") => (Phase::Intent, None),
        Some("compensated") => (Phase::Outcome, Some(Outcome::Ok)),
        Some(_) => (Phase::Outcome, entry.word("status")?),
        None => (Phase::Event, None),
    };
    if record.outcome == Some(Outcome::Failed) {
        record.severity = Severity::Error;
    }
    Ok(())
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    let (agent, user) = match record.actor.kind {
        ActorKind::Agent => (Some(record.actor.id.as_str()), record.actor.on_behalf_of.as_deref()),
        ActorKind::Unknown => (None, None),
        _ => (None, Some(record.actor.id.as_str())),
    };
    shape.text("audit_id", &record.id.to_string());
    shape.text("company_id", &record.tenant);
    shape.optional("user_id", user);
    shape.optional("agent_name", agent);
    shape.optional("conversation_id", record.conversation.as_deref());
    shape.text("action_type", action_type(record.category));
    shape.text("action_name", &record.action);
    shape.part("input_params", record, PartName::Input, "{}");
    shape.text("status", status(record));
    shape.part("result", record, PartName::Result, "null");
    shape.part("error_message", record, PartName::Error, "null");
    let duration = record.duration_us.and_then(|micros| i64::try_from(micros).ok());
    shape.raw("duration_ms", duration.map_or("null".to_owned(), |micros| decimal(micros, 3)));
    let context = record.part(PartName::Context).and_then(|context| Fields::parse(context.get()).ok());
    for (name, otherwise) in COMPENSATION.into_iter().zip(["false", "null", "{}"]) {
        let given = context.as_ref().and_then(|context| context.last(name)).map(serde_json::value::RawValue::get);
        shape.raw(name, given.unwrap_or(otherwise));
    }
    shape.texts("tags", &record.tags);
    shape.text("created_at", &python_time(record.occurred));
}

fn status(record: &Record) -> &'static str {
    match (record.phase, record.outcome) {
        (Phase::Intent, _) => "pending",
        (_, Some(Outcome::Ok) | None) => "success",
        _ => "failed",
    }
}

/// The nearest of their five.
fn action_type(category: Category) -> &'static str {
    match category {
        Category::Booking | Category::Notification | Category::Ticket | Category::RagSearch => category.as_str(),
        _ => "api_call",
    }
}
