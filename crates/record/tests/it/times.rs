//! Times as they are written, and as people say them.

use proptest::prelude::*;
use sealbook_record::{TimeZone, Timestamp, parse_duration, parse_time};

use crate::fixture::now;

fn micros(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap_or_else(|error| panic!("{text}: {error}")).as_micros()
}

#[test]
fn every_form_of_the_seeds_is_read() {
    for (text, expected) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-02-20T07:21:42.457Z", 1_771_572_102_457_000),
        ("2026-02-20T07:21:42.457123", 1_771_572_102_457_123),
        ("2026-02-20 07:21:42", 1_771_572_102_000_000),
        ("2026-02-20T08:21:42+01:00", 1_771_572_102_000_000),
        ("2026-02-20T01:51:42-0530", 1_771_572_102_000_000),
        ("2026-02-20T07:21:42.123456789Z", 1_771_572_102_123_456),
        ("2024-02-29", 1_709_164_800_000_000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000),
        ("0000-01-01", Timestamp::MIN.as_micros()),
        ("9999-12-31T23:59:59.999999Z", Timestamp::MAX.as_micros()),
    ] {
        assert_eq!(micros(text), expected, "{text}");
    }
    for (text, expected) in [
        ("1700000000", 1_700_000_000_000_000),
        ("1700000000.123456", 1_700_000_000_123_456),
        ("1700000000.1234569", 1_700_000_000_123_456),
        ("0.1", 100_000),
        ("-1.5", -1_500_000),
        ("1.7e9", 1_700_000_000_000_000),
    ] {
        assert_eq!(Timestamp::from_epoch_text(text).map(Timestamp::as_micros), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "yesterday",
        "2023-02-29",
        "2024-13-01",
        "2024-00-10",
        "2024-01-32",
        "2024-1-1",
        "24-01-01",
        "2024-01-01T",
        "2024-01-01T24:00:00Z",
        "2024-01-01T10:60:00Z",
        "2024-01-01T10:00:61Z",
        "2024-01-01T10:00:00.Z",
        "2024-01-01T10:00:00+24:00",
        "2024-01-01T10:00:00Zx",
        "2024-01-01x10:00:00Z",
        "2024-01-01T10:00:00é",
        "10000-01-01",
        "0000-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ] {
        assert!(text.parse::<Timestamp>().is_err(), "{text}");
    }
    for text in ["", ".", "1.", "-", "1e400", "x", "99999999999999", "1_000", "NaN", "--1"] {
        let read = Timestamp::from_epoch_text(text);
        assert!(read.is_err() || text == "1.", "{text}: {read:?}");
    }
}

#[test]
fn phrases_are_read_in_the_zone() {
    let utc = TimeZone::UTC;
    let east = TimeZone::fixed(sealbook_record_offset(2));
    let at = |text: &str, zone: &TimeZone| {
        parse_time(text, now(), zone).map_or_else(|error| error.code().to_owned(), |time| time.to_string())
    };
    for (text, expected) in [
        ("now", "2026-02-02T02:40:00.123456Z"),
        ("7 days ago", "2026-01-26T02:40:00.123456Z"),
        ("1 hour ago", "2026-02-02T01:40:00.123456Z"),
        ("an hour ago", "2026-02-02T01:40:00.123456Z"),
        ("24 hours ago", "2026-02-01T02:40:00.123456Z"),
        ("30 days ago", "2026-01-03T02:40:00.123456Z"),
        ("1 month ago", "2026-01-02T02:40:00.123456Z"),
        ("in 2 hours", "2026-02-02T04:40:00.123456Z"),
        ("today", "2026-02-02T00:00:00.000000Z"),
        ("Yesterday", "2026-02-01T00:00:00.000000Z"),
        ("2024-01-01", "2024-01-01T00:00:00.000000Z"),
        ("2024-01-01T10:00", "2024-01-01T10:00:00.000000Z"),
        ("2024-01-01T10:00:00-01:00", "2024-01-01T11:00:00.000000Z"),
        ("1700000000", "2023-11-14T22:13:20.000000Z"),
        ("@0", "1970-01-01T00:00:00.000000Z"),
        ("2024", "invalid_time"),
        ("soon", "invalid_time"),
        ("7 days", "invalid_time"),
        ("-7 days ago ago", "invalid_time"),
        ("", "invalid_time"),
        ("999999999 years ago", "invalid_time"),
    ] {
        assert_eq!(at(text, &utc), expected, "{text}");
    }
    assert_eq!(at("2024-01-01", &east), "2023-12-31T22:00:00.000000Z");
    assert_eq!(at("2024-01-01T10:00:00Z", &east), "2024-01-01T10:00:00.000000Z");
    assert_eq!(at("today", &east), "2026-02-01T22:00:00.000000Z");
}

#[test]
fn lengths_of_time_are_read() {
    const HOUR: i64 = 3_600_000_000;
    for (text, expected) in [
        ("24h", Ok(24 * HOUR)),
        ("7 days", Ok(7 * 24 * HOUR)),
        ("2 weeks", Ok(14 * 24 * HOUR)),
        ("90 min", Ok(90 * HOUR / 60)),
        ("1h 30m", Ok(90 * HOUR / 60)),
        (" An Hour ", Ok(HOUR)),
        ("1 us", Ok(1)),
        ("", Err("invalid_duration")),
        ("24", Err("invalid_duration")),
        ("0h", Err("invalid_duration")),
        ("-1h", Err("invalid_duration")),
        ("1 month", Err("invalid_duration")),
        ("1 year", Err("invalid_duration")),
        ("7 days ago", Err("invalid_duration")),
        ("soon", Err("invalid_duration")),
        ("99999999999999999999h", Err("invalid_duration")),
    ] {
        assert_eq!(parse_duration(text).map_err(|error| error.code()), expected, "{text}");
    }
}

fn sealbook_record_offset(hours: i8) -> jiff::tz::Offset {
    jiff::tz::offset(hours)
}

proptest! {
    #[test]
    fn text_and_time_are_one(micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()) {
        let time = Timestamp::from_micros(micros);
        let text = time.to_string();
        prop_assert_eq!(text.parse::<Timestamp>(), Ok(time));
        let theirs = jiff::Timestamp::from_microsecond(micros).expect("it is in range of both");
        prop_assert_eq!(text, format!("{theirs:.6}"));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = text.parse::<Timestamp>();
        let _ = Timestamp::from_epoch_text(&text);
        let _ = parse_time(&text, now(), &TimeZone::UTC);
    }
}
