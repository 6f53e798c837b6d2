//! Backup while others write, and restore as a linked ledger.

use std::path::Path;

use sealbook_ledger::{Checkpoint, Continues, Hash, Leaf, Origin};

use sealbook_policy::Standing;

use crate::before::{kept_size, last_piece};
use crate::projection::Index;
use crate::sqlite::file_error;
use crate::whole::{make_private_dir, make_whole};
use crate::{CommitError, Error, Layout, Ledger, NewRow, Options, SqliteStore, Store, StoreHead};

/// What a backup holds.
#[derive(Debug, Clone)]
pub struct BackupSummary {
    /// Of which ledger.
    pub origin: Origin,
    /// How many records.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Ledger {
    /// Copies the book as it is at one moment into the file `to`, which must not exist.
    ///
    /// Keys and the index are not in it: keys are kept apart, the index is made again.
    pub fn backup(&self, to: &Path) -> Result<BackupSummary, Error> {
        // Half a copy must not be taken for a whole one.
        make_whole(to, |draft| copy(&*self.store, draft))
    }

    /// Takes a backup, or the book that was found behind its kept head, up again as a new ledger.
    ///
    /// The old records are kept, readable and verifiable, in `previous` beside the new book; the
    /// new ledger has its own origin and keys, and its first leaf names the old one's size, root
    /// and checkpoint, and `reason`, which says what may be missing.
    pub fn restore(from: &Path, layout: Layout, tenant: &str, options: Options, reason: &str) -> Result<Self, Error> {
        let old = SqliteStore::open_read_only(from)?;
        let head = old.snapshot()?.head()?.ok_or_else(|| Error::BookUnreadable {
            path: from.to_owned(),
            cause: "it has no checkpoint to go on from".to_owned(),
        })?;
        let Checkpoint { origin, size, root } = Checkpoint::of_note(&head.note)?;
        if layout.ledger_db().exists() {
            return Err(Error::BookExists { path: layout.ledger_db() });
        }
        let place = layout.book.join("previous").join(last_piece(&origin));
        make_private_dir(&place)?;
        let kept = place.join("ledger.db");
        // One that is there is of an attempt that ended before the new ledger was made.
        if !is_copy_of(&kept, &head)? {
            make_whole(&kept, |draft| copy(&old, draft))?;
        }
        // What holds in it is asked at every start from now on.
        let index = Index::open(&place.join("index.db"), &origin)?;
        let store = SqliteStore::open_read_only(&kept)?;
        index.lock().catch_up(&store)?;
        let reason = match kept_size(&layout, &origin)?.filter(|known| *known > size) {
            Some(known) => format!("{reason}; its records {size} to {} are not in it", known - 1),
            None => reason.to_owned(),
        };
        let continues = Continues {
            origin,
            size,
            root,
            checkpoint: head.note,
            reason: sealbook_policy::redact_text(&reason).into_owned(),
        };
        Self::create(layout, tenant, options, Some(continues))
    }
}

fn is_copy_of(file: &Path, head: &StoreHead) -> Result<bool, Error> {
    if !file.exists() {
        return Ok(false);
    }
    Ok(SqliteStore::open_read_only(file)?.snapshot()?.head()?.as_ref() == Some(head))
}

/// Copies what is sealed, row by row, as of one moment: nothing that was erased or overwritten comes along.
fn copy(from: &dyn Store, to: &Path) -> Result<BackupSummary, Error> {
    let view = from.snapshot()?;
    let head = view.head()?.ok_or_else(|| Error::BookUnreadable {
        path: from.place().to_owned(),
        cause: "it has no checkpoint".to_owned(),
    })?;
    let Checkpoint { origin, size, root } = Checkpoint::of_note(&head.note)?;
    let copy = SqliteStore::create(to, from.origin(), from.tenant())?;
    let keys = view.key_seqs()?;
    let mut tx = copy.begin()?;
    view.scan(0, size, &mut |row| {
        let damaged = || Error::RowDamaged { seq: row.seq, what: "its leaf does not parse".to_owned() };
        let id = Leaf::parse(row.leaf).map_err(|_| damaged())?.id;
        tx.append(&[NewRow { row, id, is_key: keys.binary_search(&row.seq).is_ok() }])?;
        Ok(true)
    })?;
    for level in 0..8 {
        let tiles = size.checked_shr(8 * u32::from(level)).unwrap_or(0).div_ceil(256);
        for index in 0..tiles {
            if let Some(hashes) = view.tile(level, index)? {
                tx.put_tile(level, index, &hashes)?;
            }
        }
    }
    view.checkpoints(0, size + 1, &mut |size, note| tx.put_checkpoint(size, note).map(|()| true))?;
    if let Some(seal) = view.standing_seal()? {
        let mut stands = Vec::new();
        for sort in Standing::ALL {
            view.standing(sort, 0, &mut |one| {
                stands.push(one);
                Ok(true)
            })?;
        }
        tx.put_standing(&stands, size, size, &seal)?;
    }
    tx.commit().map_err(|e| match e {
        CommitError::Rejected(cause) => cause,
        CommitError::Unknown(cause) => Error::WriterStopped(cause),
    })?;
    copy.scrub()?;
    drop(copy);
    let bytes = std::fs::metadata(to).map_err(|cause| file_error(to, cause))?.len();
    Ok(BackupSummary { origin, size, root, bytes })
}
