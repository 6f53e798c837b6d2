//! `CloudEvents` 1.0, JSON format: `specversion, id, source, type, subject, time, datacontenttype, data` and
//! whatever extension attributes there are (<https://github.com/cloudevents/spec>, `formats/json-format.md`).

use crate::{Actor, ActorKind, Category, Error, PartName, Record, Target, TargetKind, derived_id};

use super::entry::{Entry, Shape};

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    let source = entry.filled("source")?;
    if let Some(id) = entry.filled("id")? {
        // An id is one of its source, and no other's.
        let whole = || derived_id("cloudevents", &format!("{}\0{id}", source.as_deref().unwrap_or_default()));
        record.id = id.parse().unwrap_or_else(|_| whole());
    }
    if let Some(time) = entry.time("time")? {
        record.occurred = time;
    }
    if let Some(kind) = entry.filled("type")? {
        record.action = kind;
    }
    record.category = Category::Other;
    record.trace = entry.filled("traceparent")?;
    if let Some(source) = source {
        record.actor = Actor::new(ActorKind::Service, source.clone());
        record.target = Target::new(TargetKind::Service, source.clone());
        record.source = source;
    }
    if let Some(subject) = entry.filled("subject")? {
        record.target = Target::new(TargetKind::Other, subject);
    }
    entry.plain_part(record, PartName::Input, "data");
    Ok(())
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    shape.text("specversion", "1.0");
    shape.text("id", &record.id.to_string());
    shape.text("source", &record.source);
    shape.text("type", &record.action);
    if record.target.id != record.source {
        shape.text("subject", &record.target.id);
    }
    shape.text("time", &record.occurred.to_string());
    if let Some(trace) = &record.trace {
        shape.text("traceparent", trace);
    }
    if record.part(PartName::Input).is_some() {
        shape.text("datacontenttype", "application/json");
        shape.part("data", record, PartName::Input, "null");
    }
}
