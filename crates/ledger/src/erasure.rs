//! What an erase leaf says, in its part `erasure`.

use serde::{Deserialize, Serialize};

use crate::{Error, leaf::is_part_name};

/// The parts whose salt and content were destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// At least one; in the text they are ordered by place and name.
    pub parts: Vec<ErasedPart>,
}

/// One part of an entry sealed earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErasedPart {
    /// Place of the entry.
    pub seq: u64,
    /// Name of the part.
    pub name: String,
}

impl Erasure {
    /// The canonical text.
    pub fn to_json(&self) -> Vec<u8> {
        let mut parts: Vec<_> = self.parts.iter().collect();
        parts.sort_unstable();
        parts.dedup();
        let text = |part: &ErasedPart| PartText { name: part.name.clone(), seq: part.seq.to_string() };
        serde_json::to_vec(&Text { parts: parts.into_iter().map(text).collect() }).expect("plain structs are JSON")
    }

    /// Reads the canonical text, and no other.
    pub fn from_json(text: &[u8]) -> Result<Self, Error> {
        let refuse = |why| Error::ErasureRefused { why };
        let Text { parts } = serde_json::from_slice(text).map_err(|_| refuse("it is not an object of its kind"))?;
        let read = |part: PartText| {
            let seq = part.seq.parse().map_err(|_| refuse("a number is not in decimal"))?;
            if !is_part_name(part.name.as_bytes()) {
                return Err(refuse("a name is not that of a part"));
            }
            Ok(ErasedPart { seq, name: part.name })
        };
        let erasure = Self { parts: parts.into_iter().map(read).collect::<Result<_, Error>>()? };
        if erasure.parts.is_empty() {
            return Err(refuse("it names no part"));
        }
        if erasure.to_json() != text {
            return Err(refuse("it is not in canonical form"));
        }
        Ok(erasure)
    }
}

#[derive(Serialize, Deserialize)]
struct Text {
    parts: Vec<PartText>,
}

#[derive(Serialize, Deserialize)]
struct PartText {
    name: String,
    seq: String,
}
