//! What texts say of their neighbours: arguments in lists, pairs in lists of lists, named members.

use super::Scan;
use super::frame::Before;
use crate::redact::span::Span;
use crate::redact::words::classify;

impl Scan<'_> {
    /// Whether a text goes because of the text before it in its list.
    pub(super) fn neighbour_tells(&mut self, text: &[u8]) -> Option<&'static str> {
        let frame = self.frames.last_mut().filter(|frame| !frame.map)?;
        match frame.before {
            Before::Name if !text.starts_with(b"-") && !text.is_empty() => {
                frame.before = Before::Nothing;
                Some("named_value")
            }
            Before::PrivateKey => {
                if contains(text, b"-----END") {
                    frame.before = Before::Nothing;
                }
                Some("private_key")
            }
            _ => None,
        }
    }

    /// `-phunter2` of a command that takes it so: the password.
    pub(super) fn joined_to_flag(&self, text: &[u8]) -> Option<Span> {
        let (flag, _) = self.frames.last().filter(|frame| !frame.map)?.flag?;
        let password = text.strip_prefix(flag).filter(|password| !password.is_empty())?;
        let secret = !crate::redact::assign::is_reference(password);
        secret.then_some(Span { start: flag.len(), end: text.len(), detector: "login" })
    }

    /// `user:password` after `-u`: the password.
    pub(super) fn login_after_flag(&self, text: &[u8]) -> Option<Span> {
        let frame = self.frames.last().filter(|frame| !frame.map && frame.before == Before::Login)?;
        let start = crate::redact::special::login_password(text)?;
        (frame.index > 0).then_some(Span { start, end: text.len(), detector: "login" })
    }

    /// Keeps in mind what a text says of its neighbour.
    pub(super) fn remember_text(&mut self, text: &[u8], end: usize) {
        let in_pairs = matches!(&self.frames[..], [.., outer, inner] if !outer.map && !inner.map && inner.index == 0);
        // Names that say nothing are not looked at a second time: whether it is a pair is asked of few.
        let is_secret_name = |text: &[u8]| text.len() <= 64 && classify(text).is_some();
        let in_pair = !in_pairs
            && self.frames.last().is_some_and(|frame| !frame.map && frame.index == 0)
            && is_secret_name(text)
            && self.begins_pair(text, end);
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.map {
            if frame.is_name_member() && classify(text).is_some() {
                frame.names_secret = true;
            }
            return;
        }
        if frame.index == 0 {
            frame.flag = crate::redact::special::password_flag(text);
        }
        if frame.index == 1 && text == b"login" {
            frame.flag = Some((b"-p", true));
        }
        let takes_password = frame.flag.is_some_and(|(flag, apart)| apart && text == flag);
        let is_flag = text.starts_with(b"-") && !text.contains(&b'=') && !text.contains(&b' ');
        frame.before = if matches!(text, b"-u" | b"--user" | b"--proxy-user" | b"-U") {
            Before::Login
        } else if takes_password {
            frame.flag = None;
            Before::Name
        } else if in_pair || ((is_flag || in_pairs || is_header(text)) && is_secret_name(text)) {
            Before::Name
        } else if contains(text, b"-----BEGIN") && contains(text, b"PRIVATE KEY") && !contains(text, b"-----END") {
            Before::PrivateKey
        } else {
            Before::Nothing
        };
    }
}

impl Scan<'_> {
    /// Whether the text that ends at `end` is the first of exactly two, and the second its value.
    ///
    /// `"required": ["password", "email"]` lists names: a plain word stays under a name of several.
    fn begins_pair(&self, text: &[u8], end: usize) -> bool {
        let Some(start) = self.after_blanks(end, b',').and_then(|at| self.after_blanks(at, b'"')) else { return false };
        let close = super::string_end(self.json, start - 1);
        if self.after_blanks(close + 1, b']').is_none() {
            return false;
        }
        // `["/etc/passwd", "/etc/group"]` and `["src/password", "src/login"]` are lists of paths.
        if is_path(text) && is_path(&self.json[start..close]) {
            return false;
        }
        let is_word = self.json[start..close].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_');
        let under = match &self.frames[..] {
            [.., outer, _] if outer.map => &self.json[outer.key.0..outer.key.1],
            _ => b"",
        };
        !(is_word && (under.ends_with(b"s") || under == b"required"))
    }

    /// The place behind `sign`, if nothing but blanks stands before it.
    fn after_blanks(&self, at: usize, sign: u8) -> Option<usize> {
        let blanks = self.json.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        (self.json.get(at + blanks) == Some(&sign)).then_some(at + blanks + 1)
    }
}

/// Whether it is written as paths are: pieces between slashes, none of which looks random.
fn is_path(text: &[u8]) -> bool {
    const PIECE_MOST: usize = 32;
    let is_plain = |piece: &[u8]| {
        let has = |is: fn(&u8) -> bool| piece.iter().any(is);
        let random = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        let in_path = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'~' | b'@');
        piece.len() <= PIECE_MOST && !random && piece.iter().all(in_path)
    };
    text.contains(&b'/') && text.split(|byte| *byte == b'/').all(is_plain)
}

/// Names that only headers have: a list of raw headers alternates between names and values.
fn is_header(text: &[u8]) -> bool {
    const HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    HEADERS.iter().any(|header| header.as_bytes().eq_ignore_ascii_case(text))
        || (text.len() > 2 && text[..2].eq_ignore_ascii_case(b"x-") && !text.contains(&b' '))
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(text, needle).is_some()
}
