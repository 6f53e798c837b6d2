//! Files, as undo needs them. Who does it brings the disk.

use std::path::{Path, PathBuf};

use sealbook_record::FileContent;

/// What a file is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Not there.
    Absent,
    /// There, with this content.
    Content {
        /// The content.
        bytes: Vec<u8>,
        /// Permission bits; those that it has, or the usual ones, where nothing is said.
        mode: Option<u32>,
    },
}

/// Where files lie.
pub trait Files: Send + Sync {
    /// What lies at a path now; links are followed.
    fn look(&self, path: &Path) -> FileContent;
    /// Where it leads, where it is a link itself.
    fn link(&self, path: &Path) -> Option<PathBuf>;
    /// The path with its links followed, as far as it is there.
    fn real(&self, path: &Path) -> PathBuf;
    /// Makes a file what it was, in one step: a reader sees the one or the other. It is looked at right before; where
    /// it is neither `expected` nor already what is wanted, nothing is done.
    ///
    /// Errors: why it is not what is wanted.
    fn put(&self, path: &Path, expected: &FileContent, wanted: &Wanted) -> Result<(), String>;
}
