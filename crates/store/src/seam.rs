//! The seam behind which a ledger's rows lie.
//!
//! Small and of plain data, so that an engine is one file. Every engine passes
//! the contract suite in `sealbook-testkit`, the simulated one with faults too.

use std::path::Path;

use sealbook_ledger::{Hash, Origin, Uuid};
use sealbook_policy::Standing;

use crate::{CommitError, Error};

/// The newest checkpoint of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHead {
    /// How many leaves it covers.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// A sealed row, as it lies.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Place in the ledger, from 0.
    pub seq: u64,
    /// The leaf's bytes.
    pub leaf: &'a [u8],
    /// The packed parts.
    pub content: &'a [u8],
}

/// A row to be sealed.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// The row.
    pub row: Row<'a>,
    /// The record's id, for idempotence.
    pub id: Uuid,
    /// Whether the leaf is a key leaf, so that a verifier finds the keys without reading all.
    pub is_key: bool,
}

/// A record that says what holds, as the list of such records names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    /// What it is about.
    pub sort: Standing,
    /// Its place.
    pub seq: u64,
    /// Its hash; zeros where what lies there is none.
    pub hash: Hash,
}

/// What is called for each row of a scan; `false` ends the scan.
pub type EachRow<'f> = dyn FnMut(Row<'_>) -> Result<bool, Error> + 'f;

/// One ledger's durable rows.
pub trait Store: Send + Sync {
    /// The ledger's origin, fixed when the store was made.
    fn origin(&self) -> &Origin;
    /// Whose ledger it is, fixed likewise.
    fn tenant(&self) -> &str;
    /// Where it lies, for messages.
    fn place(&self) -> &Path;
    /// Makes sure that nothing which was replaced stays in any file of the store.
    /// `false` where a reader holds it up: ask again when that is done.
    fn scrub(&self) -> Result<bool, Error>;
    /// Gives back memory that is kept only to be quicker.
    fn rest(&self) {}
    /// Makes what finds ids and key leaves again from the leaves.
    fn relearn(&self) -> Result<(), Error>;
    /// Whether a list of the records that say what holds is kept here, and can be written.
    fn lists_standing(&self) -> bool {
        false
    }
    /// Makes the place for that list again where it was taken away.
    fn mend_standing(&self) -> Result<(), Error> {
        Ok(())
    }
    /// The newest checkpoint; `None` in a store that was only just made.
    fn head(&self) -> Result<Option<StoreHead>, Error> {
        self.snapshot()?.head()
    }
    /// A consistent view for reading. Rows that come later are not in it.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error>;
    /// Waits for the append lock, across processes, and opens a transaction. Dropping it writes nothing.
    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error>;
}

/// A consistent view.
pub trait Snapshot {
    /// The newest checkpoint; `None` in a store that was only just made.
    fn head(&self) -> Result<Option<StoreHead>, Error>;
    /// Calls `each` for the rows `from..to` in order.
    fn scan(&self, from: u64, to: u64, each: &mut EachRow<'_>) -> Result<(), Error>;
    /// The hashes of a tile, as many as are stored.
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error>;
    /// Calls `each` with size and note of every checkpoint with `from <= size < to`, in order.
    fn checkpoints(
        &self,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
    ) -> Result<(), Error>;
    /// The sequence number under which an id is sealed.
    fn seq_of(&self, id: Uuid) -> Result<Option<u64>, Error>;
    /// The largest id; ids above it are surely new.
    fn id_max(&self) -> Result<Option<Uuid>, Error>;
    /// The sequence numbers of the key leaves.
    fn key_seqs(&self) -> Result<Vec<u64>, Error>;
    /// Calls `each` with every id under which something is sealed, in ascending order, and its sequence number.
    fn each_id(&self, each: &mut EachId<'_>) -> Result<(), Error>;
    /// What is sealed over the list of records that say what holds, beside the newest checkpoint; `None` where no
    /// such list is kept, as in books of older formats: then the records themselves are read.
    fn standing_seal(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(None)
    }
    /// Calls `each` for the records of a sort from `from` on, in order, as the list names them.
    fn standing(&self, sort: Standing, from: u64, each: &mut EachStands<'_>) -> Result<(), Error> {
        let _ = (sort, from, each);
        Ok(())
    }
    /// What lies in the store and belongs to no ledger of `size` records, or keeps it from being one.
    fn strays(&self, size: u64) -> Result<Vec<Stray>, Error>;
}

/// What is called for each id; `false` ends the walk.
pub type EachId<'f> = dyn FnMut(&[u8], u64) -> Result<bool, Error> + 'f;

/// What is called for each record of a list; `false` ends it.
pub type EachStands<'f> = dyn FnMut(Stands) -> Result<bool, Error> + 'f;

/// Something in a store that should not be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The table.
    pub table: &'static str,
    /// What of it, for people.
    pub what: String,
}

/// A view that can be written to. All of it becomes durable in `commit`, or none.
pub trait Transaction: Snapshot {
    /// Adds rows; their sequence numbers follow on the last.
    fn append(&mut self, rows: &[NewRow<'_>]) -> Result<(), Error>;
    /// Writes a tile, whole or partial, over its older form.
    fn put_tile(&mut self, level: u8, index: u64, hashes: &[u8]) -> Result<(), Error>;
    /// Adds the checkpoint over everything so far.
    fn put_checkpoint(&mut self, size: u64, note: &str) -> Result<(), Error>;
    /// Adds to the list of records that say what holds, and puts the seal over all of it beside the checkpoint of
    /// `size`; the one beside the checkpoint of `before` goes. Nothing, where no list is kept.
    fn put_standing(&mut self, new: &[Stands], size: u64, before: u64, seal: &[u8]) -> Result<(), Error> {
        let _ = (new, size, before, seal);
        Ok(())
    }
    /// Empties that list, to be made again, and takes the seal away.
    fn clear_standing(&mut self) -> Result<(), Error> {
        Ok(())
    }
    /// Replaces a row's packed parts: erasure, and nothing else.
    fn replace_content(&mut self, seq: u64, content: &[u8]) -> Result<(), Error>;
    /// Makes it durable. After `Ok` it survives a loss of power.
    fn commit(self: Box<Self>) -> Result<(), CommitError>;
}
