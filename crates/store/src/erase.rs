//! Erasure: a part's salt and bytes are destroyed, and a record says so.
//!
//! Order, and what a crash leaves:
//! 0. what was derived and may hold the part's words is thrown away; it is made again when it is wanted;
//! 1. the index forgets the part's words, and notes that an erasure is under way; nobody else writes to it
//!    until 2 is done. A crash here leaves the part, and the index takes its words up again when it is next opened;
//! 2. one transaction empties the part and seals the erase leaf: both, or neither;
//! 3. both files' WALs are moved into the files and cut, since they hold older pages.

use sealbook_ledger::{ErasedPart, Erasure, LeafType, PART_ERASURE};
use sealbook_policy::{HOLD_ACTIONS, Judged, PIN_ACTION, State};
use sealbook_record::Record;

use crate::append::Prepared;
use crate::content::{PartSlot, pack_parts};
use crate::sealer::Replacement;
use crate::stored::Decoded;
use crate::{Error, Ledger, Row, Sealed};

/// What is to be erased.
#[derive(Debug, Clone)]
pub struct EraseRequest {
    /// The record.
    pub seq: u64,
    /// The parts of it.
    pub parts: Vec<String>,
}

/// What an erasure did.
#[derive(Debug, Clone)]
pub struct Erased {
    /// The erase leaf.
    pub sealed: Sealed,
    /// Whether older pages of the files are gone too. `false` while a reader holds them: run
    /// [`Ledger::scrub`] when it is done.
    pub scrubbed: bool,
}

impl Ledger {
    /// Erases parts of a record. `by` is the record that tells who asked for it and why.
    pub fn erase(&self, request: &EraseRequest, by: Judged) -> Result<Erased, Error> {
        self.writer()?;
        let seq = request.seq;
        let (leaf, content) = self.row(seq)?;
        let refuse = |why| Error::EraseRefused { seq, part: request.parts.join(", "), why };
        let damaged = |what: &str| Error::RowDamaged { seq, what: what.to_owned() };
        let decoded = Decoded::new(&leaf, &content).ok_or_else(|| damaged("it does not decode"))?;
        if self.holds()?.cover(decoded.leaf.id, decoded.leaf.operation) {
            return Err(refuse("a legal hold is on it; `sealbook retention --release` ends one"));
        }
        let after = emptied(&decoded, request)?;
        let named = request.parts.iter().map(|name| ErasedPart { seq, name: name.clone() });
        let erasure = Erasure { parts: named.collect() };
        let (id, occurred) = (by.record().id, by.record().occurred);
        let mut parts = by.parts();
        parts.push((PART_ERASURE.into(), erasure.to_json()));
        let mut draft = self.draft(LeafType::Erase, id, occurred, parts)?;
        if self.options.sign {
            draft.sign(self.origin(), &*self.record_signer()?);
        }

        let alone = self.index.alone()?;
        self.forget_derived()?;
        {
            let mut index = self.index.lock();
            // An erasure whose process died comes first: there is one mark.
            index.settle_now(&*self.store)?;
            index.catch_up(&*self.store)?;
            index.unproject(Row { seq, leaf: &leaf, content: &content }, Row { seq, leaf: &leaf, content: &after })?;
        }
        let replacement = Replacement { seq, before: content, content: after };
        let sealed = self.seal_now(&[Prepared::new(draft)], Some(&replacement));
        // Whether or not it was sealed, the index now says what the ledger says. Where that fails,
        // the index knows that it is not done, and does it when it is next brought up to date: the
        // answer below is about the ledger.
        let _ = self.index.lock().settle_now(&*self.store);
        drop(alone);
        let sealed = sealed?.into_iter().next().ok_or_else(|| damaged("its erasure was not sealed"))?;
        // It is sealed, whatever becomes of older pages: the answer must not say otherwise.
        Ok(Erased { sealed, scrubbed: self.scrub().unwrap_or(false) })
    }

    /// Moves both WALs into their files and cuts them, so that nothing erased stays in them.
    /// `false` where a reader held one up.
    pub fn scrub(&self) -> Result<bool, Error> {
        let book = self.store.scrub()?;
        let index = self.index.lock().truncate_wal()?;
        Ok(book && index)
    }

    fn row(&self, seq: u64) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut found = None;
        self.store.snapshot()?.scan(seq, seq.saturating_add(1), &mut |row| {
            found = Some((row.leaf.to_vec(), row.content.to_vec()));
            Ok(false)
        })?;
        found.ok_or_else(|| Error::RecordMissing { what: format!("at seq {seq}") })
    }
}

/// The packed parts of a record without those that are asked for.
fn emptied(decoded: &Decoded<'_>, request: &EraseRequest) -> Result<Vec<u8>, Error> {
    let refuse = |part: &str, why| Error::EraseRefused { seq: request.seq, part: part.to_owned(), why };
    let mut slots = decoded.slots.clone();
    if request.parts.is_empty() {
        return Err(refuse("", "no part was named"));
    }
    for part in &request.parts {
        let decides =
            |record: &Record| State::ACTIONS.contains(&record.action.as_str()) && !record.action.starts_with("alert.");
        let pins = |record: &Record| record.action == PIN_ACTION;
        let holds = |record: &Record| HOLD_ACTIONS.contains(&record.action.as_str());
        if decoded.record().is_some_and(|(record, _)| decides(&record)) {
            return Err(refuse(part, "rules, stops or approvals follow from it; it has to stay"));
        }
        if decoded.record().is_some_and(|(record, _)| holds(&record)) {
            return Err(refuse(part, "it sets or ends a legal hold; it has to stay"));
        }
        if decoded.record().is_some_and(|(record, _)| pins(&record)) {
            return Err(refuse(part, "a server's tools are compared with it; it has to stay"));
        }
        if decoded.leaf.typ != LeafType::Record {
            return Err(refuse(part, "it says which keys hold or what was erased; the proof rests on it"));
        }
        let place = decoded.leaf.parts.iter().position(|(name, _)| **name == **part);
        let slot = place.map(|place| &mut slots[place]).ok_or_else(|| refuse(part, "the record has no such part"))?;
        if *slot == PartSlot::Erased {
            return Err(refuse(part, "it was erased before"));
        }
        *slot = PartSlot::Erased;
    }
    let names = decoded.leaf.parts.iter().map(|(name, _)| &**name);
    Ok(pack_parts(names.zip(slots).collect::<Vec<_>>().into_iter()))
}
