//! Whose word counts: approver keys, and records that bear their signatures.
//!
//! The first approver key of a ledger is believed. Another is, only where its key leaf bears the signature of one
//! that is believed: whoever holds the checkpoint key alone, which lies on disk, cannot make himself one. In a
//! ledger that goes on from another, those who were believed at the end of that one take the place of the first.

use std::collections::BTreeSet;

use sealbook_ledger::{
    BatchVerifier, Hash, KeyEntry, KeyEvent, KeyRole, Leaf, LeafType, NamedKey, PublicKey, RecordSignature, SigningKey,
};
use sealbook_policy::Judged;

use crate::trusted::{key_event, read_ring};
use crate::writer::When;
use crate::{By, Error, Ledger, Sealed, Snapshot, Stored};

/// The approver keys of a ledger that are believed.
#[derive(Debug, Clone, Default)]
pub struct Approvers {
    believed: Vec<KeyEntry>,
}

impl Approvers {
    /// `inherited` are the keys that were believed at the end of the ledger before.
    pub(crate) fn read(view: &dyn Snapshot, inherited: &[PublicKey]) -> Result<Self, Error> {
        let ring = read_ring(view)?;
        let mut approvers = Self::default();
        for seq in view.key_seqs()? {
            view.scan(seq, seq + 1, &mut |row| {
                if let Some(KeyEvent::Add(NamedKey { key, role: KeyRole::Approver })) = key_event(&row)
                    && let Some(entry) = ring.get(&key.fingerprint()).filter(|entry| entry.from_seq == seq)
                    && (inherited.contains(&key)
                        || (inherited.is_empty() && approvers.believed.is_empty())
                        || approvers.signed(row.leaf, seq).is_some())
                {
                    approvers.believed.push(entry.clone());
                }
                Ok(false)
            })?;
        }
        Ok(approvers)
    }

    /// Every key that was ever believed.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.believed
    }

    /// The keys whose word counts for a record sealed at `seq`.
    pub fn at(&self, seq: u64) -> impl Iterator<Item = &KeyEntry> {
        self.believed.iter().filter(move |entry| entry.covers(seq) && !entry.in_doubt(seq))
    }

    /// The approver whose signature over the record holds.
    pub fn of(&self, stored: &Stored) -> Option<Hash> {
        if stored.leaf.typ != LeafType::Record || stored.leaf.sigs.is_empty() {
            return None;
        }
        self.signed(&stored.leaf.to_bytes(), stored.seq)
    }

    /// As [`Approvers::of`] for each of many, in their order: together, signatures take a third of the time.
    pub fn of_all(&self, all: &[Stored]) -> Vec<Option<Hash>> {
        let (mut batch, mut claimed) = (BatchVerifier::new(), Vec::new());
        for (at, stored) in all.iter().enumerate().filter(|(_, stored)| stored.leaf.typ == LeafType::Record) {
            let own = |sig: &RecordSignature| self.at(stored.seq).find(|entry| entry.key.fingerprint() == sig.key);
            let mut digest = None;
            for (sig, entry) in stored.leaf.sigs.iter().filter_map(|sig| Some((sig, own(sig)?))) {
                let made = || Leaf::signing_digest_of(&stored.leaf.to_bytes()).ok();
                let Some(digest) = digest.get_or_insert_with(made) else { continue };
                sig.queue(digest, &entry.key, &mut batch, claimed.len());
                claimed.push((at, sig.key));
            }
        }
        let offenders: BTreeSet<usize> = batch.verify().into_iter().collect();
        let mut signed = vec![None; all.len()];
        for (nth, (at, key)) in claimed.into_iter().enumerate() {
            if !offenders.contains(&nth) {
                signed[at].get_or_insert(key);
            }
        }
        signed
    }

    fn signed(&self, leaf: &[u8], seq: u64) -> Option<Hash> {
        let digest = Leaf::signing_digest_of(leaf).ok()?;
        let sigs = Leaf::parse(leaf).ok()?.sigs;
        sigs.iter().find_map(|sig| {
            let entry = self.at(seq).find(|entry| entry.key.fingerprint() == sig.key)?;
            sig.verify(&digest, &entry.key).then_some(sig.key)
        })
    }
}

impl Ledger {
    /// The approver keys that are believed.
    pub fn approvers(&self) -> Result<Approvers, Error> {
        let view = self.store.snapshot()?;
        Approvers::read(&*view, self.inherited()?)
    }

    /// The approver keys of the ledger before that this one does not name yet.
    pub fn unnamed_approvers(&self) -> Result<Vec<PublicKey>, Error> {
        let named = self.keys()?;
        let is_named = |key: &&PublicKey| named.iter().any(|entry| entry.key == **key);
        Ok(self.inherited()?.iter().filter(|key| !is_named(key)).copied().collect())
    }

    /// The approver keys that are believed at the end.
    fn approver_keys(&self) -> Result<Vec<PublicKey>, Error> {
        let size = self.head()?.size;
        Ok(self.approvers()?.at(size).map(|entry| entry.key).collect())
    }

    pub(crate) fn inherited(&self) -> Result<&[PublicKey], Error> {
        if self.inherited.get().is_none() {
            let before = self.before()?;
            let _ = self.inherited.set(before.map_or(Ok(Vec::new()), |before| before.approver_keys())?);
        }
        Ok(self.inherited.get().map_or(&[], Vec::as_slice))
    }

    /// Seals records that an approver signs beside the writer, and returns when they are durable.
    pub fn append_approved(
        &self,
        records: Vec<Judged>,
        approver: &SigningKey,
    ) -> Result<Vec<Result<Sealed, Error>>, Error> {
        self.submit_signed(records, Some(approver), When::Now)?.wait()
    }

    /// Names an approver key, whose private half is not among the ledger's own. `signer` is an approver that is
    /// believed already; the first key needs none.
    pub fn add_approver(&self, key: PublicKey, by: Judged, signer: Option<&SigningKey>) -> Result<(), Error> {
        let event = KeyEvent::Add(NamedKey { key, role: KeyRole::Approver });
        self.change_keys(&event, by, signer.as_slice())
    }

    /// As [`Ledger::rotate_key`], signed by an approver too.
    pub fn rotate_key_approved(
        &self,
        role: KeyRole,
        by: &mut By<'_>,
        approver: &SigningKey,
    ) -> Result<PublicKey, Error> {
        self.rotate(role, by, &[approver])
    }

    /// Ends a key, signed by an approver too: what the key signed stays good.
    pub fn retire_key_approved(&self, key: Hash, by: Judged, approver: &SigningKey) -> Result<(), Error> {
        self.change_keys(&KeyEvent::Retire { key }, by, &[approver])
    }

    /// Ends a key that others may have, signed by an approver too: what it signed from `since_seq` on is in doubt.
    pub fn revoke_key_approved(
        &self,
        key: Hash,
        since_seq: u64,
        by: Judged,
        approver: &SigningKey,
    ) -> Result<(), Error> {
        self.change_keys(&KeyEvent::Revoke { key, since_seq }, by, &[approver])
    }
}
