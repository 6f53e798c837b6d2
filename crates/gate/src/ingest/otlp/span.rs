//! A span: something that happened, from when to when, and how it ended.

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use sealbook_record::{Category, Outcome, PartName, Record, Severity, Target, TargetKind, derived_id};
use serde_json::{Map, Value, json};

use super::attributes::{Attributes, short};
use super::{About, From, genai, hex, is_id, time};

/// The record of a span, or why it is none.
pub(super) fn record(span: &Span, from: &From<'_>, about: &About<'_>) -> Result<Record, &'static str> {
    if !is_id(&span.trace_id, 16) || !is_id(&span.span_id, 8) {
        return Err("a span without a trace id of 16 bytes and a span id of 8, not all zero, was left out");
    }
    let (trace, id) = (hex(&span.trace_id), hex(&span.span_id));
    let mut attributes = Attributes::of(&span.attributes);
    // Content may stand in events of the span.
    let told: Vec<_> = span.events.iter().map(|event| (event, Attributes::of(&event.attributes))).collect();
    for (_, of_event) in told.iter().filter(|(event, _)| event.name.starts_with("gen_ai.")) {
        attributes.add(of_event);
    }
    let kind = SpanKind::try_from(span.kind).unwrap_or(SpanKind::Unspecified);
    let deed = genai::deed(&attributes).unwrap_or_else(|| plain(span, kind));
    let actor = genai::actor(&attributes, from, about);
    let begun = time(span.start_time_unix_nano).or_else(|| time(span.end_time_unix_nano)).unwrap_or(about.now);
    let mut record =
        Record::event(derived_id("otlp/span", &format!("{trace}{id}")), actor, deed.action, deed.target, begun);
    about.tenant.clone_into(&mut record.tenant);
    record.category = deed.category;
    record.operation = Some(derived_id("otlp/trace", &trace));
    record.parent = is_id(&span.parent_span_id, 8)
        .then(|| derived_id("otlp/span", &format!("{trace}{}", hex(&span.parent_span_id))));
    record.trace = Some(format!("00-{trace}-{id}-{:02x}", span.flags & 0xff));
    record.session = attributes.text(&["session.id", "mcp.session.id"]);
    record.conversation = attributes.text(&["gen_ai.conversation.id"]);
    record.source = "otlp/traces".to_owned();
    record.tags = vec!["telemetry".to_owned()];
    record.duration_us = (span.end_time_unix_nano >= span.start_time_unix_nano && span.start_time_unix_nano > 0)
        .then(|| (span.end_time_unix_nano - span.start_time_unix_nano) / 1_000);
    let has_failed = span.status.as_ref().is_some_and(|status| status.code == StatusCode::Error as i32)
        || attributes.text(&["error.type"]).is_some();
    record.outcome = Some(if has_failed { Outcome::Failed } else { Outcome::Ok });
    if has_failed {
        record.severity = Severity::Warning;
        let message = span.status.as_ref().map_or("", |status| &status.message);
        let exception = told.iter().rev().find(|(event, _)| event.name == "exception");
        let error = json!({
            "type": attributes.text(&["error.type"]),
            "message": message,
            "exception": exception.map(|(_, of_event)| of_event.clone().into_json()),
        });
        record.set_part(PartName::Error, &error).expect("JSON is JSON");
    }
    let mut metadata = genai::fill(&mut record, &mut attributes);
    let otlp = json!({
        "signal": "traces",
        "span": id,
        "name": short(&span.name),
        "kind": word(kind),
        "digest": from.digest(about, span),
    });
    finish(&mut record, attributes, &events(told), from, &mut metadata, otlp);
    Ok(record)
}

/// Context and metadata, as spans and logs have them.
pub(super) fn finish(
    record: &mut Record,
    attributes: Attributes,
    events: &[Value],
    from: &From<'_>,
    metadata: &mut Map<String, Value>,
    otlp: Value,
) {
    let mut context = Map::new();
    let mut put = |name: &str, value: Value| drop(context.insert(name.to_owned(), value));
    if !attributes.is_empty() {
        put("attributes", attributes.into_json());
    }
    if !events.is_empty() {
        put("events", json!(events));
    }
    if !from.resource.is_empty() {
        put("resource", from.resource.clone().into_json());
    }
    if let Some(scope) = from.scope.filter(|scope| !scope.name.is_empty()) {
        put("scope", json!({ "name": scope.name, "version": scope.version }));
    }
    if !context.is_empty() {
        record.set_part(PartName::Context, &context).expect("JSON is JSON");
    }
    metadata.insert("captured_by".to_owned(), json!("telemetry"));
    metadata.insert("otlp".to_owned(), otlp);
    record.set_part(PartName::Metadata, metadata).expect("JSON is JSON");
}

/// A span that tells of no model, tool or agent.
fn plain(span: &Span, kind: SpanKind) -> genai::Deed {
    let name = if span.name.is_empty() { "unnamed" } else { &span.name };
    let category = match kind {
        SpanKind::Client | SpanKind::Server => Category::ApiCall,
        _ => Category::Other,
    };
    genai::Deed {
        action: format!("span.{}", word(kind)),
        category,
        target: Target::new(TargetKind::Other, short(name)),
    }
}

fn events(told: Vec<(&opentelemetry_proto::tonic::trace::v1::span::Event, Attributes)>) -> Vec<Value> {
    let of = |(event, attributes): (&opentelemetry_proto::tonic::trace::v1::span::Event, Attributes)| {
        let at = time(event.time_unix_nano).map(|at| at.to_string());
        json!({ "name": short(&event.name), "at": at, "attributes": attributes.into_json() })
    };
    told.into_iter().map(of).collect()
}

const fn word(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    }
}
