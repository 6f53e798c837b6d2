//! Names with values inside a text: `password=…`, `"token": "…"`, `--api-key …`, `Authorization: Basic …`,
//! `IDENTIFIED BY '…'`, in command lines, headers, addresses, configuration, code and error messages.

mod value;

use super::span::Span;
use super::words::{Sensitivity, classify, is_system_file};

pub(crate) use value::is_reference;

const NAME_REACH: usize = 64;
const WINDOW: usize = 96;

/// Whether raw JSON text around a part of a name may name a secret; false only where it surely does not.
pub(crate) fn may_name_secret(json: &[u8], start: usize, end: usize) -> bool {
    let name = Name::around(json, start, end);
    if name.sensitivity(json).is_some() && separator_may_follow(json, &name) {
        return true;
    }
    // As the key of an object, or as a whole text, the name may hold spaces and signs of any kind.
    let left_most = start.saturating_sub(WINDOW);
    let left = memchr::memrchr(b'"', &json[left_most..start]).map(|at| left_most + at + 1);
    let right_most = json.len().min(end + WINDOW);
    let right = memchr::memchr(b'"', &json[end..right_most]).map(|at| end + at);
    if left == Some(name.start) && right == Some(name.end) && !json[name.start..name.end].contains(&b'.') {
        return false;
    }
    let may = |text: &[u8]| text.contains(&b'\\') || classify(text).is_some();
    let head = left.is_some_and(|left| may(&json[left..right.unwrap_or(right_most).min(left + WINDOW)]));
    head || right.is_some_and(|right| may(&json[left.unwrap_or(left_most).max(right.saturating_sub(WINDOW))..right]))
}

fn separator_may_follow(json: &[u8], name: &Name) -> bool {
    let rest = &json[name.end..];
    let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match rest.get(spaces) {
        Some(b'=' | b':' | b'"' | b'\'' | b'\\' | b'`' | b']' | b'<' | b'>' | b'\r' | b'\n') => true,
        Some(b'v' | b'V') if spaces > 0 => true,
        Some(0xc2 | 0xef) if wide_sign(&rest[spaces..]) == Some(0) => true,
        Some(_) => {
            spaces > 0
                && (name.is_flag(json)
                    || name.follows_login(json)
                    || (name.is_told_in_prose(json) && value::prose(json, name.end).is_some()))
        }
        None => false,
    }
}

/// Reads the values that belong to names of secrets, each name once.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    read_to: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, read_to: 0 }
    }

    /// Looks at the name around the given part of one.
    pub(crate) fn read(&mut self, start: usize, end: usize, spans: &mut Vec<Span>) {
        if start < self.read_to {
            return;
        }
        let name = Name::around(self.text, start, end);
        self.read_to = name.end;
        if let Some(sensitivity) = name.sensitivity(self.text)
            && let Some((start, end)) = value::after(self.text, &name, sensitivity)
        {
            spans.push(Span { start, end, detector: "named_value" });
        }
    }
}

/// A name in a text: `spring.datasource.password`, `--db-password`, `API Key`.
struct Name {
    start: usize,
    end: usize,
}

impl Name {
    fn around(text: &[u8], start: usize, end: usize) -> Self {
        let left = text[..start].iter().rev().take(NAME_REACH).take_while(|byte| in_name(**byte)).count();
        let right = text[end..].iter().take(NAME_REACH).take_while(|byte| in_name(**byte)).count();
        let right = wide_sign(&text[end..end + right]).unwrap_or(right);
        let mut name = Self { start: start - left, end: end + right };
        while name.end > end && matches!(text[name.end - 1], b'.' | b'-') {
            name.end -= 1;
        }
        // The letter of an escape such as `\n` is no part of the name.
        if name.start < start && name.start > 0 && text[name.start - 1] == b'\\' && is_escape_letter(text[name.start]) {
            name.start += 1;
        }
        name
    }

    /// Of a dotted name the last part counts; of two words (`API Key`) both.
    fn sensitivity(&self, text: &[u8]) -> Option<Sensitivity> {
        let name = &text[self.start..self.end];
        // `/etc/passwd: …` in a message, `/etc/passwd:/etc/passwd:ro` of a mount.
        if let [directory @ .., b'/'] = &text[..self.start]
            && is_system_file(&directory[directory.len().saturating_sub(8)..], name)
        {
            return None;
        }
        let last = name.iter().rposition(|byte| *byte == b'.').map_or(name, |dot| &name[dot + 1..]);
        classify(last).or_else(|| self.with_word_before(text).and_then(classify))
    }

    fn with_word_before<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let [before @ .., b' '] = &text[..self.start] else { return None };
        let word = before.iter().rev().take(NAME_REACH).take_while(|byte| byte.is_ascii_alphabetic()).count();
        (word > 0).then(|| &text[self.start - 1 - word..self.end])
    }

    /// `-p`, `--password`.
    fn is_flag(&self, text: &[u8]) -> bool {
        text[self.start] == b'-'
    }

    /// `login NAME password`, as in `.netrc`.
    fn follows_login(&self, text: &[u8]) -> bool {
        let before = &text[self.start.saturating_sub(NAME_REACH * 2)..self.start];
        let mut words = before.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.next().is_some() && words.next().is_some_and(|word| word.ends_with(b"login"))
    }

    /// Whether a value may follow without any sign: `the password is …`, `ENV API_TOKEN …`.
    fn is_told_in_prose(&self, text: &[u8]) -> bool {
        let name = &text[self.start..self.end];
        let ends_with = |ending: &[u8]| {
            name.len() >= ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
        };
        let is_constant = name.contains(&b'_') && !name.iter().any(u8::is_ascii_lowercase);
        is_constant || [&b"password"[..], b"passwd", b"passphrase", b"passcode"].iter().any(|ending| ends_with(ending))
    }

    /// The name as last read, in lower case.
    fn last_part(&self, text: &[u8]) -> Vec<u8> {
        let name = &text[self.start..self.end];
        name.rsplit(|byte| *byte == b'.').next().unwrap_or(name).to_ascii_lowercase()
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

/// A blank that does not break, which text from the web has for a blank.
pub(crate) const WIDE_BLANK: &[u8] = "\u{a0}".as_bytes();
/// The colon of scripts whose letters are wide.
pub(crate) const WIDE_COLON: &[u8] = "\u{ff1a}".as_bytes();

/// Where a sign stands that ends a name though its bytes are like those of letters.
fn wide_sign(name: &[u8]) -> Option<usize> {
    // Names of letters alone are nearly all there are.
    name.iter().position(|byte| !byte.is_ascii()).and_then(|first| {
        (first..name.len()).find(|at| name[*at..].starts_with(WIDE_BLANK) || name[*at..].starts_with(WIDE_COLON))
    })
}

fn is_escape_letter(byte: u8) -> bool {
    matches!(byte, b'n' | b'r' | b't' | b'b' | b'f')
}
