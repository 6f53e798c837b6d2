//! One entry at a time: its leaf, its parts, its signatures.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Entry, EntryPart, EntryPlace, Fault, Faults, Finding};
use crate::{
    BatchVerifier, Erasure, Error, FAULTS_MAX, Hash, KeyEvent, KeyRing, LeafType, Origin, PART_ERASURE, PART_KEYS,
    commit, keys::record_message, leaf::Parsed,
};

/// Signatures that are checked together.
const BATCH: usize = 1_024;

/// Where the keys come from.
#[derive(Debug)]
pub(crate) enum Keys<'a> {
    /// All key leaves were folded before.
    Known(&'a KeyRing),
    /// Entries come in order from the first; the keys are folded on the way.
    Folded(KeyRing),
}

impl Keys<'_> {
    pub(crate) fn ring(&self) -> &KeyRing {
        match self {
            Self::Known(ring) => ring,
            Self::Folded(ring) => ring,
        }
    }
}

/// What an entry says of itself and of its neighbour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked {
    pub(crate) place: EntryPlace,
    pub(crate) hash: Hash,
    /// Absent where the leaf could not be read.
    pub(crate) prev: Option<Hash>,
}

/// Checks entries and keeps what only all of them together can answer.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    origin: &'a Origin,
    keys: Keys<'a>,
    with_signatures: bool,
    found: Found,
    batch: BatchVerifier<(EntryPlace, Hash)>,
    leaf: Parsed,
}

/// What a checker found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) faults: Faults,
    pub(crate) clock_steps: Vec<Finding>,
    pub(crate) key_events: Vec<(EntryPlace, KeyEvent)>,
    /// Parts named by erase leaves.
    pub(crate) erasures: BTreeSet<(u64, String)>,
    /// Parts found erased.
    pub(crate) erased: BTreeMap<(u64, String), EntryPlace>,
    /// Keys that no key leaf names: the first entry they signed, and how many.
    pub(crate) unknown: BTreeMap<Hash, (EntryPlace, u64)>,
    pub(crate) withheld: u64,
    pub(crate) unsigned: u64,
    pub(crate) signatures: u64,
    /// Ids with their places, where they are collected.
    pub(crate) ids: Option<Vec<(Uuid, u64)>>,
    /// The first entry, its clock reading, and the last clock reading.
    pub(crate) sealed_us: Option<(EntryPlace, i64, i64)>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(origin: &'a Origin, keys: Keys<'a>, with_signatures: bool) -> Self {
        let (found, batch, leaf) = (Found::default(), BatchVerifier::new(), Parsed::default());
        Self { origin, keys, with_signatures, found, batch, leaf }
    }

    /// Keeps the ids, to find those that come twice.
    pub(crate) fn collect_ids(&mut self) {
        self.found.ids = Some(Vec::new());
    }

    /// Reports a fault that the caller found.
    pub(crate) fn report(&mut self, fault: Fault) {
        self.found.faults.add(fault);
    }

    /// Checks the last signatures, and ends.
    pub(crate) fn finish(mut self) -> (Found, Keys<'a>) {
        self.flush();
        (self.found, self.keys)
    }

    /// Checks all that an entry alone can answer for.
    pub(crate) fn check(&mut self, entry: &Entry<'_>) -> Checked {
        let hash = Hash::of_leaf(entry.leaf);
        let place = EntryPlace { seq: entry.seq, id: None };
        if let Err(error) = self.leaf.read(entry.leaf) {
            let (at, expected) = match error {
                Error::LeafMalformed { at, expected } => (at, expected),
                _ => (crate::LEAF_BYTES_MAX, "at most 65535 bytes"),
            };
            self.found.faults.add(Fault::LeafMalformed { entry: place, at, expected });
            return Checked { place, hash, prev: None };
        }
        let place = EntryPlace { seq: entry.seq, id: Some(self.leaf.id) };
        let checked = Checked { place, hash, prev: Some(self.leaf.prev) };
        if entry.leaf[self.leaf.origin.clone()] != *self.origin.as_str().as_bytes() {
            self.found.faults.add(Fault::OriginMismatch { entry: place });
        }
        if self.leaf.seq != entry.seq {
            self.found.faults.add(Fault::LeafMisplaced { entry: place, says: self.leaf.seq });
        }
        if let Some(ids) = &mut self.found.ids {
            ids.push((self.leaf.id, entry.seq));
        }
        self.check_clock(place);
        self.check_parts(entry, place);
        match self.leaf.typ {
            LeafType::Record => {}
            LeafType::Key => self.check_key_leaf(entry, place),
            LeafType::Erase => self.check_erase_leaf(entry, place),
        }
        self.check_signatures(entry, place);
        checked
    }

    fn flush(&mut self) {
        for (entry, key) in self.batch.verify() {
            self.found.faults.add(Fault::SignatureInvalid { entry, key });
        }
    }

    fn check_clock(&mut self, place: EntryPlace) {
        let now = self.leaf.sealed_us;
        let (first, last) = match self.found.sealed_us {
            None => ((place, now), now),
            Some((place, first, last)) => ((place, first), last),
        };
        if now < last && self.found.clock_steps.len() < FAULTS_MAX {
            self.found.clock_steps.push(Finding::ClockStep { entry: place, back_us: last.abs_diff(now) });
        }
        self.found.sealed_us = Some((first.0, first.1, now));
    }

    fn check_parts(&mut self, entry: &Entry<'_>, place: EntryPlace) {
        let id = self.leaf.id;
        for (at, (range, commitment)) in self.leaf.parts.iter().enumerate() {
            let name = &entry.leaf[range.clone()];
            let is_it = |part: &&EntryPart<'_>| part.name().as_bytes() == name;
            let stored = entry.parts.get(at).filter(is_it).or_else(|| entry.parts.iter().find(is_it));
            let text = || String::from_utf8_lossy(name).into_owned();
            match stored {
                Some(EntryPart::Present { name, salt, bytes }) => {
                    if commit(name, id, salt, bytes) != *commitment {
                        self.found.faults.add(Fault::PartAltered { entry: place, name: text() });
                    }
                }
                Some(EntryPart::Erased { .. }) => {
                    self.found.erased.insert((entry.seq, text()), place);
                }
                Some(EntryPart::Withheld { .. }) => self.found.withheld += 1,
                None => self.found.faults.add(Fault::PartMissing { entry: place, name: text() }),
            }
        }
        let in_step = entry.parts.len() == self.leaf.parts.len()
            && self
                .leaf
                .parts
                .iter()
                .zip(entry.parts)
                .all(|((range, _), part)| entry.leaf[range.clone()] == *part.name().as_bytes());
        if !in_step {
            self.find_unknown_parts(entry, place);
        }
    }

    fn find_unknown_parts(&mut self, entry: &Entry<'_>, place: EntryPlace) {
        for (at, part) in entry.parts.iter().enumerate() {
            let is_known =
                self.leaf.parts.iter().any(|(range, _)| entry.leaf[range.clone()] == *part.name().as_bytes());
            let is_again = entry.parts[..at].iter().any(|earlier| earlier.name() == part.name());
            if !is_known || is_again {
                self.found.faults.add(Fault::PartUnknown { entry: place, name: shown(part.name()) });
            }
        }
    }

    fn check_key_leaf(&mut self, entry: &Entry<'_>, place: EntryPlace) {
        // Its part was checked against the commitment; what was altered is not believed.
        if self.found.faults.is_bad(entry.seq) {
            return;
        }
        let event = match part_bytes(entry, PART_KEYS).map(KeyEvent::from_json) {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                return self.found.faults.add(Fault::KeyEventInvalid { entry: place, why: why(&error) });
            }
            None => {
                let name = PART_KEYS.to_owned();
                return self.found.faults.add(Fault::PartMissing { entry: place, name });
            }
        };
        if let Keys::Folded(ring) = &mut self.keys
            && let Err(error) = ring.apply(entry.seq, &event)
        {
            let why = why(&error);
            self.found.faults.add(Fault::KeyEventInvalid { entry: place, why });
            return;
        }
        let is_signer = |key: &Hash| self.leaf.sigs.iter().any(|sig| sig.key == *key);
        let ring = self.keys.ring();
        // Without a believable first leaf nobody may change anything; that is said there.
        let is_founded = entry.seq == 0 || !ring.entries().is_empty();
        if is_founded && !ring.may_change(is_signer, entry.seq) {
            self.found.faults.add(Fault::KeyEventUnauthorized { entry: place });
        }
        self.found.key_events.push((place, event));
    }

    fn check_erase_leaf(&mut self, entry: &Entry<'_>, place: EntryPlace) {
        if self.found.faults.is_bad(entry.seq) {
            return;
        }
        match part_bytes(entry, PART_ERASURE).map(Erasure::from_json) {
            Some(Ok(erasure)) => {
                for part in erasure.parts {
                    if part.seq < entry.seq {
                        self.found.erasures.insert((part.seq, part.name));
                    } else {
                        let why = "it names an entry that comes later";
                        self.found.faults.add(Fault::ErasureInvalid { entry: place, why });
                    }
                }
            }
            Some(Err(error)) => self.found.faults.add(Fault::ErasureInvalid { entry: place, why: why(&error) }),
            None => self.found.faults.add(Fault::PartMissing { entry: place, name: PART_ERASURE.to_owned() }),
        }
    }

    fn check_signatures(&mut self, entry: &Entry<'_>, place: EntryPlace) {
        if self.leaf.sigs.is_empty() {
            self.found.unsigned += 1;
            return;
        }
        // Key leaves are few, and all trust hangs on them.
        if !self.with_signatures && self.leaf.typ != LeafType::Key {
            return;
        }
        let message = record_message(&self.leaf.signing_digest(entry.leaf));
        let ring = self.keys.ring();
        for sig in &self.leaf.sigs {
            self.found.signatures += 1;
            let Some(named) = ring.get(&sig.key) else {
                self.found.unknown.entry(sig.key).or_insert((place, 0)).1 += 1;
                self.found.faults.mark(entry.seq);
                continue;
            };
            if !ring.may_sign(&sig.key, self.leaf.typ, entry.seq) {
                self.found.faults.add(Fault::KeyNotValid { entry: place, key: sig.key });
            }
            self.batch.queue(&named.key, &message, &sig.sig, (place, sig.key));
        }
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }
}

/// Reads the event of a stored key leaf, held against its commitment.
pub(super) fn key_event_of(entry: &Entry<'_>) -> Result<KeyEvent, Error> {
    let leaf = crate::Leaf::parse(entry.leaf)?;
    let refuse = |why| Error::KeyEventRefused { why };
    if leaf.typ != LeafType::Key {
        return Err(refuse("the leaf is not of type key"));
    }
    let commitment = leaf.commitment(PART_KEYS).ok_or(refuse("the leaf has no part `keys`"))?;
    let stored = entry.parts.iter().find(|part| part.name() == PART_KEYS);
    let Some(EntryPart::Present { name, salt, bytes }) = stored else {
        return Err(refuse("its part `keys` is missing"));
    };
    if commit(name, leaf.id, salt, bytes) != *commitment {
        return Err(refuse("its part `keys` was altered"));
    }
    KeyEvent::from_json(bytes)
}

/// What is in doubt because of revocations.
pub(crate) fn revoked(ring: &KeyRing) -> impl Iterator<Item = Finding> {
    ring.entries().iter().filter_map(|entry| {
        let (since, until_seq) = (entry.revoked_since?, entry.until_seq?);
        let since_seq = since.max(entry.from_seq);
        let key = entry.key.fingerprint();
        (since_seq < until_seq).then_some(Finding::KeyRevoked { key, since_seq, until_seq })
    })
}

fn part_bytes<'a>(entry: &Entry<'a>, wanted: &str) -> Option<&'a [u8]> {
    entry.parts.iter().find_map(|part| match part {
        EntryPart::Present { name, bytes, .. } if *name == wanted => Some(*bytes),
        _ => None,
    })
}

pub(super) fn why(error: &Error) -> &'static str {
    match error {
        Error::KeyEventRefused { why }
        | Error::KeyRefused { why }
        | Error::ErasureRefused { why }
        | Error::CheckpointMalformed { why }
        | Error::TextMalformed { why, .. } => why,
        _ => "it is malformed",
    }
}

/// A name that did not come through a leaf, cut to a length that can be shown.
fn shown(name: &str) -> String {
    name.chars().take(crate::PART_NAME_BYTES_MAX).collect()
}
