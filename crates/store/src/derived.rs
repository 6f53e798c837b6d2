//! What was derived from records, kept beside the book so that it need not be derived again.
//!
//! Nothing here is believed by itself: whoever keeps something seals its digest, and takes what lies here only where it
//! has that digest. Any of it can be thrown away. What is erased may be in it, so that an erasure throws all of it
//! away, before it is sealed.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use sealbook_ledger::LeafType;

use crate::sqlite::file_error;
use crate::whole::make_private_dir;
use crate::{Cursor, Error, Ledger, Query, is_book_name};

/// No file of it is larger.
const BYTES_MAX: u64 = 64 << 20;

impl Ledger {
    /// What was kept under a name; nothing where there is nothing that can be read. Compare its digest.
    pub fn derived(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.derived_file(name)?;
        // What lies there may be anything: only a file is opened.
        let found = std::fs::symlink_metadata(&path).ok()?;
        if !found.is_file() || found.len() > BYTES_MAX {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).ok()?);
        File::open(path).ok()?.take(BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Keeps what was derived from the records up to `seq` in place of what the name had; not where it is too large or
    /// where something was erased since, and then the answer is `false`.
    ///
    /// Errors: it cannot be written, or the name is none.
    pub fn keep_derived(&self, name: &str, bytes: &[u8], seq: u64) -> Result<bool, Error> {
        self.writer()?;
        let Some(path) = self.derived_file(name).filter(|_| bytes.len() as u64 <= BYTES_MAX) else { return Ok(false) };
        // Whoever erases comes before this or after it.
        let _alone = self.index.alone()?;
        if self.has_erased_since(seq)? {
            return Ok(false);
        }
        make_private_dir(&self.layout.derived())?;
        let draft = path.with_extension("part");
        let kept = (|| {
            let mut file = File::options().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
            file.write_all(bytes)?;
            // Not synced: what a loss of power leaves of it has another digest.
            std::fs::rename(&draft, &path)
        })();
        if kept.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        kept.map(|()| true).map_err(|cause| file_error(&path, cause))
    }

    /// Whether anything was erased after that place of the book.
    pub fn has_erased_since(&self, seq: u64) -> Result<bool, Error> {
        let erasures = Query {
            leaf_type: vec![LeafType::Erase.as_str().to_owned()],
            ascending: true,
            cursor: Some(Cursor::after(seq)),
            limit: Some(1),
            ..Query::default()
        };
        Ok(!self.query(&erasures)?.rows.is_empty())
    }

    /// Throws away all that was derived.
    pub(crate) fn forget_derived(&self) -> Result<(), Error> {
        let directory = self.layout.derived();
        let failed = |path: &Path, cause| Err(file_error(path, cause));
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
            Err(cause) => return failed(&directory, cause),
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(cause) => return failed(&directory, cause),
            };
            match std::fs::remove_file(&path) {
                Err(cause) if cause.kind() != ErrorKind::NotFound => return failed(&path, cause),
                _ => {}
            }
        }
        Ok(())
    }

    fn derived_file(&self, name: &str) -> Option<PathBuf> {
        is_book_name(name).then(|| self.layout.derived().join(name))
    }
}
