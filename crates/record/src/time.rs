//! Times: whole microseconds since 1970-01-01T00:00:00Z, and how people write them.

mod phrase;

use std::fmt;
use std::str::FromStr;

use crate::Error;

pub use phrase::{parse_duration, parse_time};

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// A point in time, in microseconds since the Unix epoch. What it says is a claim.
///
/// Text form: RFC 3339 in UTC with six decimals, `2024-01-31T10:00:00.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00Z, the earliest time RFC 3339 can write.
    pub const MIN: Self = Self(-62_167_219_200 * SECOND_US);
    /// The last microsecond of the year 9999.
    pub const MAX: Self = Self(253_402_300_800 * SECOND_US - 1);

    /// From microseconds since the epoch; what lies outside the years 0 to 9999 is moved to their edge.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same day and time so many years later; the first of March where that year has no 29th of February.
    #[must_use]
    pub fn plus_years(self, years: u32) -> Self {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_US));
        // A day that the year has not is counted on into the next month.
        let days = days_from_civil(year + i64::from(years), month, day);
        Self::from_micros(days.saturating_mul(DAY_US).saturating_add(self.0.rem_euclid(DAY_US)))
    }

    /// From seconds since the epoch as decimal text (`1700000000.123456`), without the
    /// detour through a float; decimals beyond the sixth are cut off.
    pub fn from_epoch_text(text: &str) -> Result<Self, Error> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if digits.contains(['e', 'E']) {
            let seconds: f64 = text.parse().map_err(|_| Error::Time)?;
            return Self::checked(i128::from((seconds * 1e6) as i64));
        }
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || whole.len() > 15 || !all_digits(whole) || !all_digits(fraction) {
            return Err(Error::Time);
        }
        let seconds: i128 = whole.parse().map_err(|_| Error::Time)?;
        let micros = seconds * i128::from(SECOND_US) + i128::from(fraction_us(fraction.as_bytes()));
        Self::checked(if negative { -micros } else { micros })
    }

    fn checked(micros: i128) -> Result<Self, Error> {
        let micros = i64::try_from(micros).map_err(|_| Error::Time)?;
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) { Ok(Self(micros)) } else { Err(Error::Time) }
    }

    /// Appends the text form; the hot path of sealing.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let days = self.0.div_euclid(DAY_US);
        let of_day = self.0.rem_euclid(DAY_US);
        let (year, month, day) = civil_from_days(days);
        let seconds = of_day / SECOND_US;
        push_digits(out, year, 4);
        out.push(b'-');
        push_digits(out, month, 2);
        out.push(b'-');
        push_digits(out, day, 2);
        out.push(b'T');
        push_digits(out, seconds / 3600, 2);
        out.push(b':');
        push_digits(out, seconds / 60 % 60, 2);
        out.push(b':');
        push_digits(out, seconds % 60, 2);
        out.push(b'.');
        push_digits(out, of_day % SECOND_US, 6);
        out.push(b'Z');
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.write_to(&mut text);
        f.pad(&String::from_utf8_lossy(&text))
    }
}

/// RFC 3339; a date (its midnight in UTC); a date and time without offset (UTC).
impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.as_bytes();
        let day = parse_date(text).ok_or(Error::Time)?;
        let micros = match &text[10..] {
            [] => 0,
            [b'T' | b't' | b' ', time @ ..] => parse_clock(time).ok_or(Error::Time)?,
            _ => return Err(Error::Time),
        };
        Self::checked(i128::from(day) * i128::from(DAY_US) + i128::from(micros))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// `YYYY-MM-DD` at the start of `text`, as days since the epoch.
fn parse_date(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, ..] = text else { return None };
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    let month = digits(&[*m1, *m2])?;
    let day = digits(&[*d1, *d2])?;
    let days = days_from_civil(year, month, day);
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// `HH:MM[:SS[.fraction]][Z|±HH:MM|±HHMM]` as microseconds from midnight UTC. A leap second counts as the next second.
fn parse_clock(text: &[u8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
    let (hour, minute) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    let (second, rest) = match rest {
        [b':', s1, s2, rest @ ..] => (digits(&[*s1, *s2])?, rest),
        rest => (0, rest),
    };
    let (fraction, rest) = match rest {
        [b'.' | b',', rest @ ..] => {
            let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (1..=18).contains(&length).then_some((fraction_us(&rest[..length]), &rest[length..]))?
        }
        rest => (0, rest),
    };
    let offset = match rest {
        [] | [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] | [sign @ (b'+' | b'-'), h1, h2, m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            let seconds = hours * 3600 + minutes * 60;
            (hours < 24 && minutes < 60).then_some(if *sign == b'+' { seconds } else { -seconds })?
        }
        _ => return None,
    };
    (hour < 24 && minute < 60 && second <= 60)
        .then(|| (hour * 3600 + minute * 60 + second - offset) * SECOND_US + fraction)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

/// The first six decimals as microseconds.
fn fraction_us(digits: &[u8]) -> i64 {
    (0..6).fold(0, |value, place| value * 10 + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')))
}

fn push_digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let mut buffer = [b'0'; 6];
    let mut rest = value;
    for place in buffer[..width].iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&buffer[..width]);
}

/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse; months and days outside their range wrap, which [`parse_date`] notices.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}
