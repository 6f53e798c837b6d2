//! Private keys in their text forms. Certificates and public keys stay.

use memchr::memmem;

use crate::redact::span::{Set, Span};

/// RFC 7468: from `-----BEGIN … PRIVATE KEY` to the end of its end line, or of the text where it was cut off.
pub(super) fn read(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    const LABEL_MOST: usize = 64;
    let label = &text[end..text.len().min(end + LABEL_MOST)];
    let Some(label_end) = memmem::find(label, b"-----") else { return };
    if memmem::find(&label[..label_end], b"PRIVATE KEY").is_none() {
        return;
    }
    let body = end + label_end + 5;
    let end = memmem::find(&text[body..], b"-----END").map_or(text.len(), |at| {
        let line = body + at + 8;
        let rest = &text[line..text.len().min(line + LABEL_MOST)];
        memmem::find(rest, b"-----").map_or(line, |dashes| line + dashes + 5)
    });
    spans.push(Span { start, end, detector: "private_key" });
}

/// From the first line of a `PuTTY` key file to its end.
pub(super) fn read_putty(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    const REACH: usize = 8_192;
    let Some(lines) = memmem::find(&text[end..text.len().min(end + REACH)], b"Private-Lines:") else { return };
    let body = end + lines + "Private-Lines:".len();
    let end = memmem::find(&text[body..], b"Private-MAC:").map_or(text.len(), |at| body + at);
    spans.push(Span { start, end, detector: "private_key" });
}

/// The seed in a key file of our own.
pub(super) fn read_sealbook(text: &[u8], _: usize, end: usize, spans: &mut Vec<Span>) {
    const REACH: usize = 512;
    const LABEL: &[u8] = b"seed:";
    const SEED_LEAST: usize = 40;
    let Some(label) = memmem::find(&text[end..text.len().min(end + REACH)], LABEL) else { return };
    let mut start = end + label + LABEL.len();
    while text.get(start) == Some(&b' ') {
        start += 1;
    }
    let end = Set::Token68.run(text, start);
    if end - start >= SEED_LEAST {
        spans.push(Span { start, end, detector: "sealbook_key" });
    }
}
