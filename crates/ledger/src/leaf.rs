//! The leaf: the small public form of a record. It holds no content.
//!
//! `docs/format.md`, "Leaf", is the normative description. A leaf has exactly
//! one byte form, so the reader is a strict cursor over it: what it accepts,
//! the writer would have written.

mod emit;
mod parse;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

pub(crate) use emit::{Body, Seal, emit};
pub(crate) use parse::{Cursor, Parsed};

use crate::{Error, Hash, Origin, RecordSignature};

/// Where a record stands in what it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// About to happen.
    Intent,
    /// What came of an intent.
    Outcome,
    /// Happened; there was no intent.
    Event,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 3] = [Self::Intent, Self::Outcome, Self::Event];

    /// The text in leaves and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or(Error::TextMalformed { what: "phase", why: "it is `intent`, `outcome` or `event`" })
    }
}

impl Serialize for Phase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Phase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a leaf stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeafType {
    /// A record of the domain.
    Record,
    /// A change of the keys that may sign.
    Key,
    /// The destruction of parts sealed before.
    Erase,
}

impl LeafType {
    /// Every type.
    pub const ALL: [Self; 3] = [Self::Record, Self::Key, Self::Erase];

    /// The text in leaves.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Key => "key",
            Self::Erase => "erase",
        }
    }
}

impl fmt::Display for LeafType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for LeafType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|typ| typ.as_str() == text)
            .ok_or(Error::TextMalformed { what: "leaf type", why: "it is `record`, `key` or `erase`" })
    }
}

/// A leaf, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Version of the format.
    pub v: u32,
    /// The ledger it belongs to.
    pub origin: Origin,
    /// What it stands for.
    pub typ: LeafType,
    /// Identity of the record.
    pub id: Uuid,
    /// What several records tell together.
    pub operation: Option<Uuid>,
    /// Where the record stands in its operation.
    pub phase: Phase,
    /// When it happened, as claimed: microseconds since 1970, UTC.
    pub occurred_us: i64,
    /// When it was sealed, as claimed by the writer: microseconds since 1970, UTC.
    pub sealed_us: i64,
    /// Place in the ledger, from 0.
    pub seq: u64,
    /// Hash of the leaf before; zeros for the first.
    pub prev: Hash,
    /// Names and commitments of the parts, in the order of the names.
    pub parts: Vec<(Box<str>, Hash)>,
    /// Signatures over the record, in the order of the keys' fingerprints.
    pub sigs: Vec<RecordSignature>,
}

impl Leaf {
    /// Reads a leaf in its one canonical form, and no other.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut parsed = Parsed::default();
        parsed.read(bytes)?;
        let origin = std::str::from_utf8(&bytes[parsed.origin.clone()]).expect("an origin is ASCII");
        let name = |range: &std::ops::Range<usize>| {
            Box::from(std::str::from_utf8(&bytes[range.clone()]).expect("a part name is ASCII"))
        };
        Ok(Self {
            v: crate::FORMAT_VERSION,
            origin: origin.parse().expect("the cursor checked the origin"),
            typ: parsed.typ,
            id: parsed.id,
            operation: parsed.operation,
            phase: parsed.phase,
            occurred_us: parsed.occurred_us,
            sealed_us: parsed.sealed_us,
            seq: parsed.seq,
            prev: parsed.prev,
            parts: parsed.parts.iter().map(|(range, hash)| (name(range), *hash)).collect(),
            sigs: parsed.sigs,
        })
    }

    /// The record hash: `SHA-256(0x00 ‖ leaf)`, which is also its RFC 6962 leaf hash.
    pub fn hash(bytes: &[u8]) -> Hash {
        Hash::of_leaf(bytes)
    }

    /// SHA-256 of the leaf without `prev`, `sealed_us`, `seq` and `sigs`: what its signers signed.
    pub fn signing_digest_of(bytes: &[u8]) -> Result<Hash, Error> {
        let mut parsed = Parsed::default();
        parsed.read(bytes)?;
        Ok(parsed.signing_digest(bytes))
    }

    /// The commitment to a part.
    pub fn commitment(&self, name: &str) -> Option<&Hash> {
        self.parts.iter().find(|(part, _)| &**part == name).map(|(_, commitment)| commitment)
    }

    /// The canonical bytes: what [`Leaf::parse`] read.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let body = Body {
            id: self.id,
            occurred_us: self.occurred_us,
            operation: self.operation,
            origin: &self.origin,
            phase: self.phase,
            typ: self.typ,
        };
        let seal = Seal { prev: &self.prev, sealed_us: self.sealed_us, seq: self.seq, sigs: &self.sigs };
        emit(&mut out, &body, self.parts.iter().map(|(name, hash)| (&**name, hash)), Some(&seal));
        out
    }
}

/// Whether a part may have this name: `[a-z][a-z0-9_.-]{0,31}`.
pub(crate) fn is_part_name(name: &[u8]) -> bool {
    name.len() <= crate::PART_NAME_BYTES_MAX
        && name.first().is_some_and(u8::is_ascii_lowercase)
        && name.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
}
