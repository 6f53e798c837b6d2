//! Messages as records.

use sealbook_record::{Outcome, PartName, Record, Target, TargetKind};
use serde_json::value::RawValue;

use super::peek::{Message, fields, text};
use super::session::{Session, Side};
use crate::Ended;

/// Bytes of a name that go into a statement.
const NAME_BYTES_MAX: usize = 512;

/// The record of a request, with its content: an intent, unless the caller makes an event of it.
pub(crate) fn request(session: &Session, side: Side, message: &Message<'_>) -> Record {
    let method = message.method.as_deref().unwrap_or_default();
    let params = message.params.unwrap_or("{}");
    let mut record = session.record(&action(method), Target::new(TargetKind::Other, "-"));
    let [name, arguments, uri, meta] = fields(params, ["name", "arguments", "uri", "_meta"]);
    let named = |token: Option<&str>| token.and_then(text).map_or_else(|| "unnamed".to_owned(), |name| short(&name));
    record.target = match (side, method) {
        (Side::Client, "tools/call") => {
            let tool = named(name);
            record.tags = ["tool_execution".to_owned(), tool.chars().take(60).collect()].to_vec();
            Target::new(TargetKind::Tool, format!("{}/{tool}", short(&session.options.server)))
        }
        (Side::Client, "resources/read") => Target::new(TargetKind::Other, named(uri)),
        (Side::Client, "prompts/get") => {
            Target::new(TargetKind::Other, format!("{}/{}", short(&session.options.server), named(name)))
        }
        (Side::Server, "sampling/createMessage") => Target::new(TargetKind::Model, "client"),
        (Side::Server, _) => Target::new(TargetKind::Service, "client"),
        _ => session.service(),
    };
    if record.target.kind == TargetKind::Tool {
        set(&mut record, PartName::Input, arguments.unwrap_or("{}"));
    } else {
        set(&mut record, PartName::Input, params);
    }
    record.trace = meta.and_then(|meta| fields(meta, ["traceparent"])[0]).and_then(text).map(|trace| short(&trace));
    set(&mut record, PartName::Context, &context(session, message, name, arguments));
    record
}

fn context(session: &Session, message: &Message<'_>, name: Option<&str>, arguments: Option<&str>) -> String {
    let mut out = b"{\"server\":".to_vec();
    sealbook_record::push_string(&mut out, &session.options.server);
    out.extend_from_slice(b",\"method\":");
    sealbook_record::push_string(&mut out, &short(message.method.as_deref().unwrap_or_default()));
    if let Some(id) = message.id.filter(|id| id.len() <= NAME_BYTES_MAX) {
        out.extend_from_slice(b",\"request\":");
        out.extend_from_slice(id.as_bytes());
    }
    if let Some(arguments) = arguments {
        // Keyed: arguments may hold secrets. Equal ones have equal digests.
        let digest = session.gate.digest(arguments.as_bytes());
        let told = format!(",\"arguments\":{{\"digest\":\"{digest}\",\"bytes\":{}}}", arguments.len());
        out.extend_from_slice(told.as_bytes());
    }
    if let Some(annotations) = name.and_then(text).and_then(|name| session.annotations(&name)) {
        out.extend_from_slice(b",\"annotations\":");
        out.extend_from_slice(annotations.get().as_bytes());
    }
    out.push(b'}');
    String::from_utf8(out).expect("JSON made of texts is UTF-8")
}

/// How the call that a reply answers has ended. A tool that reports an error has failed.
pub(crate) fn ended(message: &Message<'_>) -> Ended {
    if let Some(error) = message.error {
        return with(Ended::new(Outcome::Failed), PartName::Error, error);
    }
    let result = message.result.unwrap_or("null");
    let [is_error, result_type] = fields(result, ["isError", "resultType"]);
    let mut ended = if is_error == Some("true") {
        with(Ended::new(Outcome::Failed), PartName::Error, result)
    } else {
        with(Ended::new(Outcome::Ok), PartName::Result, result)
    };
    if result_type.and_then(text).as_deref() == Some("input_required") {
        ended.tags.push("input_required".to_owned());
    }
    ended
}

/// How a call has ended whose reply was too long to be held.
pub(crate) fn ended_long(bytes: u64, is_error: bool) -> Ended {
    let outcome = if is_error { Outcome::Failed } else { Outcome::Ok };
    let part = if is_error { PartName::Error } else { PartName::Result };
    with(Ended::new(outcome), part, &format!("{{\"withheld\":{{\"line_bytes\":{bytes}}}}}"))
}

fn with(mut ended: Ended, name: PartName, json: &str) -> Ended {
    let size = format!("{{\"result_bytes\":{}}}", json.len());
    ended.parts.insert(PartName::Metadata, raw(&size));
    ended.with(name, raw(json))
}

fn set(record: &mut Record, name: PartName, json: &str) {
    record.parts.insert(name, raw(json));
}

/// A token that the scan has found to be JSON.
pub(crate) fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.trim().to_owned()).unwrap_or_else(|_| sealbook_record::bytes_to_json(json.as_bytes()))
}

impl Ended {
    /// An event that tells how something ended which was not announced.
    pub(crate) fn write_to(self, record: &mut Record) {
        record.outcome = Some(self.outcome);
        record.tags.extend(self.tags);
        record.parts.extend(self.parts);
        if self.outcome != Outcome::Ok {
            record.severity = record.severity.max(sealbook_record::Severity::Warning);
        }
    }
}

/// A method as a dotted verb: `tools/call` is `tools.call`, `sampling/createMessage` is `sampling.create_message`.
pub(crate) fn action(method: &str) -> String {
    let mut action = String::with_capacity(method.len() + 4);
    for c in method.chars().take(200) {
        match c {
            '/' | '.' => action.push('.'),
            'a'..='z' | '0'..='9' | '_' | '-' => action.push(c),
            'A'..='Z' => {
                if !action.is_empty() && !action.ends_with(['.', '_']) {
                    action.push('_');
                }
                action.push(c.to_ascii_lowercase());
            }
            _ => action.push('_'),
        }
    }
    if action.is_empty() { "unnamed".to_owned() } else { action }
}

/// A name that fits into a statement. Never empty.
pub(crate) fn short(name: &str) -> String {
    if name.is_empty() {
        return "unnamed".to_owned();
    }
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let end = (0..=NAME_BYTES_MAX).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_dotted_verbs() {
        for (method, verb) in [
            ("tools/call", "tools.call"),
            ("sampling/createMessage", "sampling.create_message"),
            ("notifications/tools/list_changed", "notifications.tools.list_changed"),
            ("", "unnamed"),
            ("Ünfug\n", "_nfug_"),
        ] {
            assert_eq!(action(method), verb);
        }
        assert_eq!(action(&"x".repeat(900)).len(), 200);
    }

    #[test]
    fn a_tool_that_reports_an_error_has_failed() {
        let of = |result| ended(&Message { id: Some("1"), result: Some(result), ..Message::default() });
        assert_eq!(of(r#"{"content":[]}"#).outcome, Outcome::Ok);
        assert_eq!(of(r#"{"content":[],"isError":true}"#).outcome, Outcome::Failed);
        assert_eq!(of(r#"{"structuredContent":{"isError":true}}"#).outcome, Outcome::Ok);
        assert_eq!(of(r#"{"resultType":"input_required"}"#).tags, ["input_required"]);
        let error = ended(&Message { error: Some(r#"{"code":1}"#), ..Message::default() });
        assert_eq!(error.outcome, Outcome::Failed);
        assert_eq!(short(&"é".repeat(400)).len(), 515);
    }
}
