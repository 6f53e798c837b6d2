//! Names in a JSON text within a text, of which letters are written as escapes (RFC 8259 §7):
//! `{"passw\\u006frd":"…"}`.

use crate::redact::assign::is_reference;
use crate::redact::span::Span;
use crate::redact::words::classify;

/// How far a name is read to either side.
const NAME_REACH: usize = 96;

/// The value behind a name of a secret that is written with escapes.
pub(super) fn read(text: &[u8], start: usize, _: usize, spans: &mut Vec<Span>) {
    let left = text[..start].iter().rev().take(NAME_REACH).take_while(|byte| in_name(**byte) || **byte == b'\\');
    let (mut at, mut name) = (start - left.count(), Vec::new());
    // An escape is as many backslashes as the texts around need, `u`, and four digits.
    while at < text.len() && name.len() < NAME_REACH {
        let slashes = text[at..].iter().take_while(|byte| **byte == b'\\').count();
        match text.get(at + slashes) {
            Some(b'u') if slashes > 0 => {
                let Some(byte) = escaped(text, at + slashes) else { return };
                name.push(byte);
                at += slashes + 5;
            }
            Some(byte) if slashes == 0 && in_name(*byte) => {
                name.push(*byte);
                at += 1;
            }
            Some(b'"') => break,
            _ => return,
        }
    }
    let Some((quote_length, value)) = value_after(text, at) else { return };
    if classify(&name).is_none() {
        return;
    }
    let mut end = value;
    while end < text.len() && text[end] != b'"' {
        // As many backslashes as the opening mark has close the value; more of them escape what follows.
        let slashes = text[end..].iter().take_while(|byte| **byte == b'\\').count();
        if slashes + 1 == quote_length && text.get(end + slashes) == Some(&b'"') {
            break;
        }
        end = text.len().min(end + slashes.max(1) + usize::from(slashes > 0));
    }
    if end > value && !is_reference(&text[value..end]) {
        spans.push(Span { start: value, end, detector: "named_value" });
    }
}

/// Behind the closing mark of a name a colon and the opening mark of its value: how long that is, and where it ends.
fn value_after(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let mark = |at: usize| {
        let slashes = text.get(at..)?.iter().take_while(|byte| **byte == b'\\').count();
        (text.get(at + slashes) == Some(&b'"')).then_some(slashes + 1)
    };
    let blanks =
        |at: usize| text.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count());
    let colon = at + mark(at)?;
    let colon = colon + blanks(colon);
    let value = (text.get(colon) == Some(&b':')).then_some(colon + 1)?;
    let value = value + blanks(value);
    let length = mark(value)?;
    Some((length, value + length))
}

/// The ASCII character of `u00XX`.
fn escaped(text: &[u8], at: usize) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(at + 1..at + 5)?).ok()?;
    u32::from_str_radix(digits, 16).ok().and_then(|code| u8::try_from(code).ok()).filter(|byte| in_name(*byte))
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
