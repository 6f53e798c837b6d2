//! What programs call the weight of a line, as one scale.

use sealbook_record::Severity;

/// How many weights there are, "none said" among them.
pub(super) const LEVELS: usize = 6;

/// The weight that a word names, whatever its case: `WARN`, `E`, `fatal`, `notice`.
pub(super) fn of_word(word: &[u8]) -> Option<Severity> {
    let mut lower = [0_u8; 12];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trc" | b"debug" | b"debg" | b"dbg" | b"d" | b"t" | b"verbose" | b"finest" | b"finer" | b"fine"
        | b"debug1" | b"debug2" | b"debug3" | b"debug4" | b"debug5" | b"config" => Severity::Debug,
        b"info" | b"inf" | b"information" | b"informational" | b"notice" | b"note" | b"i" | b"n" | b"log"
        | b"success" | b"default" => Severity::Info,
        b"warning" | b"warn" | b"wrn" | b"w" => Severity::Warning,
        b"error" | b"err" | b"erro" | b"eror" | b"e" | b"severe" | b"failure" | b"failed" => Severity::Error,
        b"critical" | b"crit" | b"fatal" | b"ftl" | b"f" | b"c" | b"panic" | b"dpanic" | b"alert" | b"emerg"
        | b"emergency" => Severity::Critical,
        _ => return None,
    })
}

/// The weight of a whole word in running text: letters alone mean nothing there.
pub(super) fn of_text_word(word: &[u8]) -> Option<Severity> {
    let shouts = word.iter().all(u8::is_ascii_uppercase);
    match word.len() {
        // `failed`, `success`, `default`, `note` and `config` are words of messages.
        0..3 | 13.. => None,
        _ if shouts && !matches!(word, b"FAILED" | b"SUCCESS" | b"DEFAULT" | b"NOTE" | b"CONFIG") => of_word(word),
        _ => None,
    }
}

/// Weights by number (RFC 5424, section 6.2.1).
pub(super) fn of_syslog(severity: u8) -> Option<Severity> {
    Some(match severity {
        0..=2 => Severity::Critical,
        3 => Severity::Error,
        4 => Severity::Warning,
        5 | 6 => Severity::Info,
        7 => Severity::Debug,
        _ => return None,
    })
}

/// What the number in a field named `level` means: syslog's below 8 (GELF), else the tens of bunyan and pino.
pub(super) fn of_number(number: u64) -> Option<Severity> {
    Some(match number {
        0..=7 => return of_syslog(number as u8),
        10..=29 => Severity::Debug,
        30..=39 => Severity::Info,
        40..=49 => Severity::Warning,
        50..=59 => Severity::Error,
        60..=99 => Severity::Critical,
        _ => return None,
    })
}

/// The tens of Python's `logging` (`levelno`), which are ten lower than bunyan's.
pub(super) fn of_python(number: u64) -> Option<Severity> {
    of_number(number.checked_add(10).filter(|number| *number >= 20)?)
}

/// `SeverityNumber` of the OpenTelemetry log data model.
pub(super) fn of_otel(number: u64) -> Option<Severity> {
    Some(match number {
        1..=8 => Severity::Debug,
        9..=12 => Severity::Info,
        13..=16 => Severity::Warning,
        17..=20 => Severity::Error,
        21..=24 => Severity::Critical,
        _ => return None,
    })
}

/// A place in a table of counts.
pub(super) fn index(level: Option<Severity>) -> usize {
    match level {
        None => 0,
        Some(Severity::Debug) => 1,
        Some(Severity::Info) => 2,
        Some(Severity::Warning) => 3,
        Some(Severity::Error) => 4,
        Some(Severity::Critical) => 5,
    }
}

/// The weights in the order of [`index`], by name.
pub(super) const NAMES: [&str; LEVELS] = ["none", "debug", "info", "warning", "error", "critical"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_many_programs_are_one_scale() {
        for (word, level) in [
            ("WARN", Severity::Warning),
            ("wrn", Severity::Warning),
            ("E", Severity::Error),
            ("Emerg", Severity::Critical),
            ("notice", Severity::Info),
            ("TRACE", Severity::Debug),
        ] {
            assert_eq!(of_word(word.as_bytes()), Some(level), "{word}");
        }
        assert_eq!(of_word(b"thirteen-more"), None);
        assert_eq!(of_word(b""), None);
        assert_eq!(of_text_word(b"error"), None);
        assert_eq!(of_text_word(b"ERROR"), Some(Severity::Error));
    }

    #[test]
    fn numbers_mean_what_their_writers_mean() {
        assert_eq!(of_number(3), Some(Severity::Error));
        assert_eq!(of_number(30), Some(Severity::Info));
        assert_eq!(of_python(30), Some(Severity::Warning));
        assert_eq!(of_python(u64::MAX), None);
        assert_eq!(of_otel(17), Some(Severity::Error));
        assert_eq!(of_number(200), None);
    }
}
