//! The lines of a bundle. Each has one form; what is read here, the writer would have written.

use std::ops::Range;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{BUNDLE, PROOF_MAX};
use crate::{
    EntryPart, Error, Hash, Origin, PARTS_MAX,
    leaf::{Cursor, Parsed},
};

/// Whether a bundle shows all of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Whole,
    Selection,
}

/// The first line.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    /// How many entries follow.
    pub(super) count: u64,
}

impl Header {
    pub(super) fn to_line(&self) -> Vec<u8> {
        let (count, origin) = (self.count.to_string(), self.origin.to_string());
        line(&HeaderText { bundle: BUNDLE.to_owned(), count, kind: self.kind, origin })
    }

    pub(super) fn from_line(text: &[u8]) -> Option<Self> {
        let HeaderText { bundle, count, kind, origin } = serde_json::from_slice(text).ok()?;
        let header = Self { kind, origin: origin.parse().ok()?, count: count.parse().ok()? };
        (bundle == BUNDLE && header.to_line() == text).then_some(header)
    }
}

/// The second line: the note as it was signed.
pub(super) fn checkpoint_to_line(note: &str) -> Vec<u8> {
    line(&CheckpointText { checkpoint: note.to_owned() })
}

pub(super) fn checkpoint_from_line(text: &[u8]) -> Option<String> {
    let CheckpointText { checkpoint } = serde_json::from_slice(text).ok()?;
    (checkpoint_to_line(&checkpoint) == text).then_some(checkpoint)
}

/// The line of one entry.
pub(super) fn entry_to_line(leaf: &[u8], parts: &[EntryPart<'_>], proof: Option<&[Hash]>, out: &mut String) {
    out.clear();
    out.push_str(r#"{"leaf":"#);
    out.push_str(std::str::from_utf8(leaf).expect("a leaf is ASCII"));
    out.push_str(r#","parts":{"#);
    for (at, part) in parts.iter().enumerate() {
        out.push_str(if at == 0 { "\"" } else { ",\"" });
        out.push_str(part.name());
        match part {
            EntryPart::Present { salt, bytes, .. } => {
                out.push_str(r#"":{"bytes":""#);
                STANDARD.encode_string(bytes, out);
                out.push_str(r#"","salt":""#);
                STANDARD.encode_string(salt, out);
                out.push_str(r#""}"#);
            }
            EntryPart::Erased { .. } => out.push_str(r#"":"erased""#),
            EntryPart::Withheld { .. } => out.push_str(r#"":"withheld""#),
        }
    }
    out.push('}');
    if let Some(proof) = proof {
        out.push_str(r#","proof":["#);
        for (at, hash) in proof.iter().enumerate() {
            out.push_str(if at == 0 { "\"" } else { ",\"" });
            STANDARD.encode_string(hash.0, out);
            out.push('"');
        }
        out.push(']');
    }
    out.push_str("}\n");
}

/// The line of one entry, read. One value is reused from line to line.
#[derive(Debug, Default)]
pub(super) struct EntryLine {
    pub(super) leaf: Range<usize>,
    pub(super) parsed: Parsed,
    pub(super) proof: Option<Vec<Hash>>,
    parts: Vec<(Range<usize>, Shown)>,
    contents: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Shown {
    Present { salt: [u8; 32], bytes: Range<usize> },
    Erased,
    Withheld,
}

impl EntryLine {
    /// Replaces what was read before. `text` ends with a line feed.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<(), Error> {
        self.parts.clear();
        self.contents.clear();
        let mut cursor = Cursor::new(text);
        cursor.expect(br#"{"leaf":"#, "`leaf`")?;
        let start = cursor.at();
        self.parsed.read_from(&mut cursor)?;
        self.leaf = start..cursor.at();
        if self.leaf.len() > crate::LEAF_BYTES_MAX {
            return cursor.fail("a leaf of at most 65535 bytes");
        }
        cursor.expect(br#","parts":{"#, "`parts`")?;
        self.read_parts(text, &mut cursor)?;
        self.proof = if cursor.take(b',') { Some(read_proof(text, &mut cursor)?) } else { None };
        cursor.expect(b"}\n", "the end of the line")?;
        cursor.end()
    }

    /// The parts as they are shown, in the order of their names.
    pub(super) fn parts<'a>(&'a self, text: &'a [u8]) -> Vec<EntryPart<'a>> {
        let part = |(name, shown): &'a (Range<usize>, Shown)| {
            let name = std::str::from_utf8(&text[name.clone()]).expect("a part name is ASCII");
            match shown {
                Shown::Present { salt, bytes } => {
                    EntryPart::Present { name, salt, bytes: &self.contents[bytes.clone()] }
                }
                Shown::Erased => EntryPart::Erased { name },
                Shown::Withheld => EntryPart::Withheld { name },
            }
        };
        self.parts.iter().map(part).collect()
    }

    fn read_parts(&mut self, text: &[u8], cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if cursor.take(b'}') {
            return Ok(());
        }
        loop {
            cursor.expect(b"\"", "a part")?;
            let name = cursor.part_name()?;
            if self.parts.last().is_some_and(|(last, _)| text[last.clone()] >= text[name.clone()]) {
                return cursor.fail("parts in ascending order of their names");
            }
            cursor.expect(br#"":"#, "`:`")?;
            let shown = self.read_part(text, cursor)?;
            self.parts.push((name, shown));
            if cursor.take(b'}') {
                return Ok(());
            }
            if self.parts.len() == PARTS_MAX {
                return cursor.fail("at most 64 parts");
            }
            cursor.expect(b",", "`,` or `}`")?;
        }
    }

    fn read_part(&mut self, text: &[u8], cursor: &mut Cursor<'_>) -> Result<Shown, Error> {
        if cursor.take(b'"') {
            let word = cursor.until_quote(8);
            cursor.expect(b"\"", "`\"`")?;
            return match &text[word] {
                b"erased" => Ok(Shown::Erased),
                b"withheld" => Ok(Shown::Withheld),
                _ => cursor.fail("`erased`, `withheld` or an object"),
            };
        }
        cursor.expect(br#"{"bytes":""#, "`bytes`")?;
        let start = self.contents.len();
        let encoded = cursor.until_quote(crate::PART_BYTES_MAX * 4 / 3 + 4);
        if STANDARD.decode_vec(&text[encoded], &mut self.contents).is_err()
            || self.contents.len() - start > crate::PART_BYTES_MAX
        {
            return cursor.fail("base64 of at most 1 MiB");
        }
        let bytes = start..self.contents.len();
        cursor.expect(br#"","salt":""#, "`salt`")?;
        let salt = read_hash(text, cursor)?.0;
        cursor.expect(br#""}"#, "`\"}`")?;
        Ok(Shown::Present { salt, bytes })
    }
}

fn read_proof(text: &[u8], cursor: &mut Cursor<'_>) -> Result<Vec<Hash>, Error> {
    let mut proof = Vec::new();
    cursor.expect(br#""proof":["#, "`proof`")?;
    if cursor.take(b']') {
        return Ok(proof);
    }
    loop {
        cursor.expect(b"\"", "a hash")?;
        proof.push(read_hash(text, cursor)?);
        cursor.expect(b"\"", "`\"`")?;
        if cursor.take(b']') {
            return Ok(proof);
        }
        if proof.len() == PROOF_MAX {
            return cursor.fail("at most 64 hashes");
        }
        cursor.expect(b",", "`,` or `]`")?;
    }
}

/// 32 bytes of base64.
fn read_hash(text: &[u8], cursor: &mut Cursor<'_>) -> Result<Hash, Error> {
    let encoded = cursor.until_quote(44);
    // The decoder asks for room for whole groups of three bytes.
    let mut bytes = [0; 33];
    if encoded.len() == 44 && STANDARD.decode_slice(&text[encoded], &mut bytes) == Ok(32) {
        return Ok(Hash(bytes[..32].try_into().expect("32 bytes")));
    }
    cursor.fail("32 bytes of base64")
}

fn line(text: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(text).expect("plain structs are JSON");
    line.push(b'\n');
    line
}

#[derive(Serialize, Deserialize)]
struct HeaderText {
    bundle: String,
    count: String,
    kind: Kind,
    origin: String,
}

#[derive(Serialize, Deserialize)]
struct CheckpointText {
    checkpoint: String,
}
