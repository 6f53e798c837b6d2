//! Secrets in addresses: passwords before the `@`, signatures and keys after the `?`, secret paths.

use crate::redact::span::{Set, Span, begins};

/// How far an address is read for its `@`.
const AUTHORITY_MOST: usize = 1_024;

/// RFC 3986 §3.2.1: `scheme://user:password@host`. The password goes, and a user name that is a token.
pub(super) fn read_password(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if !text[..start].last().is_some_and(u8::is_ascii_alphanumeric) {
        return;
    }
    let stop = text.len().min(end + AUTHORITY_MOST);
    let address_end = text[end..stop].iter().position(|byte| ends_address(*byte)).map_or(stop, |length| end + length);
    let address = &text[end..address_end];
    let Some(at_sign) = user_info_end(address) else { return };
    let user_info = &address[..at_sign];
    match user_info.iter().position(|byte| *byte == b':') {
        Some(colon) => {
            let password = &user_info[colon + 1..];
            if !password.is_empty() && !super::super::assign::is_reference(password) {
                spans.push(Span { start: end + colon + 1, end: end + at_sign, detector: "url_password" });
            }
        }
        None if user_info.len() >= 20 && user_info.iter().any(u8::is_ascii_digit) => {
            spans.push(Span { start: end, end: end + at_sign, detector: "url_password" });
        }
        None => {}
    }
}

pub(super) fn may_have_password(text: &[u8], start: usize, end: usize) -> bool {
    if !text[..start].last().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let stop = text.len().min(end + AUTHORITY_MOST);
    text[end..stop].iter().take_while(|byte| !ends_address(**byte)).any(|byte| *byte == b'@')
}

fn ends_address(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte.is_ascii_control() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>')
}

/// Where the `@` stands. A password may hold an unescaped slash; a port and a path with an `@` look alike, so
/// that after a slash the `@` counts only where no port stands before it.
fn user_info_end(address: &[u8]) -> Option<usize> {
    let authority_end =
        address.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\')).unwrap_or(address.len());
    let authority = &address[..authority_end];
    if let Some(at_sign) = authority.iter().rposition(|byte| *byte == b'@') {
        return Some(at_sign);
    }
    let colon = authority.iter().position(|byte| *byte == b':')?;
    let after_colon = &authority[colon + 1..];
    let is_port = after_colon.len() <= 5 && after_colon.iter().all(u8::is_ascii_digit);
    let is_address = authority.starts_with(b"[");
    if is_port || is_address { None } else { address.iter().position(|byte| *byte == b'@') }
}

/// `jdbc:oracle:thin:user/password@…`.
pub(super) fn read_oracle(text: &[u8], _: usize, end: usize, spans: &mut Vec<Span>) {
    let stop = text.len().min(end + AUTHORITY_MOST);
    let address_end = text[end..stop].iter().position(|byte| ends_address(*byte)).map_or(stop, |length| end + length);
    let address = &text[end..address_end];
    let (Some(slash), Some(at_sign)) =
        (address.iter().position(|byte| *byte == b'/'), address.iter().position(|byte| *byte == b'@'))
    else {
        return;
    };
    if slash + 1 < at_sign && !super::super::assign::is_reference(&address[slash + 1..at_sign]) {
        spans.push(Span { start: end + slash + 1, end: end + at_sign, detector: "url_password" });
    }
}

/// `sig=…`, `X-Amz-Signature=…`: what makes a presigned address valid.
pub(super) fn read_signature(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if !(begins(text, start) || text[start..].starts_with(b"Signature=")) {
        return;
    }
    if looks_secret(text, end) {
        spans.push(Span { start: end, end: value_end(text, end), detector: "url_signature" });
    }
}

/// `?key=…` and `&code=…` of an address, where the value looks like no word.
pub(super) fn read_key_parameter(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let is_parameter = matches!(text[..start], [.., b'?' | b'&' | b';']);
    if is_parameter && looks_secret(text, end) {
        spans.push(Span { start: end, end: value_end(text, end), detector: "url_parameter" });
    }
}

/// Long, and with a digit early on.
fn looks_secret(text: &[u8], start: usize) -> bool {
    const LOOK: usize = 128;
    let value = &text[start..value_end(&text[..text.len().min(start + LOOK)], start)];
    value.len() >= 16 && value.iter().any(u8::is_ascii_digit)
}

fn value_end(text: &[u8], start: usize) -> usize {
    let in_value = |byte: u8| Set::Token68.has(byte) || byte == b'%';
    text[start..].iter().position(|byte| !in_value(*byte)).map_or(text.len(), |length| start + length)
}

/// An address that anyone may post to who knows it: what follows its last well-known word goes.
pub(super) fn read_webhook(text: &[u8], _: usize, end: usize, spans: &mut Vec<Span>) {
    let mut start = end;
    for word in [&b"services/"[..], b"workflows/", b"triggers/", b"catch/", b"ookb2/"] {
        if text[start..].starts_with(word) {
            start += word.len();
        }
    }
    let in_path = |byte: u8| Set::Dotted.has(byte) || matches!(byte, b'/' | b'@');
    let end = text[start..].iter().position(|byte| !in_path(*byte)).map_or(text.len(), |length| start + length);
    if end - start >= 16 {
        spans.push(Span { start, end, detector: "webhook_url" });
    }
}
