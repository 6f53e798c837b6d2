//! Common and combined log format: who asked, when, for what, and what the server answered.

use std::borrow::Cow;

use memchr::memchr;
use sealbook_record::Severity;

use crate::source::log::entry::Entry;
use crate::source::log::time::Clock;

/// Reads one request. What it says is method, path and status; a 5xx is an error, a 4xx a warning. The query is
/// left out: it is the caller's, and may hold anything.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let bracket = memchr(b'[', &line[..line.len().min(512)])?;
    // Host, identity, user: three words before the time, after an optional virtual host.
    let words = line[..bracket].split(|byte| *byte == b' ').filter(|word| !word.is_empty()).count();
    if !(3..=6).contains(&words) {
        return None;
    }
    let (time, used) = clock.day_first(&line[bracket + 1..])?;
    let rest = line[bracket + 1 + used..].strip_prefix(b"] \"")?;
    let end = request_end(rest)?;
    let (request, rest) = (&rest[..end], rest[end + 1..].strip_prefix(b" ")?);
    let status: u16 = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()?;
    if !matches!(rest.get(3), None | Some(b' ')) {
        return None;
    }
    let level = match status {
        500.. => Severity::Error,
        400.. => Severity::Warning,
        _ => Severity::Info,
    };
    let mut message = Vec::with_capacity(request.len() + 4);
    let mut words = request.split(|byte| *byte == b' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next());
    match path {
        Some(path) if !method.is_empty() && method.iter().all(u8::is_ascii_uppercase) => {
            let bare = path.split(|byte| matches!(byte, b'?' | b'#' | b';')).next().unwrap_or_default();
            message.extend_from_slice(method);
            message.push(b' ');
            // What is not there is asked for by scanners, under any name.
            if status == 404 { message.extend_from_slice(b"<path>") } else { route(bare, &mut message) }
        }
        _ => message.extend_from_slice(b"<no request>"),
    }
    message.push(b' ');
    message.extend_from_slice(&rest[..3]);
    Some(Entry {
        time: Some(time),
        level: Some(level),
        message: Cow::Owned(message),
        is_masked: true,
        ..Entry::default()
    })
}

/// Parts of a path that are told apart.
const PARTS: usize = 8;

/// A path whose varying parts are masked: those with a digit or an escape, and long ones.
fn route(path: &[u8], out: &mut Vec<u8>) {
    for (number, part) in path.split(|byte| *byte == b'/').enumerate() {
        if number > 0 {
            out.push(b'/');
        }
        if number > PARTS {
            out.extend_from_slice(b"<*>");
            return;
        }
        let varies =
            part.len() > 32 || part.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'%' | b'\\' | b'@'));
        // `/v1` is a version of the interface.
        let is_version = part.len() <= 3 && part.first() == Some(&b'v');
        out.extend_from_slice(if varies && !is_version { b"<*>" } else { part });
    }
}

/// The quote that ends the request; servers write quotes within as `\"` or `\x22`.
fn request_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn requests_are_told_by_path_and_status() {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        for (line, level, message) in [
            (
                r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif?token=hunter2 HTTP/1.0" 200 2326"#,
                Severity::Info,
                "GET /apache_pb.gif 200",
            ),
            (
                r#"::1 - - [21/Nov/2026:10:00:00 +0000] "POST /orders/17 HTTP/1.1" 502 0 "-" "curl/8.0 \"x\"" 0.2"#,
                Severity::Error,
                "POST /orders/<*> 502",
            ),
            (r#"10.0.0.1 - - [21/Nov/2026 10:00:00] "GET /x HTTP/1.1" 404 -"#, Severity::Warning, "GET <path> 404"),
            (
                r#"10.0.0.1 - - [21/Nov/2026:10:00:00 +0000] "\x16\x03\x01" 400 0"#,
                Severity::Warning,
                "<no request> 400",
            ),
        ] {
            let entry = parse(line.as_bytes(), &mut clock).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(entry.level, Some(level), "{line}");
            assert_eq!(String::from_utf8_lossy(&entry.message), message, "{line}");
        }
        for line in ["a b c [x] \"GET / HTTP/1.1\" 200 1", "a b c [21/Nov/2026:10:00:00 +0000] \"GET /", "[x]"] {
            assert!(parse(line.as_bytes(), &mut clock).is_none(), "{line}");
        }
    }
}
