//! Directories to measure in: all on one disk, and gone afterwards.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::Result;

/// An empty directory on the disk that is measured; removed when dropped.
///
/// The system's temporary directory may lie in memory, where nothing is durable: the target
/// directory is taken instead, unless `SEALBOOK_BENCH_DIR` names another.
pub(crate) fn fresh() -> Result<TempDir> {
    let root = root()?;
    std::fs::create_dir_all(&root)?;
    Ok(tempfile::Builder::new().prefix("book-").tempdir_in(root)?)
}

fn root() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("SEALBOOK_BENCH_DIR") {
        return Ok(dir.into());
    }
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("this program lies in no target directory")?;
    Ok(target.join("bench"))
}

/// Bytes of the files right in a directory.
pub(crate) fn bytes_in(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}
