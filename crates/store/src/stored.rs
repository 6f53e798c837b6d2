//! A sealed record, read back.

use sealbook_ledger::{Hash, Leaf, LeafType, PART_STATEMENT, commit};
use sealbook_record::{PartName, Record, Redaction, Step, Timestamp};

use crate::content::{Content, PartSlot};

/// A sealed record as a reader sees it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Place in the ledger.
    pub seq: u64,
    /// The public form.
    pub leaf: Leaf,
    /// SHA-256 of the leaf with its prefix: the record hash.
    pub hash: Hash,
    /// The record; `None` where its statement was erased or is not one.
    pub record: Option<Record>,
    /// Parts whose salt and bytes were destroyed.
    pub erased: Vec<String>,
    /// What was redacted before it was sealed.
    pub redactions: Vec<Redaction>,
    /// Parts whose bytes do not fit their commitment. Their content is not in `record`.
    pub altered: Vec<String>,
    /// The key event or the erasure of a leaf that is no record, as JSON text.
    pub note: Option<String>,
}

/// A row taken apart, nothing checked but its form.
pub(crate) struct Decoded<'a> {
    pub(crate) leaf: Leaf,
    pub(crate) slots: Vec<PartSlot<'a>>,
}

impl<'a> Decoded<'a> {
    pub(crate) fn new(leaf: &[u8], content: &'a [u8]) -> Option<Self> {
        let leaf = Leaf::parse(leaf).ok()?;
        let slots = Content::new(content).slots(leaf.parts.len())?;
        Some(Self { leaf, slots })
    }

    /// Names and bytes of the parts that are there.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&str, &'a [u8])> {
        self.leaf.parts.iter().zip(&self.slots).filter_map(|((name, _), slot)| match slot {
            PartSlot::Present(_, bytes) => Some((&**name, *bytes)),
            PartSlot::Erased => None,
        })
    }

    /// The record, where its statement is there and says one.
    pub(crate) fn record(&self) -> Option<(Record, Vec<Redaction>)> {
        let statement = self.present().find_map(|(name, bytes)| (name == PART_STATEMENT).then_some(bytes))?;
        let parts = self.present().filter_map(|(name, bytes)| name.parse::<PartName>().ok().map(|n| (n, bytes)));
        let leaf = &self.leaf;
        let occurred = Timestamp::from_micros(leaf.occurred_us);
        Record::from_stored(leaf.id, leaf.operation, leaf.phase, occurred, statement, parts).ok()
    }
}

impl Stored {
    /// Takes a row apart and checks each part against its commitment. `None` where the row does not decode.
    pub(crate) fn new(seq: u64, leaf_bytes: &[u8], content: &[u8]) -> Option<Self> {
        let mut decoded = Decoded::new(leaf_bytes, content)?;
        let (mut erased, mut altered) = (Vec::new(), Vec::new());
        let id = decoded.leaf.id;
        for ((name, commitment), slot) in decoded.leaf.parts.iter().zip(&mut decoded.slots) {
            match *slot {
                PartSlot::Erased => erased.push(name.to_string()),
                PartSlot::Present(salt, bytes) if commit(name, id, salt, bytes) != *commitment => {
                    altered.push(name.to_string());
                    *slot = PartSlot::Erased;
                }
                PartSlot::Present(..) => {}
            }
        }
        let (record, redactions) = decoded.record().map_or((None, Vec::new()), |(r, d)| (Some(r), d));
        let note = match decoded.leaf.typ {
            LeafType::Record => None,
            LeafType::Key | LeafType::Erase => decoded
                .present()
                .find(|(name, _)| *name != PART_STATEMENT)
                .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()),
        };
        Some(Self { seq, hash: Leaf::hash(leaf_bytes), leaf: decoded.leaf, record, erased, redactions, altered, note })
    }
    /// What it tells of its operation, whatever of it was erased.
    pub fn step(&self) -> Step<'_> {
        let leaf = &self.leaf;
        Step {
            seq: self.seq,
            id: leaf.id,
            operation: leaf.operation,
            phase: leaf.phase,
            occurred: Timestamp::from_micros(leaf.occurred_us),
            sealed: Timestamp::from_micros(leaf.sealed_us),
            record: self.record.as_ref(),
        }
    }
}
