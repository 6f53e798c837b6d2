//! RFC 3164 as daemons write it: an optional priority, `Nov 21 10:00:00` or an ISO time, the host, the tag.

use std::borrow::Cow;

use super::plain;
use crate::source::log::entry::Entry;
use crate::source::log::level;
use crate::source::log::time::Clock;

/// Longer tags are no tags (RFC 3164 allows 32).
const TAG_BYTES: usize = 64;

/// Reads one message. Its level is that of its priority or, since files mostly leave that out, what the message
/// begins with or says of itself.
pub(in super::super) fn parse<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let (severity, rest) = match priority(line) {
        Some((severity, rest)) => (level::of_syslog(severity), rest),
        None => (None, line),
    };
    let (time, used) =
        clock.bsd(rest).or_else(|| clock.iso(rest).filter(|(_, used)| rest[10] == b'T' && *used > 19))?;
    let rest = rest.get(used..)?.strip_prefix(b" ")?;
    let host = memchr::memchr(b' ', rest)?;
    if host == 0 || rest[..host].iter().any(|byte| matches!(byte, b'[' | b'(' | b'"' | b'=')) {
        return None;
    }
    let rest = &rest[host + 1..];
    let (tag, message) = tag(rest)?;
    let level = severity.max(plain::level_at_start(message)).or_else(|| plain::level_within(message));
    let id = plain::id_within(message, level);
    Some(Entry { time: Some(time), level, message: Cow::Borrowed(message), service: Some(tag), id, ..Entry::default() })
}

/// `app[12]: message` or `app: message`.
fn tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', &text[..text.len().min(TAG_BYTES)])?;
    let whole = &text[..colon];
    let name = memchr::memchr(b'[', whole).map_or(whole, |bracket| &whole[..bracket]);
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'(' | b')');
    if name.is_empty() || !name.iter().all(is_name) {
        return None;
    }
    Some((name, text[colon + 1..].trim_ascii_start()))
}

/// The severity of `<PRI>` and what comes after it.
pub(super) fn priority(line: &[u8]) -> Option<(u8, &[u8])> {
    let rest = line.strip_prefix(b"<")?;
    let end = memchr::memchr(b'>', &rest[..rest.len().min(4)])?;
    let number: u32 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    (number <= 191).then(|| ((number % 8) as u8, &rest[end + 1..]))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sealbook_record::Severity;

    use super::*;

    #[test]
    fn lines_of_daemons() {
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        for (line, level, service, message) in [
            ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", Some(Severity::Critical), "su", "'su root' failed"),
            ("Nov 21 10:00:00 web sshd[812]: Accepted publickey for ann", None, "sshd", "Accepted publickey for ann"),
            ("Nov  1 10:00:00 web kernel: ERROR: no disk", Some(Severity::Error), "kernel", "ERROR: no disk"),
            ("2026-11-21T10:00:00.123456+00:00 web app[1]: done", None, "app", "done"),
        ] {
            let entry = parse(line.as_bytes(), &mut clock).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(entry.level, level, "{line}");
            assert_eq!(entry.service, Some(service.as_bytes()), "{line}");
            assert_eq!(entry.message, message.as_bytes(), "{line}");
        }
        for line in ["Nov 21 10:00:00", "Nov 21 10:00:00 web", "Nov 21 10:00:00 [main] x: y", "21 Nov 10:00:00 a b: c"]
        {
            assert!(parse(line.as_bytes(), &mut clock).is_none(), "{line}");
        }
    }
}
