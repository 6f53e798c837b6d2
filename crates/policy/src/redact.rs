//! Redaction: what is secret goes before anything is hashed, stored, logged or sent.
//!
//! It edits spans of the original text. What is not secret keeps every byte: numbers their digits, objects
//! their order, their duplicate keys and their blanks. A quick look over the raw text (`anchors`) decides
//! whether there can be anything to do; it makes nothing and copies nothing.

use std::borrow::Cow;

mod anchors;
mod assign;
mod cards;
mod scan;
mod shapes;
mod span;
mod special;
mod text;
mod unescape;
mod words;

#[cfg(test)]
mod properties;

#[cfg(test)]
pub(crate) use scan::scalar_end;
pub(crate) use scan::{TooDeep, check_depth, string_end, value_end};
pub use span::PLACEHOLDER;
pub(crate) use unescape::Decoded;

/// Something taken out: where, by which detector, and what. It never leaves this crate.
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) detector: &'static str,
    pub(crate) secret: Vec<u8>,
}

/// Redactions noted one by one; a part full of secrets must not grow the statement without bound.
pub(crate) const NOTED_MOST: usize = 256;

/// Looking again finds what the first look could not see (a value that came to light beside another);
/// so often at most.
const ROUNDS_MOST: usize = 4;

/// Makes what is made once.
pub(crate) fn warm_up() {
    anchors::warm_up();
}

/// Redacts the JSON text of a part; `None` where nothing is secret.
pub(crate) fn part(json: &str, part: &str, found: &mut Vec<Found>) -> Option<String> {
    let mut redacted: Option<Vec<u8>> = None;
    for _ in 0..ROUNDS_MOST {
        let current = redacted.as_deref().unwrap_or(json.as_bytes());
        if !anchors::may_hold_secret(current) {
            break;
        }
        match scan::redact(current, part, found) {
            Some(next) => redacted = Some(next),
            None => break,
        }
    }
    redacted.map(|bytes| String::from_utf8(bytes).expect("secrets begin and end between characters"))
}

/// Whether a JSON text could hold a secret; false only where it surely holds none.
pub(crate) fn may_hold_secret(json: &[u8]) -> bool {
    anchors::may_hold_secret(json)
}

/// A text that is shown or kept outside a record, such as a path or an option, without its secrets.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    if text::find_secrets(text.as_bytes()).is_empty() {
        return Cow::Borrowed(text);
    }
    let mut redacted = text.to_owned();
    plain(&mut redacted, "", &mut Vec::new());
    Cow::Owned(redacted)
}

/// Redacts a text that is no JSON, such as a field of the statement; false where nothing is secret.
pub(crate) fn plain(text: &mut String, path: &str, found: &mut Vec<Found>) -> bool {
    let mut changed = false;
    for _ in 0..ROUNDS_MOST {
        let spans = text::find_secrets(text.as_bytes());
        if spans.is_empty() {
            break;
        }
        for span in spans.iter().rev() {
            let secret = text.as_bytes()[span.start..span.end].to_vec();
            found.push(Found { path: path.to_owned(), detector: span.detector, secret });
            text.replace_range(span.start..span.end, PLACEHOLDER);
        }
        changed = true;
    }
    changed
}
