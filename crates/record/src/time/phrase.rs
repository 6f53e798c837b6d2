//! Times as people write them on a command line.

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

use super::Timestamp;
use crate::Error;

/// Reads a time: `now`, `today`, `yesterday`, `7 days ago`, `an hour ago`, `2024-01-01`,
/// `2024-01-01T10:00`, RFC 3339, or seconds since the epoch (nine digits or more, or after an `@`).
///
/// Dates and times without an offset, and days of the calendar, are those of `tz`.
pub fn parse_time(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Timestamp, Error> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "now" => return Ok(now),
        "today" => return midnight(now, 0, tz),
        "yesterday" => return midnight(now, 1, tz),
        _ => {}
    }
    if let Some(seconds) = epoch_text(text) {
        return Timestamp::from_epoch_text(seconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return if has_offset(text) { Ok(time) } else { in_zone(text, tz) };
    }
    ago(&lower, now, tz)
}

fn epoch_text(text: &str) -> Option<&str> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.strip_prefix('@') {
        Some(rest) => Some(rest),
        None => (number(text) && text.split('.').next().is_some_and(|whole| whole.len() >= 9)).then_some(text),
    }
}

fn has_offset(text: &str) -> bool {
    text.len() > 10 && (text.ends_with(['Z', 'z']) || text[10..].contains(['+', '-']))
}

fn in_zone(text: &str, tz: &TimeZone) -> Result<Timestamp, Error> {
    let civil: jiff::civil::DateTime = text.parse().map_err(|_| Error::Time)?;
    from_jiff(&civil.to_zoned(tz.clone()).map_err(|_| Error::Time)?.timestamp())
}

fn midnight(now: Timestamp, days_back: i64, tz: &TimeZone) -> Result<Timestamp, Error> {
    let day = to_jiff(now)?.to_zoned(tz.clone()).start_of_day().map_err(|_| Error::Time)?;
    let day = day.checked_sub(Span::new().days(days_back)).map_err(|_| Error::Time)?;
    from_jiff(&day.start_of_day().map_err(|_| Error::Time)?.timestamp())
}

/// `7 days ago`, `1h ago`, `a week ago`; also `in 2 hours`, for what lies ahead.
fn ago(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Timestamp, Error> {
    let (text, ahead) = match text.strip_prefix("in ") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if ahead == text.ends_with("ago") {
        return Err(Error::Time);
    }
    let span: Span = counted(text).parse().map_err(|_| Error::Time)?;
    let moment = to_jiff(now)?.to_zoned(tz.clone()).checked_add(span).map_err(|_| Error::Time)?;
    from_jiff(&moment.timestamp())
}

/// Reads a length of time: `24h`, `90 min`, `7 days`, `an hour`, in microseconds. Days have 24 hours; months
/// and years have no length of their own and are refused, as is nothing and less.
pub fn parse_duration(text: &str) -> Result<i64, Error> {
    let span: Span = counted(&text.trim().to_ascii_lowercase()).parse().map_err(|_| Error::Duration)?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| Error::Duration)?;
    i64::try_from(length.as_micros()).ok().filter(|us| *us > 0).ok_or(Error::Duration)
}

/// `a week` is `1 week`.
fn counted(text: &str) -> String {
    match text.split_once(' ') {
        Some(("a" | "an" | "one", rest)) => format!("1 {rest}"),
        _ => text.to_owned(),
    }
}

fn to_jiff(time: Timestamp) -> Result<jiff::Timestamp, Error> {
    jiff::Timestamp::from_microsecond(time.as_micros()).map_err(|_| Error::Time)
}

fn from_jiff(time: &jiff::Timestamp) -> Result<Timestamp, Error> {
    Timestamp::checked(i128::from(time.as_microsecond()))
}
