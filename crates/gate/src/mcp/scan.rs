//! One strict pass over JSON text (RFC 8259), without building a tree and without recursion.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::Bad;
use crate::mcp::texts;

/// How deep lists and maps may lie in each other in what the gateway reads.
const DEPTH_MAX: usize = 512;
/// The same where rules are enforced: they look no deeper.
const DEPTH_MAX_STRICT: usize = sealbook_policy::DEPTH_MAX;

/// The number of an object, and a key in it.
type Key<'a> = (u32, Cow<'a, str>);

/// A position in a text.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The keys of every object so far, where they are compared: the object's number and the key as it folds, each
    /// with the key as it was first written.
    keys: Option<HashMap<Key<'a>, Cow<'a, str>>>,
    /// Keys that were written in another way than the first one like it.
    twins: HashSet<Key<'a>>,
    /// Whether that is done at every depth, and texts that are JSON are looked into.
    is_deep: bool,
    objects: u32,
    open: Vec<Frame>,
}

#[derive(Clone, Copy, PartialEq)]
enum Frame {
    List,
    /// And its number.
    Map(u32),
}

impl<'a> Scan<'a> {
    /// A scan of `text`; `strict` also refuses what two readers could read differently.
    pub(crate) fn new(text: &'a str, strict: bool) -> Self {
        Self {
            text,
            at: 0,
            keys: strict.then(HashMap::new),
            twins: HashSet::new(),
            is_deep: strict,
            objects: 0,
            open: Vec::new(),
        }
    }

    /// The same, strict with the keys of the outermost object alone.
    pub(crate) fn shallow(text: &'a str) -> Self {
        Self { is_deep: false, ..Self::new(text, true) }
    }

    /// The next byte that is no white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes the byte if it is the next one.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// Fails where anything but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Bad> {
        if self.peek().is_none() { Ok(()) } else { Err(Bad::Syntax) }
    }

    /// A string, unescaped.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Bad> {
        if self.peek() != Some(b'"') {
            return Err(Bad::Syntax);
        }
        let raw = self.string()?;
        Ok(unquoted(raw))
    }

    /// Notes the key of an object that the caller walks through itself.
    pub(crate) fn note(&mut self, key: Cow<'a, str>) -> Result<(), Bad> {
        self.note_in(u32::MAX, key, false)
    }

    /// The names, as they fold, of members that are there twice but for case.
    pub(crate) fn twins(&self) -> Vec<String> {
        self.twins.iter().map(|(_, key)| folded(key.clone()).into_owned()).collect()
    }

    fn note_in(&mut self, object: u32, key: Cow<'a, str>, may_differ: bool) -> Result<(), Bad> {
        let Some(keys) = &mut self.keys else { return Ok(()) };
        match keys.entry((object, folded(key.clone()))) {
            Entry::Vacant(place) => drop(place.insert(key)),
            Entry::Occupied(first) if !may_differ || *first.get() == key => return Err(Bad::Duplicate),
            Entry::Occupied(_) if !self.twins.insert((object, key)) => return Err(Bad::Duplicate),
            Entry::Occupied(_) => {}
        }
        Ok(())
    }

    /// Any value, as it stands.
    pub(crate) fn value(&mut self) -> Result<&'a str, Bad> {
        self.skip_space();
        let start = self.at;
        self.open.clear();
        loop {
            if self.begin_value()? {
                continue;
            }
            // A value ended; so may what it lies in.
            loop {
                match self.open.last().copied() {
                    None => return Ok(&self.text[start..self.at]),
                    Some(Frame::List) if self.take(b',') => break,
                    Some(Frame::List) if self.take(b']') => drop(self.open.pop()),
                    Some(Frame::Map(object)) if self.take(b',') => {
                        self.member(object)?;
                        break;
                    }
                    Some(Frame::Map(_)) if self.take(b'}') => drop(self.open.pop()),
                    Some(_) => return Err(Bad::Syntax),
                }
            }
        }
    }

    /// Begins a value; true where it lies within one that was opened just now, and another must follow.
    fn begin_value(&mut self) -> Result<bool, Bad> {
        match self.peek().ok_or(Bad::Syntax)? {
            b'"' => {
                let raw = self.string()?;
                if self.is_deep && texts::is_too_deep(raw) { Err(Bad::TooDeep) } else { Ok(false) }
            }
            b'{' => {
                self.at += 1;
                self.objects += 1;
                let object = self.objects;
                self.push(Frame::Map(object))?;
                if self.take(b'}') {
                    self.open.pop();
                    return Ok(false);
                }
                self.member(object).map(|()| true)
            }
            b'[' => {
                self.at += 1;
                self.push(Frame::List)?;
                if self.take(b']') {
                    self.open.pop();
                    return Ok(false);
                }
                Ok(true)
            }
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn push(&mut self, frame: Frame) -> Result<(), Bad> {
        if self.open.len() == if self.is_deep { DEPTH_MAX_STRICT } else { DEPTH_MAX } {
            return Err(Bad::TooDeep);
        }
        self.open.push(frame);
        Ok(())
    }

    /// `"key":`
    fn member(&mut self, object: u32) -> Result<(), Bad> {
        if self.peek() != Some(b'"') {
            return Err(Bad::Syntax);
        }
        let raw = self.string()?;
        if self.is_deep {
            // A message's own members and those of its parameters are the protocol's.
            self.note_in(object, unquoted(raw), self.open.len() > 1)?;
        }
        if self.take(b':') { Ok(()) } else { Err(Bad::Syntax) }
    }

    /// A string with its quotes.
    fn string(&mut self) -> Result<&'a str, Bad> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        let mut at = start + 1;
        loop {
            at += plain(&bytes[at.min(bytes.len())..]);
            match *bytes.get(at).ok_or(Bad::Syntax)? {
                b'"' => break,
                b'\\' => at += escape(&bytes[at..]).ok_or(Bad::Syntax)?,
                0..0x20 => return Err(Bad::Syntax),
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Ok(&self.text[start..self.at])
    }

    fn word(&mut self, word: &str) -> Result<bool, Bad> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Bad::Syntax);
        }
        self.at += word.len();
        Ok(false)
    }

    fn number(&mut self) -> Result<bool, Bad> {
        let bytes = self.text.as_bytes();
        let digits = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut at = self.at + usize::from(bytes[self.at] == b'-');
        let whole = digits(at);
        if whole == 0 || (whole > 1 && bytes[at] == b'0') {
            return Err(Bad::Syntax);
        }
        at += whole;
        if bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            if fraction == 0 {
                return Err(Bad::Syntax);
            }
            at += 1 + fraction;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at.min(bytes.len()));
            if exponent == 0 {
                return Err(Bad::Syntax);
            }
            at += exponent;
        }
        self.at = at;
        Ok(false)
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }
}

/// A key as readers see it that ignore case: there, two that fold alike are one.
fn folded(key: Cow<'_, str>) -> Cow<'_, str> {
    if key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return key;
    }
    Cow::Owned(key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect())
}

/// Bytes at the beginning that surely neither end nor escape nor are control characters: whole blocks, each
/// looked at at once.
fn plain(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    // Without a branch for each byte, so that the compiler compares many at once.
    let special = |byte: u8| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    let is_plain = |block: &&[u8]| block.iter().fold(0, |found, byte| found | special(*byte)) == 0;
    bytes.chunks_exact(BLOCK).take_while(is_plain).count() * BLOCK
}

/// The length of the escape that `bytes` begins with.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => bytes.get(2..6)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

/// The text of a JSON string that was found to be one. Where it holds half a surrogate pair, which no text
/// does, it is given as it stands.
pub(crate) fn unquoted(raw: &str) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::{Bad, Scan};

    #[test]
    fn what_ends_a_string_is_seen_wherever_it_stands() {
        for at in 0..100 {
            let plain = "é".repeat(at / 2) + &"x".repeat(at % 2);
            for (text, is_json) in [
                (format!("\"{plain}\""), true),
                (format!("\"{plain}\\\"{plain}\""), true),
                (format!("\"{plain}\\u00e9{plain}\""), true),
                (format!("\"{plain}\n{plain}\""), false),
                (format!("\"{plain}\u{1f}{plain}\""), false),
                (format!("\"{plain}\\x{plain}\""), false),
                (format!("\"{plain}"), false),
            ] {
                let mut scan = Scan::new(&text, true);
                let read = scan.value();
                assert_eq!(read, if is_json { Ok(&*text) } else { Err(Bad::Syntax) }, "{text}");
                assert_eq!(scan.end().is_ok(), is_json, "{text}");
            }
        }
    }
}
