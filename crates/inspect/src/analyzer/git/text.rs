//! Words shared by the measures: evidence, dates, percentages, lists.

use jiff::civil::Date;
use sealbook_record::{Finding, Timestamp};
use serde_json::Value;

/// Records that a finding rests on: as many as are worth citing one by one.
#[derive(Default, Clone)]
pub(super) struct Evidence {
    seqs: Vec<u64>,
}

impl Evidence {
    /// More are counted and not cited.
    const CITED: usize = 24;

    pub(super) fn cite(&mut self, seq: u64) {
        if self.seqs.len() < Self::CITED && self.seqs.last() != Some(&seq) {
            self.seqs.push(seq);
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        for seq in &other.seqs {
            self.cite(*seq);
        }
    }

    pub(super) fn cited(&self) -> &[u64] {
        &self.seqs
    }

    /// As ranges, neighbours joined.
    pub(super) fn ranges(&self) -> Vec<(u64, u64)> {
        let mut seqs = self.seqs.clone();
        seqs.sort_unstable();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for seq in seqs {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 >= seq => *last = seq,
                _ => ranges.push((seq, seq)),
            }
        }
        ranges
    }
}

/// Adds what every finding has beside its message.
pub(super) trait Complete {
    fn recommend(self, what: &str) -> Self;
    fn rest_on(self, evidence: &Evidence) -> Self;
    fn with(self, name: &str, value: impl Into<Value>) -> Self;
}

impl Complete for Finding {
    fn recommend(mut self, what: &str) -> Self {
        self.recommendation = Some(what.to_owned());
        self
    }

    fn rest_on(mut self, evidence: &Evidence) -> Self {
        self.evidence = evidence.ranges();
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.to_owned(), value.into());
        self
    }
}

/// The day of a time, in UTC.
pub(super) fn day(at: Timestamp) -> Date {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(at).date()
}

/// `part` of `whole` in per cent, rounded.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 { 0 } else { (part * 200 + whole) / (whole * 2) }
}

/// A number with its noun: `1 commit`, `2,345 commits`.
pub(super) fn count(number: u64, one: &str) -> String {
    let noun = match one.strip_suffix("person") {
        Some(before) if number != 1 => format!("{before}people"),
        _ if number == 1 => one.to_owned(),
        _ => format!("{one}s"),
    };
    format!("{} {noun}", thousands(number))
}

/// A number with separators: `12,345`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes for people: `3.4 MiB`.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut tenths = number * 10 / 1_024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Text on one line and no longer than it is interesting.
pub(super) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN + 1).collect();
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("“{}…”", line[..at].trim_end()),
        None => format!("“{}”", line.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(1, "person"), "1 person");
        assert_eq!(count(1_234_567, "commit"), "1,234,567 commits");
        assert_eq!(count(2, "person"), "2 people");
        assert_eq!(bytes(10 << 20), "10.0 MiB");
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(2, 3), 67);
    }

    #[test]
    fn neighbours_are_cited_as_one_range() {
        let mut evidence = Evidence::default();
        for seq in [9, 3, 4, 5, 12] {
            evidence.cite(seq);
        }
        assert_eq!(evidence.ranges(), [(3, 5), (9, 9), (12, 12)]);
    }
}
