//! What a repository's index holds: files that git tracks, whatever its ignore files say.
//!
//! A rule of an ignore file leaves out what is *not* tracked; git reads the rest all the same, and so does an audit.
//! Where the index cannot be read, ignore files are not heeded: more is read then, never less.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use gix::index::entry::{Flags, Mode};

use crate::TreePath;

/// The tracked paths of one repository.
pub(super) enum Tracked {
    /// Sorted by their bytes, relative to the repository. A submodule is one path.
    Paths(Vec<Vec<u8>>),
    Unreadable,
}

impl Tracked {
    /// Of the repository whose working tree is that directory. No index is one that holds nothing.
    pub(super) fn of(repository: &Path) -> Self {
        let opened = gix::ThreadSafeRepository::open_opts(repository, gix::open::Options::isolated());
        let Ok(opened) = opened else { return Self::Unreadable };
        let opened = opened.to_thread_local();
        if opened.index_path().symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Self::Paths(Vec::new());
        }
        let Ok(index) = opened.open_index() else { return Self::Unreadable };
        let backing = index.path_backing();
        let path = |entry: &gix::index::Entry| {
            let path: &[u8] = entry.path_in(backing);
            // A sparse index names whole directories.
            path.strip_suffix(b"/").unwrap_or(path).to_vec()
        };
        let mut paths: Vec<Vec<u8>> = index.entries().iter().map(path).collect();
        paths.sort_unstable();
        Self::Paths(paths)
    }

    /// Whether the path itself is tracked.
    pub(super) fn holds(&self, path: &[u8]) -> bool {
        match self {
            Self::Paths(paths) => paths.binary_search_by(|held| held.as_slice().cmp(path)).is_ok(),
            Self::Unreadable => true,
        }
    }

    /// Whether something below the directory is tracked.
    pub(super) fn holds_below(&self, directory: &[u8]) -> bool {
        let Self::Paths(paths) = self else { return true };
        let prefix = [directory, b"/"].concat();
        let at = paths.partition_point(|held| held.as_slice() < prefix.as_slice());
        paths.get(at).is_some_and(|held| held.starts_with(&prefix))
    }
}

/// Something that is tracked and not in the tree.
pub(crate) struct Missing {
    pub(crate) path: TreePath,
    /// A sparse checkout, or somebody by hand, told git to leave it out: git does not call it deleted.
    pub(crate) is_left_out: bool,
}

/// What the index of the repository around `root` holds below it, and the tree lacks. An index that cannot be read
/// says nothing here: the `git` source does.
pub(crate) fn missing(root: &Path) -> Vec<Missing> {
    let Some(repository) = root.ancestors().find(|it| it.join(".git").symlink_metadata().is_ok()) else {
        return Vec::new();
    };
    let opened = gix::ThreadSafeRepository::open_opts(repository, gix::open::Options::isolated());
    let Some(index) = opened.ok().and_then(|opened| opened.to_thread_local().open_index().ok()) else {
        return Vec::new();
    };
    let mut prefix = root.strip_prefix(repository).unwrap_or(Path::new("")).as_os_str().as_bytes().to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let backing = index.path_backing();
    let mut found = Vec::new();
    for entry in index.entries().iter().filter(|entry| entry.mode != Mode::COMMIT) {
        let path: &[u8] = entry.path_in(backing);
        let Some(path) = path.strip_suffix(b"/").unwrap_or(path).strip_prefix(&prefix[..]) else { continue };
        let looked = root.join(OsStr::from_bytes(path)).symlink_metadata();
        let is_gone = |error: &std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
        };
        if looked.as_ref().is_err_and(is_gone) {
            let is_left_out = entry.flags.contains(Flags::SKIP_WORKTREE) || entry.mode == Mode::DIR;
            found.push(Missing { path: TreePath::new(path), is_left_out });
        }
    }
    found
}
