//! JSON Lines: `timestamp, actor, action, success, details, error, session_id`. They have no id: whoever
//! reads them gives one, so that two equal lines stay two records.

use crate::{Category, Error, Outcome, PartName, Record, Severity, Target, TargetKind, Timestamp};

use super::entry::{Entry, Shape, actor_named};

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    if let Some(time) = entry.time("timestamp")? {
        record.occurred = time;
    }
    if let Some(actor) = entry.filled("actor")? {
        record.actor = actor_named(&actor);
    }
    if let Some(action) = entry.filled("action")? {
        record.category = action.parse().unwrap_or(Category::Other);
        record.action = action;
    }
    record.outcome = entry.flag("success")?.map(|success| if success { Outcome::Ok } else { Outcome::Failed });
    record.session = entry.text("session_id")?;
    entry.plain_part(record, PartName::Input, "details");
    entry.plain_part(record, PartName::Error, "error");
    if record.outcome == Some(Outcome::Failed) || record.part(PartName::Error).is_some() {
        record.severity = Severity::Error;
    }
    record.target = target(entry).unwrap_or_else(|| Target::new(TargetKind::Other, record.action.clone()));
    Ok(())
}

fn target(entry: &Entry<'_>) -> Option<Target> {
    let named = |name| entry.inner_text("details", name);
    match (named("service"), named("endpoint")) {
        (Some(service), Some(endpoint)) => Some(Target::new(TargetKind::Service, format!("{service}/{endpoint}"))),
        (Some(name), None) | (None, Some(name)) => Some(Target::new(TargetKind::Service, name)),
        (None, None) => named("file").or_else(|| named("path")).map(|path| Target::new(TargetKind::File, path)),
    }
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    shape.text("timestamp", &millis(record.occurred));
    shape.text("actor", &record.actor.id);
    shape.text("action", &record.action);
    // What was only announced has neither succeeded nor failed.
    let success = record.outcome.map_or("null", |outcome| if outcome == Outcome::Ok { "true" } else { "false" });
    shape.raw("success", success);
    shape.part("details", record, PartName::Input, "{}");
    shape.part("error", record, PartName::Error, "null");
    shape.optional("session_id", record.session.as_deref());
}

/// `2026-02-20T07:21:42.457Z`; with six decimals where three do not suffice.
fn millis(time: Timestamp) -> String {
    let text = time.to_string();
    match text.strip_suffix("000Z") {
        Some(short) => format!("{short}Z"),
        None => text,
    }
}
