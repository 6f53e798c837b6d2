//! Verification: streaming, parallel by range, without a disk.
//!
//! A book is cut into ranges of leaves. A [`RangeVerifier`] per range looks at
//! every entry once, in order; [`combine`] joins what they found, recomputes the
//! tree and holds it against every tile and every checkpoint. Memory stays flat:
//! per range the current tile, per 256 leaves one hash, and what is wrong.

mod checker;
mod checkpoints;
mod combine;
mod fault;
mod range;
mod report;
mod sum;
mod tree;
mod views;

pub(crate) use checker::{Checked, Checker, Found, Keys, revoked};
pub(crate) use checkpoints::{Refusal, claims};
pub use combine::{StoredCheckpoint, combine};
pub use fault::{EntryPlace, Fault};
pub use range::{RangeOptions, RangeReport, RangeVerifier};
pub(crate) use report::Faults;
pub use report::{FAULTS_MAX, Finding, Report};
pub(crate) use sum::Sum;
pub(crate) use tree::Peaks;

use crate::{Error, Hash, KeyRing, Origin, PublicKey, TileReader};

/// One sealed leaf with what is stored of its parts.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The place under which it is stored.
    pub seq: u64,
    /// The leaf's bytes as they are stored.
    pub leaf: &'a [u8],
    /// What is stored of the parts, in the order of their names.
    pub parts: &'a [EntryPart<'a>],
}

/// What is stored of one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPart<'a> {
    /// Salt and content are there.
    Present {
        /// Name of the part.
        name: &'a str,
        /// Opens the commitment, together with the content.
        salt: &'a [u8; 32],
        /// The content.
        bytes: &'a [u8],
    },
    /// Salt and content were destroyed; a later erase leaf must say so.
    Erased {
        /// Name of the part.
        name: &'a str,
    },
    /// Salt and content exist but are not shown here. Only a bundle does this.
    Withheld {
        /// Name of the part.
        name: &'a str,
    },
}

impl<'a> EntryPart<'a> {
    /// Name of the part.
    pub fn name(&self) -> &'a str {
        match self {
            Self::Present { name, .. } | Self::Erased { name } | Self::Withheld { name } => name,
        }
    }
}

/// The ledger that is verified. Every worker may have a tile reader of its own.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub origin: &'a Origin,
    /// How many leaves it has, as its keeper says.
    pub size: u64,
    /// The keys, folded from its key leaves beforehand.
    pub ring: &'a KeyRing,
    /// Its tiles.
    pub tiles: &'a dyn TileReader,
}

/// What a verifier takes for granted. Without keys, a book can only be found consistent in itself.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The ledger that is expected.
    pub origin: Option<Origin>,
    /// Checkpoint keys, learnt from its keeper by another way.
    pub keys: Vec<PublicKey>,
}

impl Trust {
    /// What speaks against a ledger of this name, vouched for by these keys.
    ///
    /// Vouching are the checkpoint keys of the first leaf, which all signed it, and
    /// those that signed the newest checkpoint.
    pub(crate) fn fault(&self, origin: &Origin, vouchers: &[Hash]) -> Option<Fault> {
        if self.origin.as_ref().is_some_and(|expected| expected != origin) {
            return Some(Fault::Untrusted { why: "it is another ledger than the one expected" });
        }
        let is_pinned = self.keys.iter().any(|key| vouchers.contains(&key.fingerprint()));
        (!self.keys.is_empty() && !is_pinned)
            .then_some(Fault::Untrusted { why: "no trusted key signed its first leaf or its newest checkpoint" })
    }
}

impl KeyRing {
    /// Folds one stored key leaf. The leaf's place in the tree and its signatures are not
    /// looked at: verification does that, with the ring that comes of this.
    pub fn apply_entry(&mut self, entry: &Entry<'_>) -> Result<(), Error> {
        self.apply(entry.seq, &checker::key_event_of(entry)?)
    }
}
