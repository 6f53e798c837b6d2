//! Names in addresses and forms whose characters are percent-encoded (RFC 3986 §2.1): `api%5Fkey=…`, and whole
//! addresses within addresses: `next=https%3A%2F%2Fh%3Ftoken%3D…`.

use crate::redact::anchors::{self, Anchor};
use crate::redact::assign::is_reference;
use crate::redact::shapes::SHAPES;
use crate::redact::span::{PLACEHOLDER, Span};
use crate::redact::words::classify;

/// How far a name is read to either side.
const NAME_REACH: usize = 96;

/// Whether the escape stands for something that names are made of, or for the sign behind one. Those of blanks,
/// slashes and other scripts, which fill honest addresses, do not.
pub(super) fn may_hide_name(text: &[u8], start: usize, _: usize) -> bool {
    escaped(text, start).is_some_and(|byte| in_name(byte) || byte == b'=')
}

/// The value behind a name of a secret that is written with escapes.
pub(super) fn read(text: &[u8], start: usize, _: usize, spans: &mut Vec<Span>) {
    if !may_hide_name(text, start, start + 1) {
        return;
    }
    let (mut left, mut name) = (start, Vec::new());
    while left > 0 && start - left < NAME_REACH {
        // The digits of an escape are letters of no name.
        let escape = left.checked_sub(3).and_then(|at| escaped(text, at));
        match escape.unwrap_or(text[left - 1]) {
            byte if in_name(byte) => name.push(byte),
            _ => break,
        }
        left -= if escape.is_some() { 3 } else { 1 };
    }
    name.reverse();
    let mut right = start;
    while right < text.len() && right - start < NAME_REACH {
        let escape = escaped(text, right);
        match escape.unwrap_or(text[right]) {
            byte if in_name(byte) => name.push(byte),
            _ => break,
        }
        right += if escape.is_some() { 3 } else { 1 };
    }
    if let Some(span) = token(text, left, &name) {
        spans.push(span);
        return;
    }
    let value = match text.get(right) {
        Some(b'=') => right + 1,
        Some(b'%') if escaped(text, right) == Some(b'=') => right + 3,
        _ => return,
    };
    if classify(&name).is_none() {
        return;
    }
    let length = (value..text.len()).take_while(|at| !ends_value(text, *at)).count();
    let found = &text[value..value + length];
    if length > 0 && found != PLACEHOLDER.as_bytes() && !is_reference(found) {
        spans.push(Span { start: value, end: value + length, detector: "named_value" });
    }
}

/// A token by its prefix, of which characters are escaped: `ghp%5F…`. The whole run goes.
fn token(text: &[u8], start: usize, name: &[u8]) -> Option<Span> {
    let is_token = anchors::visit(name, |anchor, at, _| match anchor {
        Anchor::Shape(index) => SHAPES[index].check(name, at, at + SHAPES[index].prefix.len()).is_some(),
        _ => false,
    });
    let mut end = start;
    while is_token && end < text.len() {
        let escape = escaped(text, end);
        if !in_name(escape.unwrap_or(text[end])) {
            break;
        }
        end += if escape.is_some() { 3 } else { 1 };
    }
    is_token.then_some(Span { start, end, detector: "escaped_token" })
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn ends_value(text: &[u8], at: usize) -> bool {
    let byte = text[at];
    byte.is_ascii_whitespace()
        || matches!(byte, b'&' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
        || (byte == b'%' && matches!(escaped(text, at), Some(b'&' | b'#' | b'"')))
}

/// What the escape that begins at `at` stands for.
fn escaped(text: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = text.get(at..at + 3)? else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
