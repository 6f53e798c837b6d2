//! What a watch leaves out: what the `file` source leaves out of the same tree, asked for one path at a time.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::file::Ignores;

/// Directories whose rules are kept; above it all are read again.
const DIRECTORIES_MAX: usize = 1 << 16;

/// The ignore files of a tree, read as they are wanted.
pub(super) struct Ignored {
    root: PathBuf,
    above: Ignores,
    /// By path below the root: the rules in a directory, or nothing where it is left out itself. What is above a
    /// directory that is here is here too.
    known: HashMap<PathBuf, Option<Ignores>>,
}

impl Ignored {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), above: Ignores::above(root), known: HashMap::new() }
    }

    /// Whether a path below the root is left out, by itself or with a directory that it lies in.
    pub(super) fn leaves_out(&mut self, path: &Path, is_directory: bool) -> bool {
        let is_directory = is_directory || self.known.contains_key(path);
        let directory = path.parent().unwrap_or(Path::new(""));
        self.rules_of(directory).is_none_or(|rules| rules.leave_out(path.as_os_str().as_bytes(), is_directory))
    }

    /// Something happened to a path, which may have come or gone: what was read of it may hold no longer.
    pub(super) fn hear_of(&mut self, path: &Path, is_other: bool) {
        let is = |names: &[&str]| path.file_name().is_some_and(|name| names.iter().any(|it| name == *it));
        let changed = match path.parent() {
            // A repository within begins anew.
            Some(directory) if is(&[".gitignore", ".ignore"]) || is_other && is(&[".git"]) => directory,
            _ if is_other => path,
            _ => return,
        };
        if self.known.contains_key(changed) {
            self.known.retain(|directory, _| !directory.starts_with(changed));
        }
    }

    fn rules_of(&mut self, directory: &Path) -> Option<Ignores> {
        if let Some(known) = self.known.get(directory) {
            return known.clone();
        }
        // From the root down, since each stands on the one above.
        let mut rules = Some(self.above.clone());
        let below: Vec<&Path> = directory.ancestors().collect();
        for at in below.into_iter().rev() {
            if let Some(known) = self.known.get(at) {
                rules.clone_from(known);
                continue;
            }
            rules =
                rules.filter(|rules| at.as_os_str().is_empty() || !rules.leave_out(at.as_os_str().as_bytes(), true));
            rules = rules.map(|rules| rules.enter_directory(&self.root.join(at), at));
            if self.known.len() >= DIRECTORIES_MAX {
                self.known.clear();
            }
            self.known.insert(at.to_owned(), rules.clone());
        }
        rules
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn ignore_files_count_wherever_they_lie_and_when_they_change() {
        let root = tempfile::tempdir().expect("a directory");
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("a/b/c")).expect("directories");
        fs::create_dir_all(at("other/.git")).expect("directories");
        fs::write(at(".gitignore"), "*.o\nout/\n").expect("rules");
        fs::write(at("a/b/.gitignore"), "*.tmp\n!keep.o\n/only\n").expect("rules");
        let mut ignored = Ignored::new(root.path());
        let mut out = |path: &str| ignored.leaves_out(Path::new(path), false);
        for path in ["x.o", "a/x.o", "a/b/x.tmp", "a/b/c/x.tmp", "a/b/only", "out/x", "a/out/deep/x", "a/b/x.o"] {
            assert!(out(path), "{path}");
        }
        for path in ["x.tmp", "a/x.tmp", "a/b/keep.o", "a/b/c/only", "b/out", "a/b/.gitignore", "other/x.o"] {
            assert!(!out(path), "{path}");
        }
        fs::write(at("a/b/.gitignore"), "*.md\n").expect("rules");
        ignored.hear_of(Path::new("a/b/.gitignore"), false);
        assert!(ignored.leaves_out(Path::new("a/b/c/x.md"), false));
        assert!(!ignored.leaves_out(Path::new("a/b/c/x.tmp"), false));
        fs::remove_dir_all(at("a")).expect("it is there");
        ignored.hear_of(Path::new("a"), true);
        fs::create_dir_all(at("a/b")).expect("directories");
        assert!(!ignored.leaves_out(Path::new("a/b/x.md"), false), "another directory of that name");
        assert!(ignored.leaves_out(Path::new("out"), true), "a rule for directories");
    }
}
