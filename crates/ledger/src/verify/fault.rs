//! What can be wrong with a book, each with its place.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};
use uuid::Uuid;

use crate::Hash;

/// An entry, by its place and, where its leaf could be read, its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPlace {
    /// Place in the ledger.
    pub seq: u64,
    /// Identity of the record.
    pub id: Option<Uuid>,
}

impl fmt::Display for EntryPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "{id} (seq {})", self.seq),
            None => write!(f, "seq {}", self.seq),
        }
    }
}

/// One thing that is wrong. A report lists them all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are places: of an entry, a part, a key, a tile, a checkpoint, a line")]
pub enum Fault {
    /// The bytes are no leaf.
    LeafMalformed { entry: EntryPlace, at: usize, expected: &'static str },
    /// The leaf is not the one that was sealed here.
    LeafAltered { entry: EntryPlace },
    /// The leaf names another place than the one where it is stored.
    LeafMisplaced { entry: EntryPlace, says: u64 },
    /// The leaf belongs to another ledger.
    OriginMismatch { entry: EntryPlace },
    /// The leaf does not name the hash of the one before it.
    ChainBreak { entry: EntryPlace },
    /// Entries are not there, from the first place up to but without the last.
    SeqGap { from: u64, to: u64 },
    /// An entry came out of order, twice, or beyond the end.
    SeqUnexpected { entry: EntryPlace },
    /// Two entries have one id.
    DuplicateId { entry: EntryPlace },
    /// Content or salt of a part is not what was committed to.
    PartAltered { entry: EntryPlace, name: String },
    /// A part is not there, and not erased either.
    PartMissing { entry: EntryPlace, name: String },
    /// Content is stored that the leaf does not commit to.
    PartUnknown { entry: EntryPlace, name: String },
    /// A part is erased, but no erase leaf says so.
    ErasedWithoutRecord { entry: EntryPlace, name: String },
    /// The part `erasure` of an erase leaf does not say what was erased.
    ErasureInvalid { entry: EntryPlace, why: &'static str },
    /// A signature does not hold.
    SignatureInvalid { entry: EntryPlace, key: Hash },
    /// The key may not sign this, or not here.
    KeyNotValid { entry: EntryPlace, key: Hash },
    /// No key leaf names the key; the entry is the first of `count` that it signed.
    KeyUnknown { entry: EntryPlace, key: Hash, count: u64 },
    /// A key leaf does not say what may be said there.
    KeyEventInvalid { entry: EntryPlace, why: &'static str },
    /// Nobody who may change the keys signed the key leaf.
    KeyEventUnauthorized { entry: EntryPlace },
    /// The first leaf does not name the keys.
    GenesisMissing,
    /// The keys given to the verifier are not those of the key leaves.
    KeysIncomplete { entry: EntryPlace },
    /// A tile is not what the leaves beneath it make.
    TileAltered { level: u8, index: u64 },
    /// A tile is not there.
    TileMissing { level: u8, index: u64 },
    /// A checkpoint is malformed, or not signed by a key that may.
    CheckpointInvalid { size: u64, why: &'static str },
    /// No key leaf names the key of a checkpoint; it is the smallest of `count` by that key.
    CheckpointKeyUnknown { size: u64, count: u64 },
    /// A checkpoint is signed, but the leaves make another root.
    CheckpointMismatch { size: u64 },
    /// No checkpoint covers the newest entries, from this place on.
    CheckpointMissing { from: u64, to: u64 },
    /// A checkpoint covers more entries than there are: the tail was cut.
    Truncated { size: u64, have: u64 },
    /// The inclusion proof of an entry does not lead to the signed root.
    NotIncluded { entry: EntryPlace },
    /// Nothing that is trusted vouches for the ledger.
    Untrusted { why: &'static str },
    /// A table beside the leaves, by which the store finds them, does not say what they say.
    TableMismatch { table: &'static str, what: String },
    /// A line of a bundle is not in its form.
    LineMalformed { line: u64, why: &'static str },
}

impl Fault {
    /// Stable code, with a page of its own in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LeafMalformed { .. } => "leaf_malformed",
            Self::LeafAltered { .. } => "leaf_altered",
            Self::LeafMisplaced { .. } => "leaf_misplaced",
            Self::OriginMismatch { .. } => "origin_mismatch",
            Self::ChainBreak { .. } => "chain_break",
            Self::SeqGap { .. } => "seq_gap",
            Self::SeqUnexpected { .. } => "seq_unexpected",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::PartAltered { .. } => "part_altered",
            Self::PartMissing { .. } => "part_missing",
            Self::PartUnknown { .. } => "part_unknown",
            Self::ErasedWithoutRecord { .. } => "erased_without_record",
            Self::ErasureInvalid { .. } => "erasure_invalid",
            Self::SignatureInvalid { .. } => "signature_invalid",
            Self::KeyNotValid { .. } => "key_not_valid",
            Self::KeyUnknown { .. } => "signer_unknown",
            Self::KeyEventInvalid { .. } => "key_event_invalid",
            Self::KeyEventUnauthorized { .. } => "key_event_unauthorized",
            Self::GenesisMissing => "genesis_missing",
            Self::KeysIncomplete { .. } => "keys_incomplete",
            Self::TileAltered { .. } => "tile_altered",
            Self::TileMissing { .. } => "tile_missing",
            Self::CheckpointInvalid { .. } => "checkpoint_invalid",
            Self::CheckpointKeyUnknown { .. } => "checkpoint_key_unknown",
            Self::CheckpointMismatch { .. } => "checkpoint_mismatch",
            Self::CheckpointMissing { .. } => "checkpoint_missing",
            Self::Truncated { .. } => "truncated",
            Self::NotIncluded { .. } => "not_included",
            Self::Untrusted { .. } => "untrusted",
            Self::TableMismatch { .. } => "table_mismatch",
            Self::LineMalformed { .. } => "line_malformed",
        }
    }

    /// The entry where the fault is, if it is at one.
    pub fn entry(&self) -> Option<EntryPlace> {
        match self {
            Self::LeafMalformed { entry, .. }
            | Self::LeafAltered { entry }
            | Self::LeafMisplaced { entry, .. }
            | Self::OriginMismatch { entry }
            | Self::ChainBreak { entry }
            | Self::SeqUnexpected { entry }
            | Self::DuplicateId { entry }
            | Self::PartAltered { entry, .. }
            | Self::PartMissing { entry, .. }
            | Self::PartUnknown { entry, .. }
            | Self::ErasedWithoutRecord { entry, .. }
            | Self::ErasureInvalid { entry, .. }
            | Self::SignatureInvalid { entry, .. }
            | Self::KeyNotValid { entry, .. }
            | Self::KeyUnknown { entry, .. }
            | Self::KeyEventInvalid { entry, .. }
            | Self::KeyEventUnauthorized { entry }
            | Self::KeysIncomplete { entry }
            | Self::NotIncluded { entry } => Some(*entry),
            Self::GenesisMissing => Some(EntryPlace { seq: 0, id: None }),
            Self::SeqGap { from, .. } | Self::CheckpointMissing { from, .. } => {
                Some(EntryPlace { seq: *from, id: None })
            }
            _ => None,
        }
    }

    /// The part where the fault is, if it is in one.
    pub fn part(&self) -> Option<&str> {
        match self {
            Self::PartAltered { name, .. }
            | Self::PartMissing { name, .. }
            | Self::PartUnknown { name, .. }
            | Self::ErasedWithoutRecord { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The key that the fault is about.
    pub fn key(&self) -> Option<Hash> {
        match self {
            Self::SignatureInvalid { key, .. } | Self::KeyNotValid { key, .. } | Self::KeyUnknown { key, .. } => {
                Some(*key)
            }
            _ => None,
        }
    }

    /// The tile where the fault is, as level and index.
    pub fn tile(&self) -> Option<(u8, u64)> {
        match self {
            Self::TileAltered { level, index } | Self::TileMissing { level, index } => Some((*level, *index)),
            _ => None,
        }
    }

    /// The size of the checkpoint where the fault is.
    pub fn checkpoint(&self) -> Option<u64> {
        match self {
            Self::CheckpointInvalid { size, .. }
            | Self::CheckpointKeyUnknown { size, .. }
            | Self::CheckpointMismatch { size }
            | Self::Truncated { size, .. } => Some(*size),
            _ => None,
        }
    }

    /// The line of the bundle where the fault is, from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::LineMalformed { line, .. } => Some(*line),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeafMalformed { entry, at, expected } => {
                write!(f, "Hash mismatch at entry {entry}: its leaf is malformed at byte {at}, expected {expected}")
            }
            Self::LeafAltered { entry } => {
                write!(f, "Hash mismatch at entry {entry}: its leaf was altered")
            }
            Self::LeafMisplaced { entry, says } => {
                write!(f, "Entry {entry} is out of place: its leaf says seq {says}")
            }
            Self::OriginMismatch { entry } => write!(f, "Entry {entry} belongs to another ledger"),
            Self::ChainBreak { entry } => {
                write!(f, "Chain break at entry {entry}: it does not name the entry before it")
            }
            Self::SeqGap { from, to } if *to == from + 1 => {
                write!(f, "Entry seq {from} is missing")
            }
            Self::SeqGap { from, to } => write!(f, "Entries seq {from} to {} are missing", to - 1),
            Self::SeqUnexpected { entry } => {
                write!(f, "Entry {entry} is out of order or there twice")
            }
            Self::DuplicateId { entry } => write!(f, "Entry {entry} has the id of an earlier one"),
            Self::PartAltered { entry, name } => {
                write!(f, "Hash mismatch at entry {entry}: its part `{name}` was altered")
            }
            Self::PartMissing { entry, name } => write!(f, "Entry {entry} lacks its part `{name}`"),
            Self::PartUnknown { entry, name } => {
                write!(f, "Entry {entry} has a part `{name}` that was not sealed with it")
            }
            Self::ErasedWithoutRecord { entry, name } => {
                write!(f, "Entry {entry} lacks its part `{name}`, and no record of an erasure names it")
            }
            Self::ErasureInvalid { entry, why } => {
                write!(f, "The erasure at entry {entry} is invalid: {why}")
            }
            Self::GenesisMissing => f.write_str("The first entry does not name the keys of the ledger"),
            Self::NotIncluded { entry } => {
                write!(f, "Hash mismatch at entry {entry}: its inclusion proof does not lead to the signed root")
            }
            Self::Untrusted { why } => write!(f, "The ledger is not to be trusted: {why}"),
            Self::TableMismatch { table, what } => write!(f, "The table `{table}` is not what the leaves make: {what}"),
            Self::LineMalformed { line, why } => {
                write!(f, "Line {line} of the bundle is malformed: {why}")
            }
            _ => self.fmt_keys(f),
        }
    }
}

impl Fault {
    /// Those that are about signatures and keys.
    fn fmt_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignatureInvalid { entry, key } => {
                write!(f, "Signature verification failed for {entry}: the signature by key {key} does not hold")
            }
            Self::KeyNotValid { entry, key } => {
                write!(f, "Signature verification failed for {entry}: key {key} may not sign this here")
            }
            Self::KeyUnknown { entry, key, count } => write!(
                f,
                "Signature verification failed for {entry}: no key leaf names key {key}, which signed {count} entries"
            ),
            Self::KeyEventInvalid { entry, why } => {
                write!(f, "The change of keys at entry {entry} is invalid: {why}")
            }
            Self::KeyEventUnauthorized { entry } => {
                write!(f, "The change of keys at entry {entry} is not signed by keys that may make it")
            }
            Self::KeysIncomplete { entry } => {
                write!(f, "The change of keys at entry {entry} was not among the key leaves that were read first")
            }
            _ => self.fmt_tree(f),
        }
    }

    /// Those that are about tiles and checkpoints.
    fn fmt_tree(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TileAltered { level, index } => {
                write!(f, "Tile {index} of level {level} was altered")
            }
            Self::TileMissing { level, index } => {
                write!(f, "Tile {index} of level {level} is missing")
            }
            Self::CheckpointInvalid { size, why } => {
                write!(f, "The checkpoint of size {size} is invalid: {why}")
            }
            Self::CheckpointKeyUnknown { size, count } => {
                write!(
                    f,
                    "The checkpoint of size {size} is signed by a key that no key leaf names, which signed {count}"
                )
            }
            Self::CheckpointMismatch { size } => {
                write!(f, "The checkpoint of size {size} signs another root than the entries make")
            }
            Self::CheckpointMissing { from, to } => {
                write!(f, "No checkpoint covers the entries seq {from} to {}", to.saturating_sub(1))
            }
            Self::Truncated { size, have } => {
                write!(
                    f,
                    "The checkpoint of size {size} covers more than the {have} entries there are: the tail was cut"
                )
            }
            _ => f.write_str(self.code()),
        }
    }
}

impl Serialize for Fault {
    /// Code, message, and the place: `seq`, `id`, `part`, `key`, `level` and `index`, `size`, `line`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        if let Some(entry) = self.entry() {
            map.serialize_entry("seq", &entry.seq)?;
            if let Some(id) = entry.id {
                map.serialize_entry("id", &id.to_string())?;
            }
        }
        if let Some(part) = self.part() {
            map.serialize_entry("part", part)?;
        }
        if let Some(key) = self.key() {
            map.serialize_entry("key", &key)?;
        }
        if let Some((level, index)) = self.tile() {
            map.serialize_entry("level", &level)?;
            map.serialize_entry("index", &index)?;
        }
        if let Some(size) = self.checkpoint() {
            map.serialize_entry("size", &size)?;
        }
        if let Some(line) = self.line() {
            map.serialize_entry("line", &line)?;
        }
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}
