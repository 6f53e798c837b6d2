//! What a tree was at a moment: enough to tell afterwards which of its files changed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use rustix::fs::{AtFlags, statat};

use super::entry::Meta;
use super::walk::{Filter, Item, open_root, walk};
use crate::TreePath;

/// Sizes, modes, owners and times of the files of a tree. What ignore files leave out is left out, and
/// so are `.git` and `.sealbook`. No content is read.
#[derive(Debug, Default)]
pub struct TreeState {
    files: BTreeMap<Vec<u8>, Meta>,
    is_whole: bool,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It was not there before.
    Added,
    /// It is not what it was.
    Changed,
    /// It is gone.
    Removed,
}

impl FileChange {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl TreeState {
    /// Looks at a tree, at `files_max` files of it at most.
    ///
    /// Errors: the directory cannot be opened.
    pub fn of(root: &Path, files_max: usize) -> std::io::Result<Self> {
        let directory = open_root(root)?;
        let mut state = Self { files: BTreeMap::new(), is_whole: true };
        walk(directory, root, &Filter { pattern: None, ignore_files: true }, &mut |item| {
            match item {
                Item::Look { directory, name, .. } => {
                    if state.files.len() >= files_max {
                        state.is_whole = false;
                        return ControlFlow::Break(());
                    }
                    // One that is gone already is not there.
                    if let Ok(stat) = statat(&directory.fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                        state.files.insert([&directory.prefix[..], name.to_bytes()].concat(), Meta::of(&stat));
                    }
                }
                Item::Directory(_, None) => {}
                Item::Directory(_, Some(_)) | Item::Beyond { .. } => state.is_whole = false,
            }
            ControlFlow::Continue(())
        });
        Ok(state)
    }

    /// Whether all of the tree was looked at.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What is different afterwards, by path.
    pub fn changes_to(&self, after: &Self) -> Vec<(TreePath, FileChange)> {
        let path = |path: &Vec<u8>| TreePath::new(path.clone());
        let gone = self.files.keys().filter(|file| !after.files.contains_key(*file));
        let mut changes: Vec<_> = gone.map(|file| (path(file), FileChange::Removed)).collect();
        for (file, now) in &after.files {
            match self.files.get(file) {
                Some(before) if before == now => {}
                Some(_) => changes.push((path(file), FileChange::Changed)),
                None => changes.push((path(file), FileChange::Added)),
            }
        }
        changes.sort_unstable_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        changes
    }
}
