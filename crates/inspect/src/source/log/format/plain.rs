//! Plain text: a time and a level where they can be found at the beginning of a line, the rest a message.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use sealbook_record::Severity;

use crate::source::log::entry::Entry;
use crate::source::log::level;
use crate::source::log::time::Clock;

/// Words before a message among which its level is looked for: process, thread, logger.
const WORDS: usize = 6;

/// What precedes an id in running text.
const ID_NAMES: [&[u8]; 9] = [
    b"request_id",
    b"requestId",
    b"req_id",
    b"trace_id",
    b"traceId",
    b"correlation_id",
    b"request-id",
    b"session_id",
    b"trace=",
];

/// Reads a line; every text is one.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Entry<'a> {
    let mut rest = line;
    let mut level = None;
    let mut time = None;
    // A level may come before the time: `ERROR 2026-…`, `[error] 2026-…`, glog's `E1121 …`.
    if let Some((found, end)) = leading_level(rest)
        && let Some((at, used)) = time_at(&rest[end..], clock)
    {
        (level, time) = (Some(found), Some(at));
        rest = &rest[end + used..];
    } else if let [b'I' | b'W' | b'E' | b'F', after @ ..] = rest
        && let Some((at, used)) = clock.glog(after)
    {
        (level, time) = (level::of_word(&rest[..1]), Some(at));
        rest = &after[used..];
    } else if let Some((at, used)) = time_at(rest, clock) {
        time = Some(at);
        rest = &rest[used..];
    }
    rest = unframed(rest);
    if level.is_none()
        && let Some((found, end)) = find_level(rest, time.is_some())
    {
        level = Some(found);
        rest = unframed(&rest[end..]);
    }
    let message = rest.trim_ascii();
    let level = level.or_else(|| level_at_start(message)).or_else(|| redis(line, message));
    Entry { time, level, message: Cow::Borrowed(message), id: id_within(message, level), ..Entry::default() }
}

/// Whether a line begins with a time, or with a level and a time.
pub(in super::super) fn is_dated(line: &[u8], clock: &mut Clock) -> bool {
    let after = leading_level(line).map_or(0, |(_, end)| end);
    time_at(line, clock).is_some()
        || time_at(&line[after..], clock).is_some()
        || line.get(1..).is_some_and(|rest| clock.glog(rest).is_some())
}

/// A time at the beginning, behind a bracket, a weekday, or a process number.
fn time_at(text: &[u8], clock: &mut Clock) -> Option<(i64, usize)> {
    let mut skipped = text.iter().take(4).take_while(|byte| matches!(byte, b'[' | b'(' | b' ' | b'<')).count();
    let weekday = text.get(skipped..skipped + 4).is_some_and(|word| {
        word[3] == b' ' && [&b"Mon"[..], b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"].contains(&&word[..3])
    });
    if weekday {
        skipped += 4;
    }
    // Redis: `812:M 21 Nov 2026 …`.
    if let Some(colon) = memchr(b':', &text[..text.len().min(12)])
        && colon > 0
        && text[..colon].iter().all(u8::is_ascii_digit)
        && text.get(colon + 2) == Some(&b' ')
    {
        skipped = colon + 3;
    }
    let begin = text.get(skipped..)?;
    let first = *begin.first()?;
    let found = if first.is_ascii_digit() {
        clock.iso(begin).or_else(|| clock.day_first(begin))
    } else if first.is_ascii_uppercase() {
        clock.bsd(begin)
    } else {
        None
    };
    found.map(|(at, used)| (at, skipped + used))
}

/// Without what stands between a time and what follows it, and without what container engines add.
fn unframed(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let [b' ' | b'\t' | b']' | b')' | b':' | b'|' | b'-' | b',' | b'>', after @ ..] = rest {
        rest = after;
    }
    for stream in [&b"stdout F "[..], b"stderr F ", b"stdout P ", b"stderr P "] {
        rest = rest.strip_prefix(stream).unwrap_or(rest);
    }
    rest
}

/// A level as the first word, alone or in brackets, before a time.
fn leading_level(text: &[u8]) -> Option<(Severity, usize)> {
    let open = usize::from(matches!(text.first(), Some(b'[' | b'(' | b'<')));
    let length = text[open..].iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if length < 3 {
        return None;
    }
    let found = level::of_word(&text[open..open + length])?;
    let gap = text[open + length..].iter().take_while(|byte| matches!(byte, b' ' | b']' | b')' | b'>' | b':')).count();
    (gap > 0).then_some((found, open + length + gap))
}

/// A level among the first words: in capitals, in brackets, or followed by a colon. Gives where it ends.
fn find_level(text: &[u8], is_dated: bool) -> Option<(Severity, usize)> {
    let mut at = 0;
    for number in 0..WORDS {
        at += text[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let length = text[at..].iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        let word = &text[at..at + length];
        if word.is_empty() {
            return None;
        }
        if let Some((found, used)) = level_in(word)
            && (is_dated || number == 0)
        {
            return Some((found, at + used));
        }
        at += length;
        // Undated lines are mostly not written by loggers: only their first word is believed.
        if !is_dated {
            return None;
        }
    }
    None
}

/// A level in a word as loggers write it: `ERROR`, `[error]`, `[core:error]`, `<Error>:`, `ERROR:`, `-ERROR-`.
fn level_in(word: &[u8]) -> Option<(Severity, usize)> {
    let open = word.iter().take_while(|byte| matches!(byte, b'[' | b'<' | b'(' | b'|' | b'-')).count();
    let mut begin = open;
    let letters = |begin: usize| word[begin..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let mut length = letters(begin);
    // Apache: `[module:level]`.
    if open > 0 && word.get(begin + length) == Some(&b':') && letters(begin + length + 1) > 0 {
        begin += length + 1;
        length = letters(begin);
    }
    let name = &word[begin..begin + length];
    let after = word.get(begin + length);
    let framed = open > 0 && matches!(after, Some(b']' | b'>' | b')' | b'|'));
    if framed || after == Some(&b':') {
        let found = if length >= 3 { level::of_word(name)? } else { return None };
        return Some((found, begin + length + 1));
    }
    let ends = after.is_none() || matches!(after, Some(b'|' | b'-' | b'[' | b','));
    let found = level::of_text_word(name).filter(|_| ends)?;
    Some((found, begin + length))
}

/// What the first word of a message says: `error: …`, `fatal: …`, `error[E0308]: …`, `E: …`, or that something
/// crashed.
pub(in super::super) fn level_at_start(message: &[u8]) -> Option<Severity> {
    let crashes: [(&[u8], Severity); 8] = [
        (b"Traceback (most recent call last)", Severity::Error),
        (b"Exception in thread", Severity::Error),
        (b"Unhandled exception", Severity::Error),
        (b"Uncaught ", Severity::Error),
        (b"panic: ", Severity::Critical),
        (b"thread '", Severity::Critical),
        (b"Segmentation fault", Severity::Critical),
        (b"FATAL EXCEPTION", Severity::Critical),
    ];
    if let Some((begin, level)) = crashes.iter().find(|(begin, _)| message.starts_with(begin)) {
        let is_panic = *begin != b"thread '" || memmem::find(message, b"panicked at").is_some();
        return is_panic.then_some(*level);
    }
    let length = message.iter().take(13).take_while(|byte| byte.is_ascii_alphabetic()).count();
    match (&message[..length], message.get(length), message.get(length + 1)) {
        (b"E", Some(b':'), Some(b' ')) => Some(Severity::Error),
        (b"W", Some(b':'), Some(b' ')) => Some(Severity::Warning),
        (name, Some(b':'), None | Some(b' ')) if length >= 3 => level::of_word(name),
        (name @ (b"error" | b"warning"), Some(b'['), Some(b'A'..=b'Z')) => level::of_word(name),
        _ => None,
    }
}

/// A level anywhere among the first words, or in a pair `level=…`, of a line that came inside another format.
pub(in super::super) fn level_within(text: &[u8]) -> Option<Severity> {
    level_at_start(text).or_else(|| find_level(text, true).map(|(level, _)| level)).or_else(|| {
        let at = memmem::find(text, b"level=")? + 6;
        let word = text[at..].strip_prefix(b"\"").unwrap_or(&text[at..]);
        level::of_word(&word[..word.iter().take(12).take_while(|byte| byte.is_ascii_alphabetic()).count()])
    })
}

/// Redis says how grave a line is by one sign: `.`, `-`, `*` or `#`.
fn redis(line: &[u8], message: &[u8]) -> Option<Severity> {
    if !line.first().is_some_and(u8::is_ascii_digit) || message.get(1) != Some(&b' ') {
        return None;
    }
    match message[0] {
        b'.' => Some(Severity::Debug),
        b'*' => Some(Severity::Info),
        b'#' => Some(Severity::Warning),
        _ => None,
    }
}

/// A request's or trace's id in the text of an entry that is grave enough to be told of.
pub(in super::super) fn id_within(message: &[u8], level: Option<Severity>) -> Option<&[u8]> {
    level.filter(|level| *level >= Severity::Warning)?;
    ID_NAMES.iter().find_map(|name| {
        let after = memmem::find(message, name)? + name.len();
        let rest = &message[after..];
        let gap = rest.iter().take_while(|byte| matches!(byte, b'=' | b':' | b' ' | b'"' | b'[')).count();
        let id = &rest[gap.min(4)..];
        let length =
            id.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')).count();
        (length >= 4 && (gap > 0 || name.ends_with(b"="))).then(|| &id[..length])
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn lines_of_many_programs() {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        for (line, level, message) in [
            ("2026-11-21 10:00:00,123 - shop.db - ERROR - no disk", Some(Severity::Error), "no disk"),
            (
                "2026-11-21T10:00:00.123456Z  WARN hyper::proto: no disk",
                Some(Severity::Warning),
                "hyper::proto: no disk",
            ),
            ("2026/11/21 10:00:00 [error] 12#12: *1 open() failed", Some(Severity::Error), "12#12: *1 open() failed"),
            (
                "[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 1] AH00126: no",
                Some(Severity::Error),
                "[pid 1] AH00126: no",
            ),
            (
                "2026-11-21 10:00:00.123 UTC [123] ERROR:  relation \"x\" is not there",
                Some(Severity::Error),
                "relation \"x\" is not there",
            ),
            ("812:M 21 Nov 2026 10:00:00.123 # no disk", Some(Severity::Warning), "# no disk"),
            ("E1121 10:00:00.123456   12 main.go:7] no disk", Some(Severity::Error), "12 main.go:7] no disk"),
            ("ERROR:root:no disk", Some(Severity::Error), "root:no disk"),
            ("ERROR 2026-11-21 10:00:00 no disk", Some(Severity::Error), "no disk"),
            ("2026-11-21T10:00:00Z stderr F no disk", None, "no disk"),
            ("error[E0308]: mismatched types", Some(Severity::Error), "error[E0308]: mismatched types"),
            ("fatal: not a git repository", Some(Severity::Critical), "not a git repository"),
            (
                "thread 'main' panicked at src/main.rs:1:2:",
                Some(Severity::Critical),
                "thread 'main' panicked at src/main.rs:1:2:",
            ),
            ("the error is here", None, "the error is here"),
            ("", None, ""),
        ] {
            let entry = parse(line.as_bytes(), &mut clock);
            assert_eq!(entry.level, level, "{line}");
            assert_eq!(String::from_utf8_lossy(&entry.message), message, "{line}");
            assert_eq!(entry.time.is_some(), line.contains("10:00:00"), "{line}");
        }
    }

    #[test]
    fn ids_are_found_in_text() {
        let id = |text: &'static str| id_within(text.as_bytes(), Some(Severity::Error)).map(<[u8]>::to_vec);
        assert_eq!(id("failed request_id=ab-12 now"), Some(b"ab-12".to_vec()));
        assert_eq!(id("failed [trace_id: \"abcd\"]"), Some(b"abcd".to_vec()));
        assert_eq!(id("no request_id here"), Some(b"here".to_vec()));
        assert_eq!(id("no request_ids"), None);
        assert_eq!(id_within(b"request_id=abcd", Some(Severity::Info)), None);
    }
}
