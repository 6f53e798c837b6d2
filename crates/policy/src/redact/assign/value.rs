//! The value after a name: where it begins and ends, and whether it is one to hide.

use super::{Name, WIDE_BLANK, WIDE_COLON};
use crate::redact::span::PLACEHOLDER;
use crate::redact::words::Sensitivity::{self, Directory, Plural, Strong, Text, Weak};
use crate::redact::words::word_list;

const SPACES_MOST: usize = 8;
/// How far into a header is looked before it is taken for one.
const HEADER_LOOK: usize = 1_024;

/// How the value is tied to its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    /// `name=value`; with blanks around the sign it could be code.
    Equals { spaced: bool },
    /// `name: value`; a name in quotes is one of an object.
    Colon { name_quoted: bool, spaced: bool },
    /// `--name value`, `login x password value`.
    Blank,
    /// `PASSWORD 'value'`.
    Apposition,
    /// `<name>value</name>`, a form field's value after its head, `key="name" value="value"`.
    Element,
    /// `the password is value`, `ENV NAME value`.
    Prose,
}

/// The value to hide after the name, if there is one.
pub(super) fn after(text: &[u8], name: &Name, sensitivity: Sensitivity) -> Option<(usize, usize)> {
    let (tie, start) = tie(text, name)?;
    if let Some(found) = header(text, name, tie, start) {
        return found;
    }
    if let Tie::Colon { .. } = tie
        && let Some(found) = block(text, name, start)
    {
        return found;
    }
    if sensitivity == Strong
        && let Tie::Colon { name_quoted: false, .. } = tie
        && let Some(found) = next_line(text, name, start)
    {
        return Some(found);
    }
    let value = Value::read(text, start, tie, name);
    let bytes = &text[value.start..value.end];
    let stays = bytes.is_empty()
        || is_reference(bytes)
        || is_key_file(bytes)
        || (sensitivity == Directory && is_path(bytes))
        || !value.is_secret(text, name, sensitivity, tie);
    (!stays).then_some((value.start, value.end))
}

/// A block scalar of YAML 1.2 (§8.1): `|` or `>` ends the line, and the deeper lines after it are the value.
/// `Some(None)` where there is such a head and nothing to hide.
#[expect(clippy::option_option, reason = "whether it is a block, and whether it holds a secret")]
fn block(text: &[u8], name: &Name, start: usize) -> Option<Option<(usize, usize)>> {
    let head = rest(text, start).strip_prefix(b"|").or_else(|| rest(text, start).strip_prefix(b">"))?;
    let marks = head.iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9' | b' ' | b'\t' | b'\r')).count();
    if head.get(marks) != Some(&b'\n') {
        return None;
    }
    let indent = |line: &[u8]| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line_start = text[..name.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let outer = indent(&text[line_start..name.start]);
    let mut at = start + 1 + marks + 1;
    let mut found: Option<(usize, usize)> = None;
    while at < text.len() {
        let line_end = memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length);
        let line = text[at..line_end].trim_ascii_end();
        if !line.is_empty() {
            if indent(line) <= outer {
                break;
            }
            let first = found.map_or(at + indent(line), |(first, _)| first);
            found = Some((first, at + line.len()));
        }
        at = line_end + 1;
    }
    Some(
        found
            .filter(|(start, end)| text[*start..*end] != *PLACEHOLDER.as_bytes() && !is_reference(&text[*start..*end])),
    )
}

/// A plain scalar of YAML on the line after its name, deeper than the name (§7.3.3): a single word, or one in
/// quotation marks. A map, a list and prose are none.
fn next_line(text: &[u8], name: &Name, start: usize) -> Option<(usize, usize)> {
    const LINE_MOST: usize = 1_024;
    let line = rest(text, start);
    let line = line.strip_prefix(b"\r\n").or_else(|| line.strip_prefix(b"\n"))?;
    let before = text[..name.start].iter().rev().take(LINE_MOST).take_while(|byte| **byte != b'\n').count();
    let outer = &text[name.start - before..name.start];
    let indent = line.iter().take_while(|byte| **byte == b' ').count();
    if !outer.iter().all(|byte| matches!(byte, b' ' | b'-')) || indent <= outer.len() {
        return None;
    }
    let line = &line[indent..];
    let word = line[..memchr::memchr(b'\n', line).unwrap_or(line.len())].trim_ascii_end();
    if word.len() > LINE_MOST {
        return None;
    }
    let (quoted, bare) = match word {
        [open @ (b'"' | b'\''), bare @ .., close] if open == close => (1, bare),
        _ => (0, word),
    };
    let is_plain = quoted == 0
        && (is_plain_word(bare)
            || bare.ends_with(b":")
            || bare.iter().any(u8::is_ascii_whitespace)
            || matches!(bare, [b'-' | b'#' | b'{' | b'[' | b'&' | b'!' | b'*' | b'|' | b'>', ..]));
    let stays = bare.len() < 4 || is_plain || is_common_word(bare) || is_reference(bare) || is_key_file(bare);
    let from = memchr::memchr(b'\n', rest(text, start))? + start + 1 + indent + quoted;
    (!stays).then_some((from, from + bare.len()))
}

/// What stands between name and value, and where the value begins.
fn tie(text: &[u8], name: &Name) -> Option<(Tie, usize)> {
    let mut at = name.end;
    let closing = quote_at(text, at);
    if let Some((_, length)) = closing {
        at += length;
    }
    if closing.is_some() && rest(text, at).starts_with(b"]") {
        at += 1;
    }
    let blanks = blanks(text, at, closing.is_some());
    at += blanks;
    match rest(text, at) {
        // Of comparisons only those with a text in quotation marks say what the secret is.
        [b'=', b'=', ..] => Some(equals(text, at + 2, true)).filter(|(_, at)| quote_at(text, *at).is_some()),
        [b'=', b'>', ..] | [b':', b'=', ..] => Some(equals(text, at + 2, blanks > 0)),
        [b'=', ..] => Some(equals(text, at + 1, blanks > 0)),
        [b':', b':', ..] | [b':', b'/', b'/', ..] => None,
        // `https://x-access-token:…@host` is read as an address.
        [b':', ..] if text[..name.start].ends_with(b"//") => None,
        [0xef, ..] if rest(text, at).starts_with(WIDE_COLON) => {
            let after = self::blanks(text, at + WIDE_COLON.len(), closing.is_some());
            let start = at + WIDE_COLON.len() + after;
            Some((Tie::Colon { name_quoted: closing.is_some(), spaced: after > 0 }, start))
        }
        [b':', ..] => {
            let after = self::blanks(text, at + 1, closing.is_some());
            Some((Tie::Colon { name_quoted: closing.is_some(), spaced: after > 0 }, at + 1 + after))
        }
        [b'>', value @ ..] if text[..name.start].ends_with(b"<") && is_closed(value) => Some((Tie::Element, at + 1)),
        [b'\'', ..] if blanks > 0 && closing.is_none() => Some((Tie::Apposition, at)),
        [b'\r', b'\n', b'\r', b'\n', ..] if is_form_field(text, name, closing.is_some()) => {
            Some((Tie::Element, at + 4))
        }
        [_, ..] if blanks > 0 && (name.is_flag(text) || name.follows_login(text)) => Some((Tie::Blank, at)),
        [b'v' | b'V', ..] if closing.is_some() && blanks > 0 => value_attribute(text, at),
        [_, ..] if blanks > 0 && closing.is_none() && name.is_told_in_prose(text) => {
            prose(text, at).map(|at| (Tie::Prose, at))
        }
        _ => None,
    }
}

/// Whether an element ends on its line: `Vec<Token>` begins none.
fn is_closed(value: &[u8]) -> bool {
    const REACH: usize = 1_024;
    let value = &value[..value.len().min(REACH)];
    value.iter().position(|byte| matches!(byte, b'<' | b'\n')).is_some_and(|at| value[at..].starts_with(b"</"))
}

/// `<add key="ApiKey" value="…"/>`.
fn value_attribute(text: &[u8], at: usize) -> Option<(Tie, usize)> {
    let rest = rest(text, at);
    (rest.len() > 6 && rest[..6].eq_ignore_ascii_case(b"value=")).then_some((Tie::Element, at + 6))
}

/// Where the value begins after `is`, `was`, `to`; none where the next word looks like one.
pub(super) fn prose(text: &[u8], at: usize) -> Option<usize> {
    const FILLERS: [&[u8]; 4] = [b"is ", b"was ", b"to ", b"as "];
    let mut at = at + blanks(text, at, false);
    for _ in 0..2 {
        at += FILLERS.iter().find(|filler| rest(text, at).starts_with(filler)).map_or(0, |filler| filler.len());
    }
    let word = rest(text, at).split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let mixed = word.iter().any(u8::is_ascii_digit) && word.iter().any(u8::is_ascii_alphabetic);
    (mixed && word.len() >= 6 && !names_algorithm(word) && !word.starts_with(b"0x")).then_some(at)
}

/// `sha256`, `base64`, `utf8`: words with digits that stand beside names of secrets.
fn names_algorithm(word: &[u8]) -> bool {
    const NAMES: [&str; 10] = ["sha", "md5", "base", "utf", "argon", "pbkdf", "aes", "rsa", "ed25519", "rfc"];
    NAMES.iter().any(|name| word.len() >= name.len() && word[..name.len()].eq_ignore_ascii_case(name.as_bytes()))
}

fn equals(text: &[u8], at: usize, spaced_before: bool) -> (Tie, usize) {
    let after = blanks(text, at, false);
    (Tie::Equals { spaced: spaced_before && after > 0 }, at + after)
}

fn rest(text: &[u8], at: usize) -> &[u8] {
    text.get(at..).unwrap_or_default()
}

fn blanks(text: &[u8], at: usize, lines_too: bool) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t') || (lines_too && matches!(byte, b'\n' | b'\r'));
    if rest(text, at).starts_with(b"\r\n\r\n") {
        return 0;
    }
    let mut count = rest(text, at).iter().take(SPACES_MOST).take_while(is_blank).count();
    while count < SPACES_MOST && rest(text, at + count).starts_with(WIDE_BLANK) {
        count += WIDE_BLANK.len();
        count += rest(text, at + count).iter().take(SPACES_MOST).take_while(is_blank).count();
    }
    count
}

/// `name="password"` of a multipart form (RFC 7578).
fn is_form_field(text: &[u8], name: &Name, quoted: bool) -> bool {
    quoted && text[..name.start].ends_with(b"name=\"")
}

/// A quotation mark with the backslashes that a JSON text within a text puts before it.
fn quote_at(text: &[u8], at: usize) -> Option<(u8, usize)> {
    let slashes = rest(text, at).iter().take(SPACES_MOST).take_while(|byte| **byte == b'\\').count();
    match text.get(at + slashes) {
        Some(quote @ (b'"' | b'\'' | b'`')) => Some((*quote, slashes + 1)),
        _ => None,
    }
}

/// Headers whose value is more than one word. `Some(None)` where it is such a header without a secret.
#[expect(clippy::option_option, reason = "whether it is a header, and whether it holds a secret")]
fn header(text: &[u8], name: &Name, tie: Tie, start: usize) -> Option<Option<(usize, usize)>> {
    let header = name.last_part(text);
    let is_cookie = header.ends_with(b"cookie") && matches!(tie, Tie::Colon { .. });
    if !is_cookie && !header.ends_with(b"authorization") {
        return None;
    }
    let start = start + quote_at(text, start).map_or(0, |(_, length)| length);
    let head = &text[start..text.len().min(start + HEADER_LOOK)];
    if is_cookie {
        let pair = head.iter().position(|byte| matches!(byte, b'=' | b'"' | b'\r' | b'\n'));
        let is_pair = pair.is_some_and(|at| at > 0 && head[at] == b'=' && head[at - 1] != b' ');
        let end = if is_pair { header_end(text, name, start) } else { start };
        return Some((end > start && &text[start..end] != PLACEHOLDER.as_bytes()).then_some((start, end)));
    }
    let scheme = head.iter().position(|byte| *byte == b' ').filter(|length| is_scheme(&head[..*length]))?;
    let secret = start + scheme + 1;
    let line_end = header_end(text, name, secret);
    // Of `Bearer x` and its like one word is the secret, of `Digest a=b, c=d` all of them.
    let one_word = scheme <= 6 && memchr::memmem::find(&text[secret..line_end], b", ").is_none();
    let word = text[secret..line_end].iter().position(|byte| ends_word(*byte)).filter(|_| one_word);
    let end = word.map_or(line_end, |length| secret + length);
    Some((end > secret && &text[secret..end] != PLACEHOLDER.as_bytes()).then_some((secret, end)))
}

/// The end of the line, or the quotation mark that closes what the header stands in.
fn header_end(text: &[u8], name: &Name, start: usize) -> usize {
    let opening = text[..name.start].last().copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let ends = |byte: u8| matches!(byte, b'\r' | b'\n' | b'"') || Some(byte) == opening;
    text[start..].iter().position(|byte| ends(*byte)).map_or(text.len(), |length| start + length)
}

fn is_scheme(word: &[u8]) -> bool {
    const SCHEMES: [&str; 14] = [
        "bearer",
        "basic",
        "digest",
        "token",
        "negotiate",
        "ntlm",
        "apikey",
        "api-key",
        "ssws",
        "hawk",
        "bot",
        "dpop",
        "aws4-hmac-sha256",
        "sharedkey",
    ];
    SCHEMES.iter().any(|scheme| scheme.as_bytes().eq_ignore_ascii_case(word))
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>' | b')')
}

struct Value {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Value {
    fn read(text: &[u8], start: usize, tie: Tie, name: &Name) -> Self {
        if tie == Tie::Element {
            let quoted = usize::from(matches!(text.get(start), Some(b'"' | b'\'')));
            let start = start + quoted;
            let stop = |byte: u8| matches!(byte, b'<' | b'\r' | b'\n') || (quoted == 1 && matches!(byte, b'"' | b'\''));
            let length = rest(text, start).iter().position(|byte| stop(*byte));
            return Self { start, end: length.map_or(text.len(), |length| start + length), quoted: true };
        }
        // A letter before a string of Python: b'…', f"…".
        let prefix = usize::from(matches!(rest(text, start), [b'b' | b'f' | b'r' | b'u', b'"' | b'\'', ..]));
        match quote_at(text, start + prefix) {
            Some((quote, length)) => {
                let start = start + prefix + length;
                Self { start, end: quoted_end(text, start, quote, length - 1), quoted: true }
            }
            None => Self { start, end: word_end(text, start, name), quoted: false },
        }
    }

    fn is_secret(&self, text: &[u8], name: &Name, sensitivity: Sensitivity, tie: Tie) -> bool {
        let value = &text[self.start..self.end];
        let strong = matches!(sensitivity, Strong | Text | Directory);
        let digit = value.iter().any(u8::is_ascii_digit);
        let unlike_a_word = digit && value.len() >= 8 || value.len() >= 20;
        if is_common_word(value) {
            return false;
        }
        if self.quoted {
            return match tie {
                Tie::Prose => false,
                Tie::Colon { name_quoted: true, .. } | Tie::Element => true,
                Tie::Colon { .. } | Tie::Apposition => strong || unlike_a_word,
                Tie::Equals { .. } | Tie::Blank => strong || digit || value.len() >= 8 && sensitivity == Weak,
            };
        }
        match tie {
            Tie::Blank => !value.starts_with(b"-") && !is_path(value),
            _ if is_code(text, self) || sensitivity == Plural => false,
            Tie::Equals { spaced: false } => {
                strong || is_parameter(text, name) || digit || value.len() >= 6 || !is_plain_code(text, self)
            }
            Tie::Equals { spaced: true } if is_expression(value) || names_algorithm(value) => false,
            Tie::Equals { spaced: true } => (strong && !is_plain_code(text, self)) || unlike_a_word,
            Tie::Colon { name_quoted: true, .. } => digit && (value.len() >= 6 || value.iter().all(u8::is_ascii_digit)),
            Tie::Colon { spaced: false, .. } => strong || unlike_a_word,
            Tie::Colon { .. } if strong => {
                stands_on_its_line(text, name, self) || (!is_plain_word(value) && value.len() >= 4)
            }
            Tie::Colon { .. } => digit && value.len() >= 16 || (stands_on_its_line(text, name, self) && unlike_a_word),
            Tie::Apposition | Tie::Element => strong,
            Tie::Prose => true,
        }
    }
}

/// The closing mark with as many backslashes before it as the opening one; else the end of the line.
fn quoted_end(text: &[u8], start: usize, quote: u8, slashes: usize) -> usize {
    let mut seen = 0;
    for (at, &byte) in text.iter().enumerate().skip(start) {
        if byte == b'\\' {
            seen += 1;
            continue;
        }
        let escaped = if slashes == 0 { seen % 2 == 1 } else { seen > slashes };
        if byte == quote && !escaped {
            return at - seen.min(slashes);
        }
        seen = 0;
    }
    rest(text, start).iter().position(|byte| *byte == b'\n').map_or(text.len(), |length| start + length)
}

/// The end of a value without quotation marks. Signs that may belong to a password end it only where what
/// follows shows that they do not.
fn word_end(text: &[u8], start: usize, name: &Name) -> usize {
    let in_address = is_parameter(text, name);
    let mut at = start;
    while at < text.len() {
        let next = text.get(at + 1).copied();
        let ends = match text[at] {
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => true,
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | b';' | b'|' => true,
            b'#' => in_address,
            b'&' => {
                in_address
                    || next.is_none_or(|next| next == b'&' || next.is_ascii_whitespace())
                    || names_follow(text, at)
            }
            b',' => next.is_none_or(|next| !next.is_ascii_alphanumeric()) || names_follow(text, at),
            b')' | b']' | b'}' => next.is_none_or(|next| !next.is_ascii_alphanumeric()),
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    // The full stop of a sentence.
    while at > start && matches!(text[at - 1], b'.' | b',' | b':') {
        at -= 1;
    }
    at
}

/// `,user=` and `&page=`: the sign separates values.
fn names_follow(text: &[u8], at: usize) -> bool {
    let name = rest(text, at + 1).iter().take(64).take_while(|byte| super::in_name(**byte)).count();
    name > 0 && matches!(text.get(at + 1 + name), Some(b'=' | b':'))
}

/// `?token=…` of an address.
fn is_parameter(text: &[u8], name: &Name) -> bool {
    matches!(text[..name.start], [.., b'?' | b'&'])
}

/// A line of configuration, or all of a text in quotation marks: nothing but the name before the value,
/// nothing after it.
fn stands_on_its_line(text: &[u8], name: &Name, value: &Value) -> bool {
    const MARGIN: usize = 64;
    let before = &text[name.start.saturating_sub(MARGIN)..name.start];
    let after = &text[value.end..text.len().min(value.end + MARGIN)];
    let indent = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let tail = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let quoted = matches!((before.last(), after.first()), (Some(b'"' | b'\'' | b'`'), after) if after == before.last());
    let blank =
        |text: &[u8]| text.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'#' | b'"' | b'\''));
    quoted || (indent.len() < MARGIN && blank(indent) && tail.len() < MARGIN && blank(tail))
}

/// Stands for a value, and is none: `$TOKEN`, `${…}`, `<password>`, `{{ token }}`, `secret://x`, `****`.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let constant = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    match value {
        [b'$', b'{' | b'(', ..]
        | [b'{', b'{', ..]
        | [b'%', b's' | b'v' | b'd' | b'q' | b'(' | b'{', ..]
        | [b'<', .., b'>']
        | [b'{', .., b'}']
        | [b'[', .., b']'] => true,
        [b'$', name @ ..] => constant(name) || crate::redact::words::classify(name).is_some(),
        [b'%', name @ .., b'%'] => constant(name),
        _ => {
            value == PLACEHOLDER.as_bytes()
                || [&b"secret://"[..], b"op://", b"vault:", b"ref+"].iter().any(|scheme| value.starts_with(scheme))
                || is_mask(value)
        }
    }
}

/// Nothing but stars, dots, bullets or the letter x.
fn is_mask(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'*' | b'.' | b'-' | b'#'))
        || (value.len() >= 3 && value.iter().all(|byte| matches!(byte, b'x' | b'X')))
        || std::str::from_utf8(value).is_ok_and(|text| text.chars().all(|letter| matches!(letter, '•' | '●' | '…')))
}

fn is_path(value: &[u8]) -> bool {
    value.starts_with(b"/")
        || value.starts_with(b"~/")
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || matches!(value, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// Where a key lies, not the key.
fn is_key_file(value: &[u8]) -> bool {
    let ending = [&b".pem"[..], b".key", b".p12", b".pfx", b".pub", b".crt", b".json", b".txt", b".asc", b".gpg"];
    value.contains(&b'/')
        && (ending.iter().any(|ending| value.ends_with(ending)) || memchr::memmem::find(value, b".ssh/").is_some())
}

/// A word without a capital after its beginning.
fn is_plain_word(value: &[u8]) -> bool {
    is_word(value) && !value.iter().skip(1).any(u8::is_ascii_uppercase)
}

fn is_word(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'))
}

/// An expression of a programming language: a call, an index, a type, a field of something well known.
fn is_code(text: &[u8], value: &Value) -> bool {
    const OBJECTS: [&str; 36] = [
        "self", "this", "cls", "config", "cfg", "conf", "settings", "env", "process", "os", "args", "opts", "options",
        "request", "req", "ctx", "context", "params", "app", "state", "data", "user", "obj", "client", "response",
        "res", "secrets", "vars", "var", "local", "module", "inputs", "steps", "github", "props", "input",
    ];
    let bytes = &text[value.start..value.end];
    let name = bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if name == 0 {
        let is_pointer = bytes == b"*const" || bytes == b"*mut";
        return is_pointer || (matches!(bytes, [b'&' | b'(' | b'[', ..]) && bytes.len() < 16);
    }
    match bytes.get(name) {
        Some(b'(' | b'[') => true,
        Some(b'<') | None if rest(text, value.start + name).starts_with(b"<") => true,
        Some(b':') if bytes[name..].starts_with(b"::") => true,
        Some(b'.') => OBJECTS.iter().any(|object| object.as_bytes() == &bytes[..name]),
        _ => false,
    }
}

/// A call of a method, or a variable that is named after what it holds.
fn is_expression(value: &[u8]) -> bool {
    let path = value.iter().take_while(|byte| super::in_name(**byte)).count();
    let is_call = path > 0 && value.get(path) == Some(&b'(') && value[..path].contains(&b'.');
    is_call || (value.contains(&b'_') && is_plain_word(value) && crate::redact::words::classify(value).is_some())
}

/// A lone variable at the end of a statement.
fn is_plain_code(text: &[u8], value: &Value) -> bool {
    let bytes = &text[value.start..value.end];
    let is_constant = bytes.contains(&b'_') && bytes.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
    is_constant || is_word(bytes) && matches!(text.get(value.end), Some(b';' | b',' | b')'))
}

fn is_common_word(value: &[u8]) -> bool {
    value.len() <= 12 && is_common(&value.to_ascii_lowercase())
}

word_list! {
    /// Words that stand after names of secrets in prose, schemas and code.
    is_common:
    b"null" b"none" b"nil" b"undefined" b"true" b"false" b"yes" b"no" b"on" b"off" b"required" b"optional"
    b"missing" b"invalid" b"incorrect" b"wrong" b"empty" b"expired" b"unknown" b"string" b"str" b"text" b"bool"
    b"boolean" b"int" b"integer" b"number" b"any" b"object" b"bytes" b"char" b"varchar" b"uuid" b"field" b"value"
    b"values" b"input" b"prompt" b"changed" b"reset" b"set" b"unset" b"default" b"disabled" b"enabled" b"hidden"
    b"masked" b"redacted" b"removed" b"n/a" b"tbd" b"todo" b"the" b"a" b"an" b"is" b"was" b"not" b"and" b"or" b"for"
    b"from" b"of" b"to" b"in" b"must" b"should" b"can" b"cannot" b"has" b"have" b"are" b"be" b"with" b"it" b"your"
    b"you" b"my" b"this" b"that" b"rejected" b"accepted" b"denied" b"mismatch" b"not_found" b"error" b"failed" b"ok"
    b"password" b"passwd" b"secret" b"token" b"username" b"user" b"key" b"auth" b"credentials" b"basic" b"bearer"
    b"see" b"use" b"new" b"await" b"const" b"let" b"function" b"lambda" b"match" b"if" b"too" b"list" b"dict" b"map"
    b"array" b"secretstr" b"secretstring"
}
