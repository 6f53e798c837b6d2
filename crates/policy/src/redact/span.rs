//! Spans of text that hold a secret, and what stands around them.

/// What stands in the place of something taken out.
pub const PLACEHOLDER: &str = "***REDACTED***";

/// A stretch of a text that is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) detector: &'static str,
}

/// Sets of characters that runs of secrets are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// `0-9 a-f A-F`
    Hex,
    /// `0-9 A-Z`
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-`: base64url.
    Dashed,
    /// Letters, digits, `_`, `-`, `.`, `~`.
    Dotted,
    /// Base64 of either alphabet with padding, and what HTTP allows in a token68.
    Token68,
    /// What stands in crypt(3) and PHC hashes.
    Crypt,
}

impl Set {
    pub(crate) fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Dashed => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~'),
            Self::Token68 => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
            }
            Self::Crypt => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'$' | b'=' | b',' | b'+' | b'-')
            }
        }
    }

    /// The end of the run that begins at `start`.
    pub(crate) fn run(self, text: &[u8], start: usize) -> usize {
        text[start..].iter().position(|byte| !self.has(*byte)).map_or(text.len(), |length| start + length)
    }

    /// As [`Set::run`], giving up after `limit` bytes.
    pub(crate) fn run_within(self, text: &[u8], start: usize, limit: usize) -> usize {
        self.run(&text[..text.len().min(start + limit)], start)
    }
}

/// Whether something can begin at `at`: no letter or digit stands before it. The letter of an escape (`\n`) and
/// the digits of a percent escape (`%3D`) are no neighbours.
pub(crate) fn begins(text: &[u8], at: usize) -> bool {
    let Some(&before) = text[..at].last() else { return true };
    if !before.is_ascii_alphanumeric() {
        return true;
    }
    match text[..at - 1] {
        [.., b'\\'] => matches!(before, b'n' | b'r' | b't' | b'b' | b'f'),
        [.., b'%', high] => high.is_ascii_hexdigit() && before.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Sorts the spans and joins those that overlap; the widest gives its name.
pub(crate) fn merge(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|next, kept| {
        let overlaps = next.start < kept.end;
        if overlaps {
            if next.end - next.start > kept.end - kept.start {
                kept.detector = next.detector;
            }
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
}
