//! `.gitignore`: what the tree's owners leave out.
//!
//! The rules are git's (gitignore(5)) without the user's own global file, which is not the tree's
//! business. As in git, they hold for what is not tracked: what the index holds is read. A nested
//! repository begins anew: rules of the repository around it end at its root. `.ignore` and its like,
//! which git does not know, leave nothing out: what is audited does not choose what is looked at.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::tracked::Tracked;
use super::walk::{rules_above, rules_of};

/// The rules that hold in one directory: its own, and those of the directories above.
#[derive(Clone, Default)]
pub(crate) struct Ignores {
    level: Option<Arc<Level>>,
    /// Within a directory that is left out but for what is tracked in it.
    only_tracked: bool,
    /// Within a book's own directory.
    pub(super) is_book: bool,
}

/// What an audit does with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It looks at it, and at what is below it.
    All,
    /// It looks at what is tracked below it.
    Tracked,
    /// It leaves it out; `is_known` where an index says that it is not tracked.
    Nothing { is_known: bool },
}

struct Level {
    above: Ignores,
    /// Where the directory's own part of a path below it begins: paths are matched relative to
    /// the file that holds the rule. A level above the audited root adds a prefix instead.
    place: Place,
    git: Gitignore,
    /// Rules of `.git/info/exclude`, weaker than any file in the tree.
    exclude: Gitignore,
    /// The directory, where a repository begins there.
    repository: Option<Repository>,
}

struct Repository {
    directory: PathBuf,
    /// Read when it is first asked.
    tracked: OnceLock<Tracked>,
}

enum Place {
    Below { prefix_len: usize },
    Above { to_root: Vec<u8> },
}

/// The rule files of one directory, as text.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) git: Option<Vec<u8>>,
    pub(super) exclude: Option<Vec<u8>>,
    /// The directory itself, where it is the root of a git repository.
    pub(super) repository: Option<PathBuf>,
}

impl Rules {
    fn is_empty(&self) -> bool {
        self.git.is_none() && self.exclude.is_none() && self.repository.is_none()
    }
}

impl Ignores {
    /// The rules of the directories above the root of a tree, up to the repository it lies in.
    pub(crate) fn above(root: &Path) -> Self {
        rules_above(root, true)
    }

    /// The rules in a directory, whose path below the root is `below`, on top of those above it.
    pub(crate) fn enter_directory(&self, directory: &Path, below: &Path) -> Self {
        let mut prefix = below.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        self.enter(&prefix, &rules_of(directory))
    }

    /// The same rules in a directory of which only what is tracked is looked at.
    pub(crate) fn tracked_alone(&self, is_book: bool) -> Self {
        Self { level: self.level.clone(), only_tracked: true, is_book: self.is_book || is_book }
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
        let repository = rules.repository.clone().map(|directory| Repository { directory, tracked: OnceLock::new() });
        let only_tracked = self.only_tracked && repository.is_none();
        let level = Level {
            above: self.clone(),
            place,
            git: matcher(rules.git.as_deref()),
            exclude: matcher(rules.exclude.as_deref()),
            repository,
        };
        Self { level: Some(Arc::new(level)), only_tracked, is_book: self.is_book }
    }

    /// What is done with the path. Directories above it are not asked: one that is left out is not entered.
    pub(crate) fn look(&self, path: &[u8], is_dir: bool) -> Look {
        if self.level.is_none() {
            return Look::All;
        }
        let is_left_out = self.only_tracked
            || self
                .first_match(path, is_dir, |level| &level.git)
                .or_else(|| self.first_match(path, is_dir, |level| &level.exclude))
                .unwrap_or(false);
        if is_left_out { self.look_by_index(path, is_dir) } else { Look::All }
    }

    /// What is done with a path that is left out unless it is tracked.
    fn look_by_index(&self, path: &[u8], is_dir: bool) -> Look {
        let Some((tracked, path)) = self.tracked(path) else { return Look::Nothing { is_known: false } };
        match is_dir {
            _ if tracked.holds(&path) => Look::All,
            true if tracked.holds_below(&path) => Look::Tracked,
            _ => Look::Nothing { is_known: true },
        }
    }

    /// What is done with what is named like a book's own directory: it is not read, but for what git tracks there.
    pub(super) fn look_at_book(&self, path: &[u8]) -> Look {
        match self.tracked(path) {
            Some((tracked @ Tracked::Paths(_), path)) if tracked.holds(&path) => Look::All,
            Some((tracked @ Tracked::Paths(_), path)) if tracked.holds_below(&path) => Look::Tracked,
            _ => Look::Nothing { is_known: true },
        }
    }

    /// The index of the repository around, and the path seen from there.
    fn tracked<'p>(&self, path: &'p [u8]) -> Option<(&Tracked, Cow<'p, [u8]>)> {
        let mut next = self.level.as_ref();
        while let Some(level) = next {
            if let Some(repository) = &level.repository {
                let tracked = repository.tracked.get_or_init(|| Tracked::of(&repository.directory));
                return Some((tracked, level.seen_from_here(path)));
            }
            next = level.above.level.as_ref();
        }
        None
    }

    fn first_match(&self, path: &[u8], is_dir: bool, of: fn(&Level) -> &Gitignore) -> Option<bool> {
        let mut next = self.level.as_ref();
        while let Some(level) = next {
            let rules = of(level);
            if !rules.is_empty() {
                match level.matched(rules, path, is_dir) {
                    Match::Ignore(()) => return Some(true),
                    Match::Whitelist(()) => return Some(false),
                    Match::None => {}
                }
            }
            if level.repository.is_some() {
                return None;
            }
            next = level.above.level.as_ref();
        }
        None
    }
}

impl Level {
    fn matched(&self, rules: &Gitignore, path: &[u8], is_dir: bool) -> Match<()> {
        rules.matched(as_path(&self.seen_from_here(path)), is_dir).map(|_| ())
    }

    /// A path below the audited root, seen from the directory of this level.
    fn seen_from_here<'p>(&self, path: &'p [u8]) -> Cow<'p, [u8]> {
        match &self.place {
            Place::Below { prefix_len } => Cow::Borrowed(&path[*prefix_len..]),
            Place::Above { to_root } => Cow::Owned([to_root, path].concat()),
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
