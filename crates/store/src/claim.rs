//! One process at a time: a lock beside the book that ends with its process.

use std::fs::{File, TryLockError};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::sqlite::file_error;
use crate::whole::make_private_dir;
use crate::{Error, Ledger};

/// What a process has for itself until this is dropped, or the process ends.
#[derive(Debug)]
pub struct Claim {
    path: PathBuf,
    file: File,
}

impl Ledger {
    /// Takes something of this name for this process alone; `None` where another one has it.
    pub fn claim(&self, name: &str) -> Result<Option<Claim>, Error> {
        let dir = self.layout().book.join("claims");
        make_private_dir(&dir)?;
        let digest: String = Sha256::digest(name).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = dir.join(format!("{digest}.lock"));
        loop {
            let failed = |cause| file_error(&path, cause);
            let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(&path);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Some(Claim { path, file })),
                // Who had it before has removed it meanwhile.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    (own.dev(), own.ino()) == (there.dev(), there.ino())
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Removed while it is still locked: nobody can have taken it yet. A file that stays does no harm.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}
