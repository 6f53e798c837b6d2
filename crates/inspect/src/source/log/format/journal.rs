//! The journal export format (systemd, "Journal Export Formats"): fields one per line, entries apart by an empty
//! line. A field whose value holds newlines is its name alone, a length of 64 bits and as many bytes.

use std::borrow::Cow;

use memchr::memchr;

use crate::source::log::entry::{Entry, Role, role};
use crate::source::log::time::Clock;

/// Whether a log begins as an export does.
pub(in super::super) fn begins(head: &[u8]) -> bool {
    head.starts_with(b"__CURSOR=") || head.starts_with(b"__REALTIME_TIMESTAMP=")
}

/// Where the entry that begins at `at` ends, its empty line included; `None` where more bytes are needed.
pub(in super::super) fn entry_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let end = at + memchr(b'\n', bytes.get(at..)?)?;
        if end == at {
            return Some(end + 1);
        }
        at = match memchr(b'=', &bytes[at..end]) {
            Some(_) => end + 1,
            None => behind(bytes, end + 1)?,
        };
    }
}

/// Behind a binary value that begins with its length; `None` where more bytes are needed.
fn behind(bytes: &[u8], at: usize) -> Option<usize> {
    let length = u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?);
    let end = (at + 8).checked_add(usize::try_from(length).ok()?)?;
    (bytes.get(end) == Some(&b'\n')).then_some(end + 1)
}

/// Reads one entry.
pub(in super::super) fn parse<'a>(entry: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
    let mut told = Entry::default();
    let (mut at, mut unit) = (0, None);
    while let Some(length) = memchr(b'\n', entry.get(at..)?).filter(|length| *length > 0) {
        let line = &entry[at..at + length];
        let (name, value, next) = if let Some(equals) = memchr(b'=', line) {
            (&line[..equals], &line[equals + 1..], at + length + 1)
        } else {
            let start = at + length + 1;
            let next = behind(entry, start)?;
            (line, &entry[start + 8..next - 1], next)
        };
        at = next;
        match name {
            // The journal's own time; a program's claim comes second.
            b"__REALTIME_TIMESTAMP" => told.time = Clock::epoch(value).or(told.time),
            b"_SYSTEMD_UNIT" => unit = Some(value.strip_suffix(b".service").unwrap_or(value)),
            name => {
                if let Some(role @ (Role::Id | Role::Message | Role::Service | Role::LevelOfSyslog)) = role(name) {
                    told.take(role, Cow::Borrowed(value), true, clock);
                }
            }
        }
    }
    told.service = unit.or(told.service);
    // A message may say more than the priority under which it was caught from a standard output.
    told.level = told.level.max(super::plain::level_at_start(&told.message));
    told.time.is_some().then_some(told)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use sealbook_record::Severity;

    use super::*;

    #[test]
    fn entries_with_binary_values_are_read_whole() {
        let mut log = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795262400000000\nPRIORITY=3\nMESSAGE\n".to_vec();
        log.extend(9_u64.to_le_bytes());
        log.extend(b"two\n\nline\n_SYSTEMD_UNIT=shop.service\n\n__CURSOR=s=2\n");
        assert!(begins(&log));
        let end = entry_end(&log, 0).unwrap();
        assert!(log[end..].starts_with(b"__CURSOR=s=2"));
        let mut clock = Clock::new(TimeZone::UTC, 1_795_262_400_000_000);
        let entry = parse(&log[..end], &mut clock).unwrap();
        assert_eq!((entry.time, entry.level), (Some(1_795_262_400_000_000), Some(Severity::Error)));
        assert_eq!((&*entry.message, entry.service), (&b"two\n\nline"[..], Some(&b"shop"[..])));
        assert_eq!(entry_end(&log, end), None);
        assert_eq!(entry_end(&log[..80], 0), None);
    }
}
