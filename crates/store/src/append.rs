//! From a judged record to a draft that only wants its place: done by the submitter, in parallel.

use std::borrow::Cow;
use std::sync::Arc;

use sealbook_ledger::{Draft, Hash, LeafType, Origin, SigningKey, Uuid};
use sealbook_policy::{Judged, Standing, in_shares};

use crate::content::pack;
use crate::{Entropy, Error};

/// Where a record was given its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Place in the ledger, from 0.
    pub seq: u64,
    /// The record's id.
    pub id: Uuid,
    /// The record hash.
    pub hash: Hash,
    /// Whether it was sealed before: the same id with the same bytes.
    pub duplicate: bool,
}

/// A draft with its parts packed.
pub(crate) struct Prepared {
    pub(crate) draft: Draft,
    pub(crate) content: Vec<u8>,
    /// What it is about, where it is a record that says what holds.
    pub(crate) standing: Option<Standing>,
    /// Whether it surely changes nothing of what holds ([`sealbook_policy::State`]).
    pub(crate) quiet: bool,
}

/// Salts, signs and packs.
pub(crate) struct Preparer {
    pub(crate) origin: Origin,
    pub(crate) tenant: String,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) threads: usize,
}

impl Preparer {
    /// Prepares a batch over all cores, in order.
    pub(crate) fn prepare(&self, records: Vec<Judged>, signers: &[&SigningKey]) -> Result<Vec<Prepared>, Error> {
        let shares = in_shares(records, self.threads, |share| self.prepare_share(share, signers));
        let mut all = Vec::new();
        for share in shares {
            all.extend(share?);
        }
        Ok(all)
    }

    /// Refuses a batch in which a record belongs elsewhere, before any of it is queued.
    pub(crate) fn check(&self, records: &[Judged]) -> Result<(), Error> {
        match records.iter().map(Judged::record).find(|record| record.tenant != self.tenant) {
            None => Ok(()),
            Some(record) => {
                let (given, own) = (record.tenant.clone(), self.tenant.clone());
                Err(Error::TenantMismatch { id: record.id, given, own })
            }
        }
    }

    fn prepare_share(&self, records: Vec<Judged>, signers: &[&SigningKey]) -> Result<Vec<Prepared>, Error> {
        let mut salts = Salts::new(&*self.entropy);
        records.into_iter().map(|judged| self.prepare_one(judged, signers, &mut salts)).collect()
    }

    fn prepare_one(&self, judged: Judged, signers: &[&SigningKey], salts: &mut Salts<'_>) -> Result<Prepared, Error> {
        let record = judged.record();
        let (id, operation, phase, occurred) = (record.id, record.operation, record.phase, record.occurred);
        let standing = Standing::of(&record.action);
        let quiet = !matches!(standing, Some(Standing::Decision | Standing::Alert));
        let (typ, parts) = (LeafType::Record, judged.parts());
        let prepared = self.draft(typ, id, operation, phase, occurred.as_micros(), parts, signers, salts)?;
        Ok(Prepared { standing, quiet, ..prepared })
    }

    #[expect(clippy::too_many_arguments, reason = "they are a leaf's fields, each of another type")]
    fn draft(
        &self,
        typ: LeafType,
        id: Uuid,
        operation: Option<Uuid>,
        phase: sealbook_ledger::Phase,
        occurred_us: i64,
        parts: Vec<(Cow<'static, str>, Vec<u8>)>,
        signers: &[&SigningKey],
        salts: &mut Salts<'_>,
    ) -> Result<Prepared, Error> {
        let mut draft = Draft::new(typ, id, operation, phase, occurred_us, parts, &mut |salt| salts.next(salt))?;
        for signer in signers {
            draft.sign(&self.origin, signer);
        }
        Ok(Prepared::new(draft))
    }
}

impl Prepared {
    pub(crate) fn new(draft: Draft) -> Self {
        let bytes: usize = draft.parts().iter().map(|p| p.name.len() + p.bytes.len() + 38).sum();
        let mut content = Vec::with_capacity(1 + bytes);
        pack(draft.parts(), &mut content);
        Self { draft, content, standing: None, quiet: false }
    }
}

/// Fresh salts, taken from the system some at a time: a system call each would cost more than the hash.
pub(crate) struct Salts<'e> {
    entropy: &'e dyn Entropy,
    pool: [u8; 4096],
    /// How much of the pool is filled at a time: little at first, since most callers have one record.
    fill: usize,
    at: usize,
}

impl<'e> Salts<'e> {
    pub(crate) fn new(entropy: &'e dyn Entropy) -> Self {
        Self { entropy, pool: [0; 4096], fill: 0, at: 0 }
    }

    pub(crate) fn next(&mut self, salt: &mut [u8; 32]) {
        if self.at == self.fill {
            self.fill = (self.fill * 4).clamp(128, self.pool.len());
            self.entropy.fill(&mut self.pool[..self.fill]);
            self.at = 0;
        }
        salt.copy_from_slice(&self.pool[self.at..self.at + 32]);
        // A salt is used once: what was handed out does not stay here.
        self.pool[self.at..self.at + 32].fill(0);
        self.at += 32;
    }
}
