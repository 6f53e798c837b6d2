//! The verdict.

use std::{collections::BTreeSet, fmt};

use serde::{Serialize, Serializer};

use super::{EntryPlace, Fault};
use crate::{Hash, Origin};

/// The most faults and the most findings that a report lists; beyond, it counts.
pub const FAULTS_MAX: usize = 10_000;

/// What a person should know although nothing is broken by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are places and amounts, named after them")]
pub enum Finding {
    /// No trusted key was given: the ledger is consistent in itself, whoever made it.
    NotPinned,
    /// A key was revoked, and what it signed in a range is in doubt.
    KeyRevoked { key: Hash, since_seq: u64, until_seq: u64 },
    /// The writer's clock went back between an entry and the one before.
    ClockStep { entry: EntryPlace, back_us: u64 },
    /// An erasure names a part that is still there.
    ErasedStillPresent { entry: EntryPlace, name: String },
    /// Parts are not shown by this bundle, though they may exist.
    PartsWithheld { count: u64 },
    /// Entries carry no signature.
    Unsigned { count: u64 },
    /// Only a part was looked at, and not the changes of keys with it.
    KeysUnchecked,
    /// Only a part was looked at, and what erased these parts may lie beyond it.
    ErasuresUnchecked { count: u64 },
}

impl Finding {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPinned => "not_pinned",
            Self::KeyRevoked { .. } => "key_revoked",
            Self::ClockStep { .. } => "clock_step",
            Self::ErasedStillPresent { .. } => "erased_still_present",
            Self::PartsWithheld { .. } => "parts_withheld",
            Self::Unsigned { .. } => "unsigned",
            Self::KeysUnchecked => "keys_unchecked",
            Self::ErasuresUnchecked { .. } => "erasures_unchecked",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPinned => {
                f.write_str("No trusted key was given; the ledger is consistent in itself, whoever made it")
            }
            Self::KeyRevoked { key, since_seq, until_seq } => {
                write!(f, "Key {key} was revoked; what it signed from seq {since_seq} up to {until_seq} is in doubt")
            }
            Self::ClockStep { entry, back_us } => {
                write!(f, "The writer's clock went back by {back_us} µs before entry {entry}")
            }
            Self::ErasedStillPresent { entry, name } => {
                write!(f, "Part `{name}` of entry {entry} is recorded as erased but still there")
            }
            Self::PartsWithheld { count } => write!(f, "{count} parts are not shown"),
            Self::Unsigned { count } => write!(f, "{count} entries carry no signature"),
            Self::KeysUnchecked => f.write_str(
                "Only a part was looked at, without every change of keys: signatures rest on keys as they are listed",
            ),
            Self::ErasuresUnchecked { count } => {
                write!(f, "Only a part was looked at: the records of {count} erasures may lie beyond it")
            }
        }
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        if let Self::ClockStep { entry, .. } | Self::ErasedStillPresent { entry, .. } = self {
            map.serialize_entry("seq", &entry.seq)?;
        }
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

/// What verification found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether there is no fault.
    pub valid: bool,
    /// The ledger.
    #[serde(serialize_with = "as_text")]
    pub origin: Origin,
    /// How many leaves it has, or its checkpoint says it has.
    pub size: u64,
    /// The root over them, as it was computed; of a selection, as it was signed.
    pub root: Hash,
    /// Where only a part was looked at: the first and the last place of each stretch, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Vec<(u64, u64)>>,
    /// Entries that were looked at and have no fault.
    pub verified_entries: u64,
    /// Entries that were to be looked at.
    pub total_entries: u64,
    /// Parts that are erased, each with its record unless a fault says otherwise.
    pub erased_parts: u64,
    /// Entry signatures that were checked.
    pub signatures: u64,
    /// Checkpoints that were checked.
    pub checkpoints: u64,
    /// How many faults there are; more than listed where they exceed [`FAULTS_MAX`].
    pub fault_count: u64,
    /// The faults, in the order of their places.
    pub faults: Vec<Fault>,
    /// What does not break the seal but should be known.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds what was found beside the ledger's own verification.
    pub fn add(&mut self, fault: Fault) {
        self.valid = false;
        self.fault_count += 1;
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

fn as_text<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

/// Faults as they come, listed up to the limit.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    count: u64,
    /// Places of entries with a fault.
    bad: BTreeSet<u64>,
    /// How many entries are not there.
    missing: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        match &fault {
            Fault::SeqGap { from, to } => self.missing += to - from,
            Fault::CheckpointMissing { .. } => {}
            fault => self.bad.extend(fault.entry().map(|entry| entry.seq)),
        }
        self.count += 1;
        if self.list.len() < FAULTS_MAX {
            self.list.push(fault);
        }
    }

    /// Notes that an entry has a fault that is reported elsewhere.
    pub(crate) fn mark(&mut self, seq: u64) {
        self.bad.insert(seq);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.bad.extend(other.bad);
        self.missing += other.missing;
        self.count += other.count;
        let room = FAULTS_MAX - self.list.len();
        self.list.extend(other.list.into_iter().take(room));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether an entry has a fault already.
    pub(crate) fn is_bad(&self, seq: u64) -> bool {
        self.bad.contains(&seq)
    }

    /// Whether the leaf of an entry could not be read.
    pub(crate) fn is_malformed(&self, seq: u64) -> bool {
        let is_it = |fault: &Fault| matches!(fault, Fault::LeafMalformed { entry, .. } if entry.seq == seq);
        self.is_bad(seq) && self.list.iter().any(is_it)
    }

    /// How many entries have a fault or are missing.
    pub(crate) fn bad_entries(&self) -> u64 {
        self.bad.len() as u64 + self.missing
    }

    /// The count and the list, ordered by place.
    pub(crate) fn into_parts(mut self) -> (u64, Vec<Fault>) {
        self.list.sort_by_key(|fault| (fault.entry().map_or(u64::MAX, |entry| entry.seq), fault.code()));
        (self.count, self.list)
    }
}
