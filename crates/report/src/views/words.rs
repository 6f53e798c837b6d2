//! How the same small things are said in every view.

use std::fmt::Write as _;

use sealbook_record::{Actor, Outcome, Phase, Record, Severity, Target, Timestamp};

use sealbook_store::Stored;

use crate::{Text, Tone};

/// A time to the second, for tables; what is cut are its decimals.
pub(super) fn second(time: Timestamp) -> String {
    let text = time.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => text,
    }
}

/// The time a leaf claims, or was sealed at.
pub(super) fn time_of_us(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Who: name for people first, where there is one that differs from the id.
pub(super) fn actor(actor: &Actor) -> Text {
    match actor.name.as_deref().filter(|name| *name != actor.id) {
        Some(name) => Text::plain(name).and(" (").and_name(&actor.id).and(")"),
        None => Text::name(&actor.id),
    }
}

/// To what.
pub(super) fn target(target: &Target) -> Text {
    Text::plain(format!("{} ", target.kind)).and_name(&target.id)
}

/// How it ended; where it has not, the phase.
pub(super) fn ending(phase: Phase, record: Option<&Record>) -> Text {
    match record.and_then(|record| record.outcome) {
        Some(outcome) => Text::toned(outcome.as_str(), outcome_tone(outcome)),
        None if phase == Phase::Event => Text::default(),
        None => Text::plain(phase.as_str()),
    }
}

pub(super) fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Ok => Tone::Good,
        Outcome::Failed => Tone::Bad,
        Outcome::Blocked | Outcome::Cancelled | Outcome::Unknown => Tone::Doubtful,
    }
}

pub(super) fn severity(severity: Severity) -> Text {
    let tone = match severity {
        Severity::Debug | Severity::Info => Tone::Faint,
        Severity::Warning => Tone::Doubtful,
        Severity::Error | Severity::Critical => Tone::Bad,
    };
    Text::toned(severity.as_str(), tone)
}

/// What stands where a record's own words would, when it has none: it was altered or erased, or the leaf is
/// about keys or an erasure.
pub(super) fn instead_of_record(stored: &Stored) -> Text {
    match stored.leaf.typ {
        _ if !stored.altered.is_empty() => Text::toned("(altered: it does not fit its seal)", Tone::Bad),
        sealbook_ledger::LeafType::Record => Text::toned("(erased)", Tone::Faint),
        other => Text::toned(format!("({} leaf)", other.as_str()), Tone::Faint),
    }
}

/// `1 record`, `2 records`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number with its thousands set apart: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
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

/// A length of time from microseconds, in the unit that reads best.
pub(super) fn duration(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        1_000_000..60_000_000 => format!("{:.2} s", micros as f64 / 1e6),
        _ => {
            let seconds = micros / 1_000_000;
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            if hours > 0 {
                format!("{hours} h {minutes} min {seconds} s")
            } else {
                format!("{minutes} min {seconds} s")
            }
        }
    }
}

/// A number of bytes in the unit that reads best (powers of 1,024).
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Ranges of sequence numbers: `4, 7-9`.
pub(super) fn ranges(ranges: &[(u64, u64)]) -> String {
    let shown = ranges.iter().take(5).map(
        |(first, last)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        },
    );
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if ranges.len() > 5 {
        let _ = write!(text, ", {} more", ranges.len() - 5);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "record", "records"), "1 record");
        assert_eq!(duration(999), "999 µs");
        assert_eq!(duration(1_500_000), "1.50 s");
        assert_eq!(duration(3_723_000_000), "1 h 2 min 3 s");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(ranges(&[(1, 1), (3, 5)]), "1, 3-5");
        assert_eq!(second(Timestamp::from_micros(1_500_000)), "1970-01-01T00:00:01Z");
    }
}
