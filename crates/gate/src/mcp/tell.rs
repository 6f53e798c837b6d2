//! Messages as records.

use std::borrow::Cow;

use sealbook_policy::{PLACEHOLDER, is_reserved, redact_text};
use sealbook_record::{Outcome, PartName, Record, Target, TargetKind};
use serde_json::value::RawValue;

use super::peek::{Message, fields, split, text};
use super::session::{Session, Side};
use crate::Ended;

/// Bytes of a name that go into a statement.
const NAME_BYTES_MAX: usize = 512;

/// The record of a request, with its content: an intent, unless the caller makes an event of it.
pub(crate) fn request(session: &Session, side: Side, message: &Message<'_>) -> Record {
    let method = message.method.as_deref().unwrap_or_default();
    let params = message.params.unwrap_or("{}");
    let mut record = session.record(&action(side, method), Target::new(TargetKind::Other, "-"));
    let ([name, arguments, uri, meta], mut others) = split(params, ["name", "arguments", "uri", "_meta"]);
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
    let is_call = record.target.kind == TargetKind::Tool;
    if is_call {
        others.extend(uri.map(|uri| ("uri".to_owned(), uri)));
        set(&mut record, PartName::Input, &input(arguments, &others));
    } else {
        set(&mut record, PartName::Input, params);
    }
    record.trace = meta.and_then(|meta| fields(meta, ["traceparent"])[0]).and_then(text).map(|trace| short(&trace));
    let about = About { name, arguments, meta: meta.filter(|_| is_call) };
    set(&mut record, PartName::Context, &context(session, message, &about));
    record
}

/// What a call is given: its arguments, and beside them whatever else came with it, such as the answers to what the
/// server asked for. Rules look at all of it.
fn input<'a>(arguments: Option<&'a str>, others: &[(String, &str)]) -> Cow<'a, str> {
    let arguments = arguments.unwrap_or("{}");
    if others.is_empty() {
        return Cow::Borrowed(arguments);
    }
    let mut out = match arguments.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(members) => format!("{{{}", members.trim_end()),
        None => format!("{{\"arguments\":{arguments}"),
    }
    .into_bytes();
    for (name, value) in others {
        if out.len() > 1 {
            out.push(b',');
        }
        sealbook_record::push_string(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
    Cow::Owned(String::from_utf8(out).expect("it is made of texts"))
}

/// What stands around the arguments of a call.
struct About<'a> {
    name: Option<&'a str>,
    arguments: Option<&'a str>,
    meta: Option<&'a str>,
}

impl About<'_> {
    /// What an approval is about beside the record's own fields: a name that does not fit into them, and `_meta`,
    /// but for what a client cannot hold constant when it makes the same call again.
    fn exact(&self) -> Vec<u8> {
        let mut bytes = self.name.filter(|name| name.len() > NAME_BYTES_MAX).unwrap_or_default().as_bytes().to_vec();
        let meta = self.meta.map(|meta| split(meta, ["progressToken", "traceparent"]).1);
        for (name, value) in meta.into_iter().flatten() {
            for text in [&*name, value] {
                bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
        }
        bytes
    }
}

fn context(session: &Session, message: &Message<'_>, about: &About<'_>) -> String {
    let mut out = b"{\"server\":".to_vec();
    sealbook_record::push_string(&mut out, &session.options.server);
    out.extend_from_slice(b",\"method\":");
    sealbook_record::push_string(&mut out, &short(message.method.as_deref().unwrap_or_default()));
    if let Some(id) = message.id.filter(|id| id.len() <= NAME_BYTES_MAX) {
        out.extend_from_slice(b",\"request\":");
        out.extend_from_slice(id.as_bytes());
    }
    if let Some(arguments) = about.arguments {
        // Keyed: arguments may hold secrets. Equal ones have equal digests.
        let digest = session.gate.digest(arguments.as_bytes());
        let told = format!(",\"arguments\":{{\"digest\":\"{digest}\",\"bytes\":{}}}", arguments.len());
        out.extend_from_slice(told.as_bytes());
    }
    if let Some(meta) = about.meta {
        out.extend_from_slice(b",\"meta\":");
        out.extend_from_slice(meta.as_bytes());
    }
    let exact = about.exact();
    if !exact.is_empty() {
        out.extend_from_slice(format!(",\"exact\":\"{}\"", session.gate.digest(&exact)).as_bytes());
    }
    if let Some(annotations) = about.name.and_then(text).and_then(|name| session.annotations(&name)) {
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

/// What a method's first word may be, so that the action is called like it: the protocol's own words.
static OF_CLIENTS: &[&str] = &[
    "completion",
    "initialize",
    "logging",
    "notifications",
    "ping",
    "prompts",
    "resources",
    "server",
    "subscriptions",
    "tasks",
    "tools",
];
static OF_SERVERS: &[&str] = &["elicitation", "notifications", "ping", "roots", "sampling", "tasks"];

/// A method as a dotted verb: `tools/call` is `tools.call`, `sampling/createMessage` is `sampling.create_message`.
///
/// What is no word of the protocol, or would be called like a record of our own, is called `peer.…`: no peer
/// makes a record from which something follows. Secrets in it are taken out before they are spelt otherwise.
pub(crate) fn action(side: Side, method: &str) -> String {
    if (side, method) == (Side::Client, "tools/call") {
        return "tools.call".to_owned();
    }
    let shown: String = redact_text(method).replace(PLACEHOLDER, "redacted").chars().take(200).collect();
    let action = dotted(&shown);
    let words = if side == Side::Client { OF_CLIENTS } else { OF_SERVERS };
    let is_word = words.contains(&action.split('.').next().unwrap_or_default()) && is_plain(&shown);
    let is_ours = is_reserved(&action) || action.ends_with("reply");
    if is_word && !is_ours { action } else { format!("peer.{action}") }
}

/// The same where nobody says who asked.
pub(crate) fn action_of_either(method: &str) -> String {
    let [client, server] = [Side::Client, Side::Server].map(|side| action(side, method));
    if client.starts_with("peer.") { server } else { client }
}

/// Whether no other method is spelt the same as a verb, but for humps.
fn is_plain(method: &str) -> bool {
    let mut before = '/';
    method.chars().all(|c| {
        let fits = match c {
            'A'..='Z' => before.is_ascii_lowercase(),
            '/' | 'a'..='z' | '0'..='9' | '_' | '-' => true,
            _ => false,
        };
        before = c;
        fits
    })
}

fn dotted(method: &str) -> String {
    let mut action = String::with_capacity(method.len() + 4);
    for c in method.chars() {
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
            ("logging/setLevel", "logging.set_level"),
            ("notifications/tools/list_changed", "notifications.tools.list_changed"),
            ("", "peer.unnamed"),
            ("Ünfug\n", "peer._nfug_"),
        ] {
            assert_eq!(action(Side::Client, method), verb);
        }
        assert_eq!(action(Side::Server, "sampling/createMessage"), "sampling.create_message");
        assert_eq!(action(Side::Client, &"x".repeat(900)).len(), 205);
    }

    #[test]
    fn no_method_is_called_like_a_record_of_our_own() {
        for (method, verb) in [
            ("stop/set", "peer.stop.set"),
            ("alert.raised", "peer.alert.raised"),
            ("approval/requested", "peer.approval.requested"),
            ("capture/open", "peer.capture.open"),
            ("message/refused", "peer.message.refused"),
            ("tools/pinned", "peer.tools.pinned"),
            ("tools/call/lateReply", "peer.tools.call.late_reply"),
            ("initialize/reply", "peer.initialize.reply"),
            ("tools/Call", "peer.tools.call"),
            ("tools.call", "peer.tools.call"),
        ] {
            assert_eq!(action(Side::Client, method), verb);
            assert_eq!(action(Side::Server, method), verb);
        }
        assert_eq!(action(Side::Server, "tools/call"), "peer.tools.call");
    }

    #[test]
    fn a_secret_in_a_method_is_taken_out_before_it_is_spelt_otherwise() {
        let token = format!("ghp_{}", "aB3dE6gH9j".repeat(4).split_at(36).0);
        let spelt = action(Side::Client, &format!("x/{token}"));
        assert_eq!(spelt, "peer.x.redacted");
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
