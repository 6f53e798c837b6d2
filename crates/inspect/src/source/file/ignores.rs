//! `.gitignore` and `.ignore`: what the tree's owners leave out.
//!
//! The rules are git's (gitignore(5)) without the user's own global file, which is not the tree's
//! business. As in ripgrep, `.ignore` outranks `.gitignore` wherever it lies. A nested repository
//! begins anew: rules of the repository around it end at its root.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::walk::{rules_above, rules_of};

/// The rules that hold in one directory: its own, and those of the directories above.
#[derive(Clone, Default)]
pub(crate) struct Ignores(Option<Arc<Level>>);

struct Level {
    above: Ignores,
    /// Where the directory's own part of a path below it begins: paths are matched relative to
    /// the file that holds the rule. A level above the audited root adds a prefix instead.
    place: Place,
    git: Gitignore,
    plain: Gitignore,
    /// Rules of `.git/info/exclude`, weaker than any file in the tree.
    exclude: Gitignore,
    repository: bool,
}

enum Place {
    Below { prefix_len: usize },
    Above { to_root: Vec<u8> },
}

/// The rule files of one directory, as text.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) git: Option<Vec<u8>>,
    pub(super) plain: Option<Vec<u8>>,
    pub(super) exclude: Option<Vec<u8>>,
    /// Whether the directory is the root of a git repository.
    pub(super) repository: bool,
}

impl Rules {
    fn is_empty(&self) -> bool {
        self.git.is_none() && self.plain.is_none() && self.exclude.is_none() && !self.repository
    }
}

impl Ignores {
    /// The rules of the directories above the root of a tree, up to the repository it lies in.
    pub(crate) fn above(root: &Path) -> Self {
        rules_above(root)
    }

    /// The rules in a directory, whose path below the root is `below`, on top of those above it.
    pub(crate) fn enter_directory(&self, directory: &Path, below: &Path) -> Self {
        let mut prefix = below.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        self.enter(&prefix, &rules_of(directory))
    }

    /// The rules in a directory below the audited root; `prefix` is its path with a final `/`.
    pub(super) fn enter(&self, prefix: &[u8], rules: &Rules) -> Self {
        self.add(Place::Below { prefix_len: prefix.len() }, rules)
    }

    /// Adds the rules of a directory above the audited root; `to_root` leads from there to the
    /// root, with a final `/`.
    pub(super) fn enter_above(&self, to_root: &[u8], rules: &Rules) -> Self {
        self.add(Place::Above { to_root: to_root.to_vec() }, rules)
    }

    fn add(&self, place: Place, rules: &Rules) -> Self {
        if rules.is_empty() {
            return self.clone();
        }
        Self(Some(Arc::new(Level {
            above: self.clone(),
            place,
            git: matcher(rules.git.as_deref()),
            plain: matcher(rules.plain.as_deref()),
            exclude: matcher(rules.exclude.as_deref()),
            repository: rules.repository,
        })))
    }

    /// Whether the path is left out. Directories above it are not asked: a directory that is left
    /// out is not entered.
    pub(crate) fn leave_out(&self, path: &[u8], is_dir: bool) -> bool {
        if self.0.is_none() {
            return false;
        }
        self.first_match(path, is_dir, |level| &level.plain, false)
            .or_else(|| self.first_match(path, is_dir, |level| &level.git, true))
            .or_else(|| self.first_match(path, is_dir, |level| &level.exclude, true))
            .unwrap_or(false)
    }

    fn first_match(
        &self,
        path: &[u8],
        is_dir: bool,
        of: fn(&Level) -> &Gitignore,
        ends_at_repository: bool,
    ) -> Option<bool> {
        let mut next = self.0.as_ref();
        while let Some(level) = next {
            let rules = of(level);
            if !rules.is_empty() {
                match level.matched(rules, path, is_dir) {
                    Match::Ignore(()) => return Some(true),
                    Match::Whitelist(()) => return Some(false),
                    Match::None => {}
                }
            }
            if ends_at_repository && level.repository {
                return None;
            }
            next = level.above.0.as_ref();
        }
        None
    }
}

impl Level {
    fn matched(&self, rules: &Gitignore, path: &[u8], is_dir: bool) -> Match<()> {
        match &self.place {
            Place::Below { prefix_len } => rules.matched(as_path(&path[*prefix_len..]), is_dir).map(|_| ()),
            Place::Above { to_root } => rules.matched(as_path(&[to_root, path].concat()), is_dir).map(|_| ()),
        }
    }
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Lines that are no globs are passed over, as git does. Where the rules as a whole are too large
/// to be compiled, nothing is left out: more is read then, never less.
fn matcher(text: Option<&[u8]>) -> Gitignore {
    let Some(text) = text else {
        return Gitignore::empty();
    };
    let mut builder = GitignoreBuilder::new("");
    builder.allow_unclosed_class(false);
    let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
    for line in text.lines() {
        // A malformed line matches nothing, which is what git makes of it.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
