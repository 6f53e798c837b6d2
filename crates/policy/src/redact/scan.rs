//! One part of a record, read as JSON without recursion; what it edits are spans of the original text.

mod frame;
mod lists;

use super::span::{PLACEHOLDER, Span};
use super::text::find_secrets;
use super::unescape::Decoded;
use super::words::{Sensitivity, classify};
use super::{Found, anchors, cards};
use crate::DEPTH_MAX;

use frame::Frame;

/// Deeper than [`DEPTH_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// A span of the raw text to be replaced; `value` where a whole JSON value goes.
#[derive(Debug, Clone, Copy)]
struct Edit {
    start: usize,
    end: usize,
    value: bool,
}

/// Whether lists and maps lie in each other deeper than they may.
pub(crate) fn check_depth(json: &[u8]) -> Result<(), TooDeep> {
    // `[` and `{` differ in one bit only. Few of them cannot lie deep. Blocks of 128 are counted at once.
    let openings = |block: &[u8]| block.iter().map(|byte| u8::from(*byte | 0x20 == b'{')).sum::<u8>();
    if json.chunks(128).map(|block| usize::from(openings(block))).sum::<usize>() <= DEPTH_MAX {
        return Ok(());
    }
    let (mut at, mut depth) = (0_usize, 0_usize);
    while at < json.len() {
        match json[at] {
            b'"' => at = string_end(json, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(TooDeep);
        }
        at += 1;
    }
    Ok(())
}

/// Redacts a JSON text that may hold a secret. `None` where it holds none.
pub(crate) fn redact(json: &[u8], part: &str, found: &mut Vec<Found>) -> Option<Vec<u8>> {
    let mut scan = Scan { json, part, frames: Vec::with_capacity(8), edits: Vec::new(), found };
    scan.run();
    if scan.edits.is_empty() {
        return None;
    }
    let mut edits = scan.edits;
    edits.sort_by_key(|edit| (edit.start, std::cmp::Reverse(edit.end)));
    Some(apply(json, &edits))
}

/// Writes the text with the edits made. An edit within one already made is left out.
fn apply(json: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut kept = 0;
    for edit in edits {
        if edit.start < kept {
            continue;
        }
        out.extend_from_slice(&json[kept..edit.start]);
        let quote: &[u8] = if edit.value { b"\"" } else { b"" };
        out.extend_from_slice(quote);
        out.extend_from_slice(PLACEHOLDER.as_bytes());
        out.extend_from_slice(quote);
        kept = edit.end;
    }
    out.extend_from_slice(&json[kept..]);
    out
}

struct Scan<'a> {
    json: &'a [u8],
    part: &'a str,
    frames: Vec<Frame>,
    edits: Vec<Edit>,
    found: &'a mut Vec<Found>,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.json.len() {
            at = match self.json[at] {
                b'"' if self.frames.last().is_some_and(Frame::awaits_key) => self.key(at),
                byte @ (b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => self.value(at, byte),
                b'}' | b']' => {
                    self.frames.pop();
                    self.value_done(at + 1);
                    at + 1
                }
                b',' => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.next();
                    }
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// The name of a member: what it says of the value, and secrets within it.
    fn key(&mut self, at: usize) -> usize {
        let end = string_end(self.json, at) + 1;
        let decoded = Decoded::new(&self.json[at + 1..end - 1]);
        let spans = find_secrets(&decoded.text);
        // Only names that hold a part of a secret's name are read word by word.
        let sensitivity = if anchors::may_be_name(&decoded.text) { classify(&decoded.text) } else { None };
        let role = frame::Role::of(&decoded.text);
        if let Some(frame) = self.frames.last_mut() {
            frame.key(at + 1, end - 1, sensitivity, role);
        }
        self.take_spans(at + 1, &decoded, &spans);
        let colon = self.json[end..].iter().position(|byte| *byte == b':').map_or(end, |offset| end + offset + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.value_follows();
        }
        colon
    }

    fn value(&mut self, at: usize, first: u8) -> usize {
        if let Some(frame) = self.frames.last_mut() {
            frame.value_begins(at);
        }
        if let Some(sensitivity) = self.frames.last().and_then(Frame::sensitivity) {
            let end = value_end(self.json, at);
            let value = &self.json[at..end];
            if goes_by_name(sensitivity, value) && !names_secret(value) {
                self.take_value(at, end, "key");
                self.value_done(end);
                return end;
            }
        }
        match first {
            b'{' | b'[' => {
                self.frames.push(Frame::new(first == b'{'));
                at + 1
            }
            b'"' => {
                let end = string_end(self.json, at) + 1;
                self.text_value(at, end);
                self.value_done(end);
                end
            }
            _ => {
                let end = scalar_end(self.json, at);
                if cards::is_card(&self.json[at..end]) {
                    self.take_value(at, end, "card_number");
                }
                self.value_done(end);
                end
            }
        }
    }

    fn text_value(&mut self, at: usize, end: usize) {
        let decoded = Decoded::new(&self.json[at + 1..end - 1]);
        if let Some(detector) = self.neighbour_tells(&decoded.text) {
            return self.take_value(at, end, detector);
        }
        if self.frames.last().is_some_and(|frame| frame.key_is(self.json, b"b64")) && hides_in_base64(&decoded.text) {
            return self.take_value(at, end, "base64");
        }
        let mut spans = find_secrets(&decoded.text);
        if spans.is_empty() {
            spans.extend(self.login_after_flag(&decoded.text).or_else(|| self.joined_to_flag(&decoded.text)));
        }
        self.take_spans(at + 1, &decoded, &spans);
        self.remember_text(&decoded.text, end);
    }

    /// Ends a value; where the member beside it named a secret, the value goes.
    fn value_done(&mut self, end: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        if let Some((start, end)) = frame.named_value(end) {
            self.take_value(start, end, "named_value");
        }
    }

    fn take_value(&mut self, start: usize, end: usize, detector: &'static str) {
        let raw = &self.json[start..end];
        if raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) == Some(PLACEHOLDER.as_bytes()) {
            return;
        }
        let secret = match raw {
            [b'"', text @ .., b'"'] => Decoded::new(text).text.into_owned(),
            other => other.to_vec(),
        };
        self.edits.push(Edit { start, end, value: true });
        self.found.push(Found { path: self.path(), detector, secret });
    }

    /// Takes spans of a decoded string whose raw text begins at `offset`.
    fn take_spans(&mut self, offset: usize, decoded: &Decoded<'_>, spans: &[Span]) {
        for span in spans {
            let (start, end) = (offset + decoded.raw_offset(span.start), offset + decoded.raw_offset(span.end));
            self.edits.push(Edit { start, end, value: false });
            let secret = decoded.text[span.start..span.end].to_vec();
            self.found.push(Found { path: self.path(), detector: span.detector, secret });
        }
    }

    /// Only what is noted one by one needs its place.
    fn path(&self) -> String {
        if self.found.len() >= super::NOTED_MOST {
            return self.part.to_owned();
        }
        frame::path(self.json, self.part, &self.frames)
    }
}

/// Whether a value goes because of its name alone.
fn goes_by_name(sensitivity: Sensitivity, value: &[u8]) -> bool {
    let text = value.first() == Some(&b'"');
    match sensitivity {
        Sensitivity::Strong | Sensitivity::Weak => true,
        Sensitivity::Text => text,
        Sensitivity::Plural => text || (value.first() == Some(&b'[') && value.contains(&b'"')),
        Sensitivity::Directory => text && !matches!(value[1], b'/' | b'~' | b'.' | b'"') && value.get(2) != Some(&b':'),
    }
}

/// `"secret://name"`, which is put in where it is used, and is no secret itself.
fn names_secret(value: &[u8]) -> bool {
    let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(byte);
    let name = value.strip_prefix(b"\"secret://").and_then(|rest| rest.strip_suffix(b"\""));
    name.is_some_and(|name| (1..=64).contains(&name.len()) && name.iter().all(fits) && find_secrets(name).is_empty())
}

/// Bytes that are no text are kept as base64, which must hide nothing that a text would show.
fn hides_in_base64(text: &[u8]) -> bool {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok_and(|bytes| !find_secrets(&bytes).is_empty())
}

/// The position of the quotation mark that closes the string beginning at `at`.
pub(crate) fn string_end(json: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &json[at..]) {
        if json[at + offset] == b'"' {
            return at + offset;
        }
        at += offset + 2;
    }
    json.len() - 1
}

pub(crate) fn scalar_end(json: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    json[at..].iter().position(ends).map_or(json.len(), |length| at + length)
}

pub(crate) fn value_end(json: &[u8], at: usize) -> usize {
    match json[at] {
        b'"' => string_end(json, at) + 1,
        b'{' | b'[' => {
            let (mut depth, mut at) = (0_usize, at);
            loop {
                match json[at] {
                    b'"' => at = string_end(json, at),
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 || at >= json.len() {
                    return at;
                }
            }
        }
        _ => scalar_end(json, at),
    }
}
