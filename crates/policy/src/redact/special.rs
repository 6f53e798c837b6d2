//! Secrets that take more than a prefix to read: keys in PEM, tokens in segments, headers, addresses.

mod commands;
mod escapes;
mod headers;
mod pem;
mod percent;
mod urls;

use super::span::{Set, Span, begins};

/// A mark in a text and what reads the secret it announces.
pub(crate) struct Special {
    /// Found in any case.
    pub(crate) mark: &'static str,
    /// Quick look at raw JSON text: false only where [`Special::read`] would find nothing.
    pub(crate) plausible: fn(&[u8], usize, usize) -> bool,
    /// Adds what it finds; the mark stands at the two positions.
    pub(crate) read: fn(&[u8], usize, usize, &mut Vec<Span>),
}

const fn special(
    mark: &'static str,
    plausible: fn(&[u8], usize, usize) -> bool,
    read: fn(&[u8], usize, usize, &mut Vec<Span>),
) -> Special {
    Special { mark, plausible, read }
}

pub(crate) use commands::password_flag;

/// Every mark.
pub(crate) const SPECIALS: &[Special] = &[
    special("-----BEGIN", always, pem::read),
    special("PuTTY-User-Key-File", always, pem::read_putty),
    special("sealbook-key-v", always, pem::read_sealbook),
    special("eyJ", may_be_jwt, read_jwt),
    special("bearer ", headers::may_be_bearer, headers::read_bearer),
    special("basic ", headers::may_be_basic, headers::read_basic),
    special("://", urls::may_have_password, urls::read_password),
    special("sig=", always, urls::read_signature),
    special("signature=", always, urls::read_signature),
    special("key=", always, urls::read_key_parameter),
    special("code=", always, urls::read_key_parameter),
    special("hooks.slack.com/", always, urls::read_webhook),
    special("/api/webhooks/", always, urls::read_webhook),
    special(".office.com/webh", always, urls::read_webhook),
    special("zapier.com/hooks/", always, urls::read_webhook),
    special("Q~", may_be_azure_secret, read_azure_secret),
    special(":AA", may_be_telegram_token, read_telegram_token),
    special("sshpass", commands::may_hold_password, commands::read),
    special("mysql", commands::may_hold_password, commands::read),
    special("redis-cli", commands::may_hold_password, commands::read),
    special("docker login", commands::may_hold_password, commands::read),
    special("podman login", commands::may_hold_password, commands::read),
    special("jdbc:oracle:thin:", always, urls::read_oracle),
    special("identified by ", always, read_sql_password),
    special(" -u ", may_be_login, read_login),
    special("curl ", commands::may_hold_joined_login, commands::read_joined_login),
    special(" --user ", may_be_login, read_login),
    special(" --proxy-user ", may_be_login, read_login),
    special("AKIA", always, read_secret_beside_access_key),
    special("%", percent::may_hide_name, percent::read),
    special("\\u00", always, escapes::read),
];

fn always(_: &[u8], _: usize, _: usize) -> bool {
    true
}

fn any_span(read: fn(&[u8], usize, usize, &mut Vec<Span>), text: &[u8], start: usize, end: usize) -> bool {
    let mut spans = Vec::new();
    read(text, start, end, &mut spans);
    !spans.is_empty()
}

/// RFC 7515/7519: three segments of base64url or, encrypted, five; the first begins with `{"`.
fn read_jwt(text: &[u8], start: usize, _: usize, spans: &mut Vec<Span>) {
    if &text[start..start + 3] != b"eyJ" || (start > 0 && Set::Dashed.has(text[start - 1]) && !begins(text, start)) {
        return;
    }
    let header_end = Set::Dashed.run(text, start);
    if header_end - start < 12 || text.get(header_end) != Some(&b'.') {
        return;
    }
    if text.get(header_end + 1) == Some(&b'.') {
        spans.extend(direct_jwe(text, start, header_end + 1));
        return;
    }
    let payload_end = Set::Dashed.run(text, header_end + 1);
    if payload_end - header_end < 3 || text.get(payload_end) != Some(&b'.') {
        return;
    }
    let mut end = Set::Dashed.run(text, payload_end + 1);
    while text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(|byte| Set::Dashed.has(*byte)) {
        end = Set::Dashed.run(text, end + 1);
    }
    spans.push(Span { start, end, detector: "jwt" });
}

/// RFC 7516 §7.1 with a key that both sides know already: the second of five segments is empty.
fn direct_jwe(text: &[u8], start: usize, second_end: usize) -> Option<Span> {
    let mut end = second_end;
    for _ in 0..3 {
        if text.get(end) != Some(&b'.') {
            return None;
        }
        let next = Set::Dashed.run(text, end + 1);
        if next == end + 1 {
            return None;
        }
        end = next;
    }
    Some(Span { start, end, detector: "jwt" })
}

fn may_be_jwt(text: &[u8], start: usize, end: usize) -> bool {
    any_span(read_jwt, text, start, end)
}

/// Client secrets of Microsoft Entra: three characters, a digit, `Q~`, and 31 to 34 more.
fn read_azure_secret(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let run_end = Set::Dotted.run_within(text, end, 64);
    let fits = start >= 4
        && text[start - 1].is_ascii_digit()
        && text[start - 4..start].iter().all(|byte| Set::Dotted.has(*byte))
        && &text[start..end] == b"Q~"
        && (31..=40).contains(&(run_end - end));
    if fits {
        spans.push(Span { start: start - 4, end: run_end, detector: "azure_client_secret" });
    }
}

fn may_be_azure_secret(text: &[u8], start: usize, end: usize) -> bool {
    any_span(read_azure_secret, text, start, end)
}

/// Bot tokens of Telegram: 8 to 10 digits, `:AA`, and 33 more.
fn read_telegram_token(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let digits = text[..start].iter().rev().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    let run_end = Set::Dashed.run_within(text, end, 64);
    if (8..=10).contains(&digits) && &text[start..end] == b":AA" && (30..=36).contains(&(run_end - end)) {
        spans.push(Span { start: start - digits, end: run_end, detector: "telegram_token" });
    }
}

fn may_be_telegram_token(text: &[u8], start: usize, end: usize) -> bool {
    any_span(read_telegram_token, text, start, end)
}

/// An AWS secret key has no prefix: 40 characters of base64 soon after its access key are taken for it.
fn read_secret_beside_access_key(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    const SECRET_LENGTH: usize = 40;
    const REACH: usize = 160;
    if &text[start..end] != b"AKIA" || !begins(text, start) || Set::Upper.run_within(text, end, 20) - end != 16 {
        return;
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    let reach = &text[..text.len().min(end + REACH)];
    let mut at = end + 16;
    while at < reach.len() {
        let length = text[at..].iter().take(SECRET_LENGTH + 1).take_while(|byte| is_base64(**byte)).count();
        let run = &text[at..at + length];
        let mixed = run.iter().any(u8::is_ascii_uppercase) && run.iter().any(u8::is_ascii_lowercase);
        if length == SECRET_LENGTH && mixed {
            spans.push(Span { start: at, end: at + length, detector: "aws_secret_key" });
            return;
        }
        at += length.max(1);
    }
}

/// `IDENTIFIED BY 'password'` of SQL.
fn read_sql_password(text: &[u8], _: usize, end: usize, spans: &mut Vec<Span>) {
    let rest = &text[end..];
    let Some((quote @ (b'\'' | b'"'), value)) = rest.split_first() else { return };
    let length = memchr::memchr(*quote, value).unwrap_or(value.len());
    if length > 0 && !super::assign::is_reference(&value[..length]) {
        spans.push(Span { start: end + 1, end: end + 1 + length, detector: "named_value" });
    }
}

/// `curl -u name:password`.
fn read_login(text: &[u8], _: usize, end: usize, spans: &mut Vec<Span>) {
    let quoted = usize::from(matches!(text.get(end), Some(b'\'' | b'"')));
    let start = end + quoted;
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'\'' | b'"' | b'\\');
    let word_end = text[start..].iter().position(ends).map_or(text.len(), |length| start + length);
    if let Some(colon) = login_password(&text[start..word_end]) {
        spans.push(Span { start: start + colon, end: word_end, detector: "login" });
    }
}

fn may_be_login(text: &[u8], _: usize, end: usize) -> bool {
    text[end..].iter().take_while(|byte| !byte.is_ascii_whitespace()).take(256).any(|byte| *byte == b':')
}

/// Where the password of `name:password` begins. `1000:1000` and `root:root` are a user and its group.
pub(crate) fn login_password(text: &[u8]) -> Option<usize> {
    let colon = text.iter().take(200).position(|byte| *byte == b':')?;
    let (name, password) = (&text[..colon], &text[colon + 1..]);
    let is_group = password.iter().all(u8::is_ascii_digit) || password == name;
    (!is_group && !super::assign::is_reference(password)).then_some(colon + 1)
}
