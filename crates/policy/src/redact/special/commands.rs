//! Commands that take a password after a letter.

use crate::redact::assign::is_reference;
use crate::redact::span::{Span, begins};

/// How much of a command line is read.
const REACH: usize = 512;

/// The flag after which the command takes a password, and whether the two may be apart.
pub(crate) fn password_flag(command: &[u8]) -> Option<(&'static [u8], bool)> {
    let name = command.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(command);
    match name {
        b"sshpass" | b"docker login" | b"podman login" => Some((b"-p", true)),
        b"redis-cli" => Some((b"-a", true)),
        _ if name.starts_with(b"mysql") => Some((b"-p", false)),
        _ => None,
    }
}

/// The password in the rest of the command line after the command's name.
pub(super) fn read(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    let Some((flag, apart)) = password_flag(&text[start..end]).filter(|_| begins(text, start)) else { return };
    let line_end = line_end(text, end);
    let mut word_start = end;
    let mut flagged = false;
    for word in text[end..line_end].split(u8::is_ascii_whitespace) {
        let found = match word.strip_prefix(flag) {
            _ if flagged => Some(word_start),
            Some(value) if !value.is_empty() => Some(word_start + flag.len()),
            _ => None,
        };
        if let Some(at) = found.filter(|at| *at < word_start + word.len()) {
            let quoted = usize::from(matches!(text[at], b'\'' | b'"'));
            let close = usize::from(quoted == 1 && word.len() > 1 && word.ends_with(&text[at..=at]));
            let (start, end) = (at + quoted, word_start + word.len() - close);
            if start < end && !is_reference(&text[start..end]) {
                spans.push(Span { start, end, detector: "login" });
            }
            return;
        }
        flagged = apart && word == flag;
        word_start += word.len() + 1;
    }
}

pub(super) fn may_hold_password(text: &[u8], _: usize, end: usize) -> bool {
    let rest = &text[end..text.len().min(end + REACH)];
    [&b" -p"[..], b" -a", b"\\"].iter().any(|flag| memchr::memmem::find(rest, flag).is_some())
        || rest.starts_with(b"\"")
}

/// `curl -uname:password`, without a blank.
pub(super) fn read_joined_login(text: &[u8], start: usize, end: usize, spans: &mut Vec<Span>) {
    if !begins(text, start) {
        return;
    }
    let mut word_start = end;
    for word in text[end..line_end(text, end)].split(u8::is_ascii_whitespace) {
        let quoted = usize::from(matches!(word, [b'\'' | b'"', ..]));
        let login = word[quoted..].strip_prefix(b"-u").filter(|login| !login.is_empty());
        if let Some(login) = login {
            let quoted = quoted + usize::from(matches!(login, [b'\'' | b'"', ..]));
            let begin = word_start + 2 + quoted;
            let length =
                text[begin..word_start + word.len()].iter().position(|byte| matches!(byte, b'\'' | b'"' | b'\\'));
            let close = length.map_or(word_start + word.len(), |length| begin + length);
            if let Some(colon) = super::login_password(&text[begin..close]) {
                spans.push(Span { start: begin + colon, end: close, detector: "login" });
            }
            return;
        }
        word_start += word.len() + 1;
    }
}

pub(super) fn may_hold_joined_login(text: &[u8], _: usize, end: usize) -> bool {
    memchr::memmem::find(&text[end..text.len().min(end + REACH)], b"-u").is_some()
}

/// The end of the line, or of the command in it.
fn line_end(text: &[u8], start: usize) -> usize {
    let stop = text.len().min(start + REACH);
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'|' | b';' | b'&');
    text[start..stop].iter().position(ends).map_or(stop, |length| start + length)
}
