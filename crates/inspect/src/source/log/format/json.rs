//! JSON lines: the few fields that matter, found without a tree.
//!
//! A line is walked once. Values of other fields are skipped, not parsed; a line that is no single object is
//! no entry. Depth costs no stack.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::source::log::entry::{Entry, Role, role};
use crate::source::log::time::Clock;

/// Deeper objects are not looked into for a message.
const WITHIN_MOST: usize = 2;

/// Reads one object.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let mut entry = Entry::default();
    let start = blank(line, 0);
    let end = object(line, start, &mut entry, clock, b"", 0)?;
    (blank(line, end) == line.len()).then_some(entry)
}

/// Walks the object that begins at `at`; gives where it ends.
fn object<'a>(
    line: &'a [u8],
    mut at: usize,
    entry: &mut Entry<'a>,
    clock: &mut Clock,
    under: &[u8],
    depth: usize,
) -> Option<usize> {
    if line.get(at) != Some(&b'{') {
        return None;
    }
    at = blank(line, at + 1);
    if line.get(at) == Some(&b'}') {
        return Some(at + 1);
    }
    loop {
        if line.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = string_end(line, at)?;
        let key = &line[at + 1..key_end - 1];
        at = blank(line, key_end);
        if line.get(at) != Some(&b':') {
            return None;
        }
        at = blank(line, at + 1);
        let role = match (under, key) {
            // The Elastic Common Schema, nested.
            (b"service", b"name") => Some(Role::Service),
            (b"trace", b"id") => Some(Role::Id),
            _ => role(key),
        };
        at = match (role, line.get(at)?) {
            (Some(role), b'"') => {
                let end = string_end(line, at)?;
                entry.take(role, text(&line[at + 1..end - 1]), true, clock);
                end
            }
            (Some(role), b'{') if depth < WITHIN_MOST => inner(line, at, (role, key), entry, clock, depth)?,
            (Some(role), b'-' | b'0'..=b'9') => {
                let end = scalar_end(line, at);
                entry.take(role, Cow::Borrowed(&line[at..end]), false, clock);
                end
            }
            _ => value_end(line, at)?,
        };
        at = blank(line, at);
        match line.get(at)? {
            b',' => at = blank(line, at + 1),
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// An object within: `fields` as tracing writes it, `err` as pino does, `service` as ECS does.
fn inner<'a>(
    line: &'a [u8],
    at: usize,
    (role, key): (Role, &[u8]),
    entry: &mut Entry<'a>,
    clock: &mut Clock,
    depth: usize,
) -> Option<usize> {
    let mut within = Entry::default();
    let end = object(line, at, &mut within, clock, key, depth + 1)?;
    match role {
        Role::Cause if entry.cause.is_none() => {
            entry.cause = Some(within.message).filter(|message| !message.is_empty()).or(within.cause);
        }
        Role::Service => entry.service = entry.service.or(within.service),
        _ => {
            if entry.message.is_empty() {
                entry.message = within.message;
            }
            entry.cause = entry.cause.take().or(within.cause);
            entry.service = entry.service.or(within.service);
            entry.id = entry.id.or(within.id);
            entry.level = entry.level.or(within.level);
        }
    }
    Some(end)
}

fn blank(line: &[u8], at: usize) -> usize {
    let blanks = line.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count());
    at + blanks
}

/// Behind the quote that ends the string whose first quote is at `at`.
fn string_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        let found = at + memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[found] == b'"' {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

fn scalar_end(line: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
    line[at..].iter().position(ends).map_or(line.len(), |length| at + length)
}

/// Behind a value of any kind. What nests is counted, not followed.
fn value_end(line: &[u8], at: usize) -> Option<usize> {
    match line.get(at)? {
        b'"' => string_end(line, at),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0_usize, at);
            loop {
                match line.get(at)? {
                    b'"' => at = string_end(line, at)?,
                    b'{' | b'[' => (depth, at) = (depth + 1, at + 1),
                    b'}' | b']' => {
                        (depth, at) = (depth - 1, at + 1);
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => at += 1,
                }
            }
        }
        b',' | b'}' | b']' | b':' => None,
        _ => Some(scalar_end(line, at)),
    }
}

/// A string's text with its escapes resolved; where there are none, the bytes of the line.
fn text(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr(b'\\', raw) else { return Cow::Borrowed(raw) };
    let mut text = Vec::with_capacity(raw.len());
    text.extend_from_slice(&raw[..first]);
    let mut at = first;
    while let Some(&byte) = raw.get(at) {
        if byte != b'\\' {
            text.push(byte);
            at += 1;
            continue;
        }
        let (plain, used) = match raw.get(at + 1) {
            Some(b'n') => (b'\n', 2),
            Some(b't') => (b'\t', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'b') => (0x08, 2),
            Some(b'f') => (0x0c, 2),
            Some(b'u') => {
                let (decoded, used) = unicode(raw, at);
                text.extend_from_slice(decoded.encode_utf8(&mut [0; 4]).as_bytes());
                at += used;
                continue;
            }
            Some(&other) => (other, 2),
            None => (b'\\', 1),
        };
        text.push(plain);
        at += used;
    }
    Cow::Owned(text)
}

/// The character of `\uXXXX` at `at`, with its second half where it is one of two, and the bytes it takes.
fn unicode(raw: &[u8], at: usize) -> (char, usize) {
    let unit = |at: usize| {
        let digits = raw.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        u32::from_str_radix(std::str::from_utf8(&digits[2..]).ok()?, 16).ok()
    };
    let Some(first) = unit(at) else { return (char::REPLACEMENT_CHARACTER, 2) };
    if let 0xd800..0xdc00 = first
        && let Some(second @ 0xdc00..0xe000) = unit(at + 6)
    {
        let whole = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use sealbook_record::Severity;

    use super::*;

    type Told = (Option<i64>, Option<Severity>, String, Option<String>, Option<String>);

    fn read(line: &str) -> Option<Told> {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        let entry = parse(line.as_bytes(), &mut clock)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((entry.time, entry.level, text(&entry.message), entry.service.map(text), entry.id.map(text)))
    }

    #[test]
    fn the_loggers_of_many_languages_are_understood() {
        let at = Some(1_795_262_400_000_000);
        let (service, id) = (Some("shop".to_owned()), Some("abcd-1".to_owned()));
        for line in [
            r#"{"time":"2026-11-21T12:00:00Z","level":"ERROR","msg":"no disk","service":"shop","request_id":"abcd-1"}"#,
            r#"{"level":50,"time":1795262400000,"pid":1,"app":"shop","reqId":"abcd-1","msg":"no disk"}"#,
            r#"{"@timestamp":"2026-11-21T12:00:00.000Z","log":{"level":"error"},"message":"no disk","service":{"version":"x","name":"shop"},"trace":{"id":"abcd-1"}}"#,
            r#"{"timestamp":"2026-11-21T12:00:00Z","level":"ERROR","fields":{"message":"no disk","request_id":"abcd-1"},"service":"shop"}"#,
            r#"{ "ts" : 1795262400.0 , "level":"error","nested":{"msg":"not this","deep":[{"a":"]"}]}, "logger":"shop","msg":"no disk","trace_id":"abcd-1" }"#,
        ] {
            let told = read(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(told, (at, Some(Severity::Error), "no disk".to_owned(), service.clone(), id.clone()), "{line}");
        }
    }

    #[test]
    fn a_lines_escapes_are_resolved() {
        let told = read(r#"{"msg":"a\"b\\c\n\u00e9\ud83d\ude00\ud83d"}"#).map(|told| told.2);
        assert_eq!(told.as_deref(), Some("a\"b\\c\né😀\u{fffd}"));
    }

    #[test]
    fn what_is_no_object_is_no_entry() {
        for line in ["", "{", "{}x", "[1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"msg\":\"x", "{\"a\":[1}", "null"] {
            assert!(read(line).is_none(), "{line}");
        }
        let deep = format!("{{\"a\":{}{},\"msg\":\"there\"}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).map(|told| told.2).as_deref(), Some("there"));
    }

    proptest! {
        /// What a real parser reads is what we read.
        #[test]
        fn a_message_is_what_serde_says(message in ".{0,40}", other in any::<Option<f64>>(), key in "[a-z]{0,6}z") {
            let line = serde_json::json!({ key: [other, {"msg": "no"}], "msg": message, "level": "warn" }).to_string();
            let told = read(&line).expect("it is an object");
            prop_assert_eq!((told.1, told.2), (Some(Severity::Warning), message));
        }
    }
}
