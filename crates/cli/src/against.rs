//! Comparing a book with what somebody kept of it: a receipt, or a checkpoint.

use sealbook_ledger::{
    Checkpoint, EntryPlace, Equivocation, Fault, Hash, KeyRole, PublicKey, Receipt, SignedCheckpoint, Trust,
};
use sealbook_store::{Error, Ledger};

use crate::failure::Failure;

/// What was kept.
pub(crate) enum Kept {
    Receipt(Receipt),
    Checkpoint(String),
}

impl Kept {
    /// Reads a receipt or a checkpoint, whichever it is.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        if text.starts_with("c2sp.org/tlog-proof") {
            return Ok(Self::Receipt(Receipt::decode(text)?));
        }
        Checkpoint::of_note(text)?;
        Ok(Self::Checkpoint(text.to_owned()))
    }

    /// The signed note.
    fn note(&self) -> &str {
        match self {
            Self::Receipt(receipt) => &receipt.checkpoint,
            Self::Checkpoint(note) => note,
        }
    }

    /// Which ledger it is of.
    pub(crate) fn origin(&self) -> Result<sealbook_ledger::Origin, Failure> {
        Ok(Checkpoint::of_note(self.note())?.origin)
    }
}

/// What a comparison found.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) faults: Vec<Fault>,
    /// The proof that both cannot be true, where there is one.
    pub(crate) evidence: Option<String>,
}

/// Compares a ledger with what was kept of it. Whatever the book says of its keys, `given` ones
/// are trusted more.
pub(crate) fn compare(kept: &Kept, ledger: &Ledger, given: &[PublicKey]) -> Result<Compared, Failure> {
    let keys = if given.is_empty() { checkpoint_keys(ledger)? } else { given.to_vec() };
    let mut compared = Compared::default();
    let signed = match open(kept, keys) {
        Ok(signed) => signed,
        Err(fault) => {
            compared.faults.push(fault);
            return Ok(compared);
        }
    };
    let reader = ledger.reader()?;
    let have = reader.size()?;
    let Checkpoint { size, root, .. } = signed.checkpoint;
    if size > have {
        compared.faults.push(Fault::Truncated { size, have });
    } else if reader.root_at(size)? != root {
        compared.faults.push(Fault::CheckpointMismatch { size });
    }
    let head = ledger.head()?;
    let found = match kept {
        Kept::Receipt(receipt) => {
            compared.faults.extend(missing_leaf(receipt, ledger)?);
            Equivocation::of_receipt(receipt, &head.checkpoint, &reader)
        }
        // The tiles at hand are those of the smaller tree: they prove nothing about the larger.
        Kept::Checkpoint(_) if size > have => Ok(None),
        Kept::Checkpoint(note) => Equivocation::of_checkpoints(note, &head.checkpoint, &reader),
    };
    // A book that is damaged proves nothing against its keeper; the faults stand.
    compared.evidence = found.ok().flatten().map(|evidence| evidence.encode());
    Ok(compared)
}

/// Checks what was kept by itself, with these keys.
pub(crate) fn open(kept: &Kept, keys: Vec<PublicKey>) -> Result<SignedCheckpoint, Fault> {
    match kept {
        Kept::Receipt(receipt) => receipt.verify(None, &Trust { origin: None, keys }),
        Kept::Checkpoint(note) => SignedCheckpoint::open(note, &keys).map_err(|error| match error {
            sealbook_ledger::Error::CheckpointUntrusted { size, why } => Fault::CheckpointInvalid { size, why },
            _ => Fault::CheckpointInvalid { size: 0, why: "it is malformed" },
        }),
    }
}

/// Whether the book still holds the very leaf of a receipt, where it reaches so far.
fn missing_leaf(receipt: &Receipt, ledger: &Ledger) -> Result<Option<Fault>, Failure> {
    let entry = EntryPlace { seq: receipt.seq, id: None };
    match ledger.reader()?.record(receipt.seq) {
        Ok(stored) if stored.hash == Hash::of_leaf(&receipt.leaf) => Ok(None),
        Ok(stored) => Ok(Some(Fault::LeafAltered { entry: EntryPlace { id: Some(stored.leaf.id), ..entry } })),
        Err(Error::RowDamaged { .. }) => Ok(Some(Fault::LeafAltered { entry })),
        // The tail was cut, which the sizes say already.
        Err(Error::RecordMissing { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

fn checkpoint_keys(ledger: &Ledger) -> Result<Vec<PublicKey>, Failure> {
    let keys = ledger.keys()?;
    Ok(keys.iter().filter(|entry| entry.role == KeyRole::Checkpoint).map(|entry| entry.key).collect())
}
