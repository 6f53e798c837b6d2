//! A log record: something that a program said, with a name where it is an event.

use std::collections::HashMap;

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use sealbook_record::{Category, Outcome, PartName, Record, Severity, Target, TargetKind, derived_id};
use serde_json::json;

use super::attributes::{Attributes, content, json_of};
use super::{About, From, genai, hex, is_id, span, time};

/// How often each was in the export: two that are equal to the byte are two.
pub(super) type Seen = HashMap<String, u32>;

/// The record of a log record, or why it is none.
pub(super) fn record(
    log: &LogRecord,
    from: &From<'_>,
    about: &About<'_>,
    seen: &mut Seen,
) -> Result<Record, &'static str> {
    let mut attributes = Attributes::of(&log.attributes);
    let body = log.body.as_ref().map(json_of).filter(|body| !body.is_null());
    if body.is_none() && attributes.is_empty() && log.event_name.is_empty() {
        return Err("a log record that says nothing was left out");
    }
    let digest = from.digest(about, log);
    let nth = seen.entry(digest.clone()).or_default();
    *nth += 1;
    let id = derived_id("otlp/log", &format!("{digest}\0{nth}"));
    let event =
        Some(log.event_name.clone()).filter(|name| !name.is_empty()).or_else(|| attributes.text(&["event.name"]));
    let severity = severity(log.severity_number);
    let deed = genai::deed(&attributes).unwrap_or_else(|| plain(event.as_deref(), severity, from));
    let actor = genai::actor(&attributes, from, about);
    let at = time(log.time_unix_nano).or_else(|| time(log.observed_time_unix_nano)).unwrap_or(about.now);
    let mut record = Record::event(id, actor, deed.action, deed.target, at);
    about.tenant.clone_into(&mut record.tenant);
    record.category = deed.category;
    record.severity = severity;
    if is_id(&log.trace_id, 16) {
        let trace = hex(&log.trace_id);
        record.operation = Some(derived_id("otlp/trace", &trace));
        if is_id(&log.span_id, 8) {
            let span = hex(&log.span_id);
            record.parent = Some(derived_id("otlp/span", &format!("{trace}{span}")));
            record.trace = Some(format!("00-{trace}-{span}-{:02x}", log.flags & 0xff));
        }
    }
    record.session = attributes.text(&["session.id", "mcp.session.id"]);
    record.conversation = attributes.text(&["gen_ai.conversation.id"]);
    record.source = "otlp/logs".to_owned();
    record.tags = vec!["telemetry".to_owned()];
    if let Some(why) = attributes.text(&["error.type", "exception.type"]) {
        record.outcome = Some(Outcome::Failed);
        let message = attributes.text(&["exception.message"]);
        record.set_part(PartName::Error, &json!({ "type": why, "message": message })).expect("JSON is JSON");
    }
    let mut metadata = genai::fill(&mut record, &mut attributes);
    if let Some(body) = body {
        record
            .parts
            .entry(PartName::Input)
            .or_insert_with(|| serde_json::value::to_raw_value(&content(body)).expect("JSON is JSON"));
    }
    let otlp = json!({ "signal": "logs", "event": event, "severity": log.severity_text, "digest": digest });
    span::finish(&mut record, attributes, &[], from, &mut metadata, otlp);
    Ok(record)
}

/// An event by its name; a line by its weight.
fn plain(event: Option<&str>, severity: Severity, from: &From<'_>) -> genai::Deed {
    let service = from.resource.text(&["service.name"]).unwrap_or_else(|| "unnamed".to_owned());
    let action = match event {
        Some(name) => name.split('.').map(genai::plain).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("."),
        None => format!("log.{}", severity.as_str()),
    };
    let action = if action.is_empty() { "log.event".to_owned() } else { action };
    genai::Deed { action, category: Category::Other, target: Target::new(TargetKind::Log, service) }
}

/// The numbers of the specification's severities, 1 to 24.
fn severity(number: i32) -> Severity {
    match number {
        1..=8 => Severity::Debug,
        13..=16 => Severity::Warning,
        17..=20 => Severity::Error,
        21.. => Severity::Critical,
        _ => Severity::Info,
    }
}
