//! Backup while others write, and restore as a linked ledger.

use std::path::Path;

use sealbook_ledger::{Checkpoint, Continues, Hash, Leaf, Origin};

use crate::sqlite::file_error;
use crate::{CommitError, Error, Layout, Ledger, NewRow, Options, SqliteStore, Store};

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
        if to.exists() {
            return Err(Error::BookExists { path: to.to_owned() });
        }
        // Half a copy must not be taken for a whole one: it has its name only when it is done.
        let mut draft = to.as_os_str().to_owned();
        draft.push(".part");
        let draft = Path::new(&draft);
        let copied = copy(&*self.store, draft);
        match copied {
            Ok(summary) => {
                std::fs::rename(draft, to).map_err(|cause| file_error(to, cause))?;
                Ok(summary)
            }
            Err(e) => {
                let _ = std::fs::remove_file(draft);
                Err(e)
            }
        }
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
        let kept = layout.book.join("previous").join(origin.as_str().rsplit('/').next().unwrap_or("ledger"));
        crate::ledger::make_private_dir(&kept)?;
        copy(&old, &kept.join("ledger.db"))?;
        let continues = Continues { origin, size, root, checkpoint: head.note, reason: reason.to_owned() };
        Self::create(layout, tenant, options, Some(continues))
    }
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
    tx.commit().map_err(|e| match e {
        CommitError::Rejected(cause) => cause,
        CommitError::Unknown(cause) => Error::WriterStopped(cause),
    })?;
    copy.scrub()?;
    drop(copy);
    let bytes = std::fs::metadata(to).map_err(|cause| file_error(to, cause))?.len();
    Ok(BackupSummary { origin, size, root, bytes })
}
