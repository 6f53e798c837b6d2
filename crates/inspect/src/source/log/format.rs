//! The formats there are, and how one is told from another.

pub(super) mod access;
pub(super) mod journal;
pub(super) mod json;
pub(super) mod logfmt;
pub(super) mod plain;
pub(super) mod syslog3164;
pub(super) mod syslog5424;

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::time::Clock;

/// What a log is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// One JSON object per line.
    Json,
    /// `key=value` pairs.
    Logfmt,
    /// RFC 3164, as syslog daemons write it to files, and its newer form with ISO times.
    Syslog3164,
    /// RFC 5424.
    Syslog5424,
    /// Common and combined log format of web servers.
    Access,
    /// `journalctl -o export`.
    Journal,
    /// Anything else: a time and a level where they can be found, the rest a message.
    Plain,
}

/// Lines that a format is judged by.
const LOOKED_AT: usize = 200;

/// So many of ten lines must be of a format.
const OF_TEN: usize = 6;

/// In the order in which they are tried: the strictest first.
static STRICT: &[(Format, Parse)] = &[
    (Format::Json, json::parse),
    (Format::Syslog5424, syslog5424::parse),
    (Format::Access, access::parse),
    (Format::Syslog3164, syslog3164::parse),
    (Format::Logfmt, logfmt::parse),
];

type Parse = for<'a> fn(&'a [u8], &mut Clock) -> Option<Entry<'a>>;

impl Format {
    /// Its name in records.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Logfmt => "logfmt",
            Self::Syslog3164 => "syslog_3164",
            Self::Syslog5424 => "syslog_5424",
            Self::Access => "access",
            Self::Journal => "journal",
            Self::Plain => "plain",
        }
    }

    /// The format of a log by its beginning. Whatever is text is at least plain.
    pub(super) fn detect(head: &[u8], clock: &Clock) -> Self {
        if journal::begins(head) {
            return Self::Journal;
        }
        // The last line may be cut off.
        let whole = memchr::memrchr(b'\n', head).map_or(head, |end| &head[..end]);
        let lines: Vec<&[u8]> = whole
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .take(LOOKED_AT)
            .collect();
        let of = |parse: &Parse| {
            let mut clock = clock.clone();
            let fits = lines.iter().filter(|line| parse(line, &mut clock).is_some()).count();
            fits > 0 && fits * 10 >= lines.len() * OF_TEN
        };
        STRICT.iter().find(|(_, parse)| of(parse)).map_or(Self::Plain, |(format, _)| *format)
    }

    /// Reads a line; `None` where it is not of this format.
    pub(super) fn parse<'a>(self, line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
        match self {
            Self::Json => json::parse(line, clock),
            Self::Logfmt => logfmt::parse(line, clock),
            Self::Syslog3164 => syslog3164::parse(line, clock),
            Self::Syslog5424 => syslog5424::parse(line, clock),
            Self::Access => access::parse(line, clock),
            Self::Journal => None,
            Self::Plain => Some(plain::parse(line, clock)),
        }
    }

    /// Reads a line, if it is surely of this format: any text is plain.
    pub(super) fn parse_strictly<'a>(self, line: &'a [u8], clock: &mut Clock) -> Option<Entry<'a>> {
        if self == Self::Plain { None } else { self.parse(line, clock) }
    }

    /// Whether lines that are not of the format continue the entry before: a program that writes through a
    /// logger prints its last words without it.
    pub(super) fn joins_lines(self) -> bool {
        matches!(self, Self::Plain | Self::Syslog3164)
    }
}

#[cfg(test)]
mod properties {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    const ALL: [Format; 6] =
        [Format::Json, Format::Logfmt, Format::Syslog3164, Format::Syslog5424, Format::Access, Format::Plain];

    fn clock() -> Clock {
        Clock::new(TimeZone::UTC, 1_795_262_400_000_000)
    }

    /// Text that comes near to each of the formats: their own signs, in any order.
    fn near() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 19] = [
            b"{\"",
            b"\":\"",
            b"\\",
            b"\\u12",
            b"\",",
            b"}",
            b"[",
            b"<34>1 ",
            b"2026-11-21T10:00:00Z ",
            b"Nov 21 10:00:00 ",
            b"- ",
            b"level=",
            b"msg=\"",
            b"127.0.0.1 - - [21/Nov/2026:10:00:00 +0000] \"",
            b"GET / HTTP/1.1\" 500 ",
            b"ERROR",
            b"host app[12]: ",
            b"\xff\xfe",
            b" ",
        ];
        let piece = prop::sample::select(pieces.to_vec());
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(line in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), near()]) {
            for format in ALL {
                if let Some(entry) = format.parse(&line, &mut clock()) {
                    prop_assert!(entry.message.len() <= line.len() * 3, "{format:?}");
                }
            }
            let _ = Format::detect(&line, &clock());
            let _ = journal::entry_end(&line, 0);
            let _ = journal::parse(&line, &mut clock());
        }
    }
}
