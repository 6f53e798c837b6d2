//! logfmt: `key=value` pairs, values in quotes where they hold blanks.

use std::borrow::Cow;

use memchr::memchr;

use crate::source::log::entry::{Entry, role};
use crate::source::log::time::Clock;

/// Reads a line of at least two pairs, one of which says when, how grave or what. Words without a value are
/// flags; a line that is mostly such words is no logfmt.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let mut entry = Entry::default();
    let (mut pairs, mut flags, mut known, mut at) = (0, 0, false, 0);
    while let Some(length) = line[at..].iter().position(|byte| *byte != b' ') {
        at += length;
        let key = line[at..].iter().take_while(|byte| is_of_key(**byte)).count();
        if key == 0 {
            return None;
        }
        let name = &line[at..at + key];
        at += key;
        if line.get(at) != Some(&b'=') {
            flags += 1;
            if line.get(at).is_some_and(|byte| *byte != b' ') || flags > pairs + 1 {
                return None;
            }
            continue;
        }
        at += 1;
        pairs += 1;
        let (value, end) = value(line, at)?;
        at = end;
        if let Some(role) = role(name) {
            known = true;
            let is_text = !value.iter().all(u8::is_ascii_digit);
            entry.take(role, value, is_text, clock);
        }
    }
    (known && pairs >= 2).then_some(entry)
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/' | b'[' | b']')
}

fn value(line: &[u8], at: usize) -> Option<(Cow<'_, [u8]>, usize)> {
    if line.get(at) != Some(&b'"') {
        let end = memchr(b' ', &line[at..]).map_or(line.len(), |length| at + length);
        return Some((Cow::Borrowed(&line[at..end]), end));
    }
    let mut end = at + 1;
    while *line.get(end)? != b'"' {
        end += if line[end] == b'\\' { 2 } else { 1 };
    }
    let raw = line.get(at + 1..end)?;
    let text = if raw.contains(&b'\\') { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) };
    Some((text, end + 1))
}

fn unescaped(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, if byte == b'\\' { bytes.next() } else { None }) {
            (_, Some(b'n')) => text.push(b'\n'),
            (_, Some(b't')) => text.push(b'\t'),
            (_, Some(&other)) => text.push(other),
            (byte, None) => text.push(byte),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sealbook_record::Severity;

    use super::*;

    fn read(line: &str) -> Option<(Option<Severity>, String)> {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        let entry = parse(line.as_bytes(), &mut clock)?;
        Some((entry.level, String::from_utf8_lossy(&entry.message).into_owned()))
    }

    #[test]
    fn pairs_are_read_in_any_order() {
        let told = Some((Some(Severity::Warning), "disk is \"full\"".to_owned()));
        assert_eq!(read(r#"ts=2026-11-21T12:00:00Z level=warn msg="disk is \"full\"" free=0"#), told);
        assert_eq!(read(r#"msg="disk is \"full\"" dry-run level=warn"#), told);
        assert_eq!(read("level=info msg=started").map(|told| told.1).as_deref(), Some("started"));
    }

    #[test]
    fn prose_is_no_logfmt() {
        for line in ["user=5 did something with level", "a=b", "x=1 y=2", "msg=\"open", "= =", "level=info done (ok)"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
