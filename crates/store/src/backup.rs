//! Backup while others write, and restore as a linked ledger.

use std::path::Path;

use sealbook_ledger::{Checkpoint, Continues, Hash, Origin};

use crate::sqlite::file_error;
use crate::{Error, Layout, Ledger, Options, SqliteStore, Store};

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
        let copied = self.store.copy_to(draft).and_then(|()| summary(draft));
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
        old.copy_to(&kept.join("ledger.db"))?;
        let continues = Continues { origin, size, root, checkpoint: head.note, reason: reason.to_owned() };
        Self::create(layout, tenant, options, Some(continues))
    }
}

fn summary(path: &Path) -> Result<BackupSummary, Error> {
    let store = SqliteStore::open_read_only(path)?;
    let head = store.snapshot()?.head()?.ok_or_else(|| Error::BookUnreadable {
        path: path.to_owned(),
        cause: "the copy has no checkpoint".to_owned(),
    })?;
    let Checkpoint { origin, size, root } = Checkpoint::of_note(&head.note)?;
    let bytes = std::fs::metadata(path).map_err(|cause| file_error(path, cause))?.len();
    Ok(BackupSummary { origin, size, root, bytes })
}
