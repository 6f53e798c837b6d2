//! Times as logs write them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// Reads times; knows what a log leaves out.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// For times that name no zone.
    zone: TimeZone,
    /// No line of the log is later than this; says which year is meant where none is written.
    latest_us: i64,
    /// Offset of the zone within the hour that was asked for last.
    cached: Option<(i64, i64)>,
}

/// A day's beginning in a year that has all of them.
const SLACK_US: i64 = 86_400_000_000;

impl Clock {
    pub(super) fn new(zone: TimeZone, latest_us: i64) -> Self {
        Self { zone, latest_us, cached: None }
    }

    /// A local time in the log's zone, in microseconds since the epoch.
    fn local(&mut self, at: DateTime) -> Option<i64> {
        let plain = utc(at)?;
        let hour = plain.div_euclid(3_600_000_000);
        if let Some((cached, offset)) = self.cached
            && cached == hour
        {
            return Some(plain - offset);
        }
        let exact = self.zone.to_ambiguous_zoned(at).compatible().ok()?.timestamp().as_microsecond();
        self.cached = Some((hour, plain - exact));
        Some(exact)
    }

    /// A time with its zone, or in the log's own.
    fn zoned(&mut self, at: DateTime, offset_us: Option<i64>) -> Option<i64> {
        match offset_us {
            Some(offset) => Some(utc(at)? - offset),
            None => self.local(at),
        }
    }

    /// RFC 3339 and its relatives at the beginning of a text: a blank or `_` for the `T`, a comma before the
    /// fraction, `/` between the numbers of the date, any of the usual ways to write a zone, or none. Gives the
    /// time and how many bytes it took.
    pub(super) fn iso(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let date = text.get(..10)?;
        let between = date[4];
        if date[7] != between || !matches!(between, b'-' | b'/' | b'.') {
            return None;
        }
        let year = i16::try_from(number(&date[..4])?).ok()?;
        let date = Date::new(year, number(&date[5..7])? as i8, number(&date[8..10])? as i8).ok()?;
        if !matches!(text.get(10)?, b'T' | b't' | b' ' | b'_') {
            return None;
        }
        let (time, mut used) = clock(text.get(11..)?)?;
        used += 11;
        let (offset, zone) = offset(&text[used..]);
        Some((self.zoned(date.to_datetime(time), offset)?, used + zone))
    }

    /// `Nov 21 10:00:00`, with an optional year after it or before the time, as RFC 3164, dmesg and Apache do.
    pub(super) fn bsd(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let month = month(text.get(..3)?)?;
        let mut at = 3 + blanks(&text[3..]);
        let (day, digits) = digits(text.get(at..)?, 2)?;
        at += digits;
        let gap = blanks(&text[at..]);
        if gap == 0 {
            return None;
        }
        at += gap;
        let mut year = None;
        if let Some((number, 4)) = digits4(text.get(at..)?) {
            year = Some(number);
            at += 4 + blanks(&text[at + 4..]);
        }
        let (time, used) = clock(text.get(at..)?)?;
        at += used;
        if year.is_none()
            && let Some(rest) = text.get(at + 1..)
            && text[at] == b' '
            && let Some((number, 4)) = digits4(rest)
            && !rest.get(4).is_some_and(u8::is_ascii_alphanumeric)
        {
            year = Some(number);
            at += 5;
        }
        self.without_year(year, month, day as i8, time).map(|time| (time, at))
    }

    /// `21 Nov 2026 10:00:00.123` and `21/Nov/2026:10:00:00 +0000`.
    pub(super) fn day_first(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let (day, digits) = digits(text, 2)?;
        let mut at = digits;
        let between = *text.get(at)?;
        if !matches!(between, b' ' | b'/' | b'-') {
            return None;
        }
        let month = month(text.get(at + 1..at + 4)?)?;
        at += 4;
        if *text.get(at)? != between {
            return None;
        }
        let (year, 4) = self::digits(text.get(at + 1..)?, 4)? else { return None };
        at += 5;
        if !matches!(text.get(at)?, b' ' | b':') {
            return None;
        }
        let (time, used) = clock(text.get(at + 1..)?)?;
        at += 1 + used;
        let (offset, zone) = offset(&text[at..]);
        let date = Date::new(i16::try_from(year).ok()?, month, day as i8).ok()?;
        Some((self.zoned(date.to_datetime(time), offset)?, at + zone))
    }

    /// `1121 10:00:00.123456` after the letter of a glog line.
    pub(super) fn glog(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let (month, day) = (number(text.get(..2)?)?, number(text.get(2..4)?)?);
        if *text.get(4)? != b' ' {
            return None;
        }
        let (time, used) = clock(text.get(5..)?)?;
        self.without_year(None, month as i8, day as i8, time).map(|time| (time, 5 + used))
    }

    /// The year that is not written is the last in which the time does not lie after the log itself.
    fn without_year(&mut self, year: Option<u32>, month: i8, day: i8, time: Time) -> Option<i64> {
        if let Some(year) = year {
            let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
            return self.local(date.to_datetime(time));
        }
        let latest = jiff::Timestamp::from_microsecond(self.latest_us).ok()?;
        let this_year = self.zone.to_datetime(latest).year();
        // The 29th of February is at most eight years back.
        (0..=8).find_map(|back| {
            let date = Date::new(this_year - back, month, day).ok()?;
            let at = self.local(date.to_datetime(time))?;
            (at <= self.latest_us.saturating_add(SLACK_US)).then_some(at)
        })
    }

    /// A number as programs write times in JSON: seconds, or thousandths, millionths, billionths of one.
    pub(super) fn epoch(text: &[u8]) -> Option<i64> {
        let whole = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        if whole == 0 || whole > 19 {
            return None;
        }
        let seconds = text[..whole]
            .iter()
            .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
        let exponent = text[whole..].iter().any(|byte| matches!(byte, b'e' | b'E'));
        if exponent {
            let seconds: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            return (seconds.abs() < 1e11).then_some((seconds * 1e6) as i64);
        }
        // A time since 1970 that is written in thousandths would, in seconds, lie after the year 5000.
        match whole {
            0..=11 => {
                let fraction = text.get(whole + 1..).filter(|_| text[whole] == b'.').unwrap_or_default();
                seconds.checked_mul(1_000_000)?.checked_add(fraction_us(fraction).0)
            }
            12..=14 => seconds.checked_mul(1_000),
            15..=17 => Some(seconds),
            _ => Some(seconds / 1_000),
        }
    }
}

fn utc(at: DateTime) -> Option<i64> {
    Some(Offset::UTC.to_timestamp(at).ok()?.as_microsecond())
}

/// `10:00:00` with a fraction of any length behind `.` or `,`.
fn clock(text: &[u8]) -> Option<(Time, usize)> {
    let hms = text.get(..8)?;
    if hms[2] != b':' || hms[5] != b':' {
        return None;
    }
    let [hour, minute, second] = [number(&hms[..2])?, number(&hms[3..5])?, number(&hms[6..8])?];
    // A leap second is the last of its minute here.
    let second = if second == 60 { 59 } else { second };
    let (mut nanos, mut used) = (0, 8);
    if matches!(text.get(8), Some(b'.' | b',')) && text.get(9).is_some_and(u8::is_ascii_digit) {
        let (micros, digits) = fraction_us(&text[9..]);
        nanos = micros * 1_000;
        used = 9 + digits;
    }
    Time::new(hour as i8, minute as i8, second as i8, nanos as i32).ok().map(|time| (time, used))
}

/// Microseconds of a fraction's digits, and how many digits there are.
fn fraction_us(text: &[u8]) -> (i64, usize) {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut micros = 0;
    for digit in text[..digits].iter().chain(b"000000").take(6) {
        micros = micros * 10 + i64::from(digit - b'0');
    }
    (micros, digits)
}

/// A zone behind a time, in microseconds east of Greenwich, and the bytes it takes; none where none is meant.
fn offset(text: &[u8]) -> (Option<i64>, usize) {
    let blank = usize::from(text.first() == Some(&b' '));
    let rest = &text[blank..];
    let ends = |at: usize| !rest.get(at).is_some_and(u8::is_ascii_alphanumeric);
    match rest.first() {
        Some(b'Z' | b'z') if ends(1) => (Some(0), blank + 1),
        Some(b'U' | b'G') if matches!(rest.get(..3), Some(b"UTC" | b"GMT")) && ends(3) => (Some(0), blank + 3),
        Some(sign @ (b'+' | b'-')) => {
            let colon = usize::from(rest.get(3) == Some(&b':'));
            let (Some(hours), minutes) = (rest.get(1..3).and_then(number), rest.get(3 + colon..5 + colon)) else {
                return (None, 0);
            };
            let (minutes, used) = match minutes.and_then(number) {
                Some(minutes) => (minutes, 5 + colon),
                // `+00`, as PostgreSQL writes it. A lone dash and digits after a blank may be a message.
                None if blank == 0 => (0, 3),
                None => return (None, 0),
            };
            if hours > 15 || minutes > 59 || !ends(used) {
                return (None, 0);
            }
            let micros = (i64::from(hours) * 60 + i64::from(minutes)) * 60_000_000;
            (Some(if *sign == b'-' { -micros } else { micros }), blank + used)
        }
        _ => (None, 0),
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum: u32, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn digits(text: &[u8], most: usize) -> Option<(u32, usize)> {
    let count = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { Some((number(&text[..count])?, count)) }
}

/// Four digits that are not the beginning of a time.
fn digits4(text: &[u8]) -> Option<(u32, usize)> {
    digits(text, 4).filter(|(_, count)| *count == 4 && text.get(4) != Some(&b':'))
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b' ').count()
}

fn month(name: &[u8]) -> Option<i8> {
    const NAMES: [&[u8; 3]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    NAMES.iter().position(|month| name.eq_ignore_ascii_case(&month[..])).map(|at| at as i8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21T12:00:00Z.
    const NOW: i64 = 1_795_262_400_000_000;

    fn clock() -> Clock {
        Clock::new(TimeZone::UTC, NOW)
    }

    #[test]
    fn one_moment_in_many_hands() {
        for text in [
            "2026-11-21T10:00:00.250Z",
            "2026-11-21 10:00:00,250",
            "2026-11-21T12:00:00.250000000+02:00 rest",
            "2026/11/21 10:00:00.25 rest",
            "2026-11-21 05:00:00.25-0500",
            "2026-11-21 10:00:00.250 UTC [123]",
            "2026-11-21 10:00:00.25+00",
        ] {
            assert_eq!(clock().iso(text.as_bytes()).map(|(at, _)| at), Some(NOW - 7_199_750_000), "{text}");
        }
        for text in ["21/Nov/2026:10:00:00 +0000", "21 Nov 2026 10:00:00.000 * ready"] {
            assert_eq!(clock().day_first(text.as_bytes()).map(|(at, _)| at), Some(NOW - 7_200_000_000), "{text}");
        }
        for text in ["Nov 21 10:00:00 host", "Nov 21 10:00:00.000000 2026]", "Nov 21 2026 10:00:00"] {
            assert_eq!(clock().bsd(text.as_bytes()).map(|(at, _)| at), Some(NOW - 7_200_000_000), "{text}");
        }
        assert_eq!(clock().glog(b"1121 10:00:00.000000 1 x.go:1]").map(|(at, _)| at), Some(NOW - 7_200_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "2026-13-01T00:00:00Z", "2026-11-21T25:00:00Z", "20261121T100000Z", "2026-11-2110:00:00"] {
            assert_eq!(clock().iso(text.as_bytes()), None, "{text}");
        }
        assert_eq!(clock().bsd(b"Nov 31 10:00:00"), None);
        assert_eq!(clock().bsd(b"Nov"), None);
        assert_eq!(clock().day_first(b"21/Nov/20"), None);
    }

    #[test]
    fn a_missing_year_is_the_last_that_fits() {
        let december = clock().bsd(b"Dec 31 23:59:59 host").map(|(at, _)| at);
        assert_eq!(december, clock().iso(b"2025-12-31T23:59:59Z").map(|(at, _)| at));
        let leap = clock().bsd(b"Feb 29 00:00:00 host").map(|(at, _)| at);
        assert_eq!(leap, clock().iso(b"2024-02-29T00:00:00Z").map(|(at, _)| at));
    }

    #[test]
    fn a_time_without_a_zone_is_in_the_zone_of_the_log() {
        let zone = TimeZone::fixed(Offset::from_hours(2).unwrap());
        let mut clock = Clock::new(zone, NOW);
        assert_eq!(clock.iso(b"2026-11-21 14:00:00 x"), Some((NOW, 19)));
        assert_eq!(clock.iso(b"2026-11-21 14:00:01 x"), Some((NOW + 1_000_000, 19)));
        assert_eq!(clock.iso(b"2026-11-21 12:00:00Z"), Some((NOW, 20)));
    }

    #[test]
    fn numbers_are_times_by_their_size() {
        for text in ["1795262400", "1795262400.000", "1795262400000", "1795262400000000", "1795262400000000000"] {
            assert_eq!(Clock::epoch(text.as_bytes()), Some(NOW), "{text}");
        }
        assert_eq!(Clock::epoch(b"1.7952624e9"), Some(NOW));
        assert_eq!(Clock::epoch(b"99999999999999999999"), None);
        assert_eq!(Clock::epoch(b"x"), None);
    }
}
