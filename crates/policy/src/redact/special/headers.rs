//! Credentials as HTTP writes them (RFC 9110 §11, RFC 6750, RFC 7617), wherever they stand.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::redact::span::{Set, Span, begins};

const LOOK_BYTES: usize = 4_096;

/// `Bearer` and what follows, unless it reads as a word.
pub(super) fn read_bearer(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let token_end = Set::Token68.run_within(text, end, LOOK_BYTES);
    let token = &text[end..token_end];
    if !begins(text, start) || token.len() < 8 || !(token.len() >= 24 || reads_unlike_a_word(token)) {
        return;
    }
    spans.push(Span { start: end, end: Set::Token68.run(text, end), detector: "bearer_token" });
}

pub(super) fn may_be_bearer(text: &[u8], start: usize, end: usize) -> bool {
    // Base64 may be written with `\/` in JSON; then the escape itself calls for a closer look.
    super::any_span(read_bearer, text, start, end)
}

/// Has a digit, or a capital after its beginning.
fn reads_unlike_a_word(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit) || token[1..].iter().any(u8::is_ascii_uppercase)
}

/// `Basic` and base64 of `user:password`.
pub(super) fn read_basic(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let token_end = Set::Token68.run_within(text, end, LOOK_BYTES);
    let token = &text[end..token_end];
    if begins(text, start) && token.len() >= 4 && holds_user_and_password(token) {
        spans.push(Span { start: end, end: token_end, detector: "basic_auth" });
    }
}

pub(super) fn may_be_basic(text: &[u8], start: usize, end: usize) -> bool {
    super::any_span(read_basic, text, start, end)
}

fn holds_user_and_password(token: &[u8]) -> bool {
    let stripped = token.iter().rposition(|byte| *byte != b'=' && *byte != b'.').map_or(0, |last| last + 1);
    let standard: Vec<u8> = token[..stripped]
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    // A text that was cut off may end within a group of four.
    let whole = if standard.len() % 4 == 1 { &standard[..standard.len() - 1] } else { &standard[..] };
    let lenient = STANDARD_NO_PAD;
    let decoded = lenient.decode(whole).or_else(|_| lenient.decode(&whole[..whole.len() / 4 * 4]));
    decoded.is_ok_and(|bytes| bytes.contains(&b':') && bytes.iter().all(|byte| !byte.is_ascii_control()))
}
