//! What a commit did to its files: `git log -M --raw --numstat` of one commit.
//!
//! Attributes are not asked: `.gitattributes` lies in the hands of those who are audited, and a line
//! in it can make git show `-` for any file. Content alone says here what is binary.

use std::ops::Range;

use super::id::Id;
use super::lines::{self, Count, Counter};
use super::objects::Kind;
use super::reader::Reader;
use super::renames::{self, Rename};
use super::tree::{self, Difference, Side};
use crate::secrets::text_of;

/// One changed file.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) status: Status,
    /// Where it is, or was if it was deleted.
    pub(crate) path: Vec<u8>,
    /// Where it was before a rename.
    pub(crate) old_path: Option<Vec<u8>>,
    pub(crate) old: Option<Side>,
    pub(crate) new: Option<Side>,
    pub(crate) lines: Lines,
    /// Bytes of the new content, where it was read.
    pub(crate) size: Option<u64>,
}

/// The letter git gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Added,
    Deleted,
    Modified,
    /// From a file to a link, a submodule or back.
    TypeChanged,
    /// With the similarity in per cent.
    Renamed(u8),
}

impl Status {
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Deleted => 'D',
            Self::Modified => 'M',
            Self::TypeChanged => 'T',
            Self::Renamed(_) => 'R',
        }
    }
}

/// How many lines changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    Counted(Count),
    /// Git shows `-` for both.
    Binary,
    /// A side could not be read.
    Unknown,
}

/// What a commit did, and whether rename detection hit git's limit.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) files: Vec<Change>,
    pub(crate) renames_limited: bool,
}

/// What differs between two trees.
pub(crate) fn between(reader: &mut Reader<'_>, counter: &mut Counter, old: Option<Id>, new: Option<Id>) -> Changes {
    some_between(reader, counter, old, new, |_| true)
}

/// Given a path, a text and where in it added lines are; nothing of content that is no text.
pub(crate) type SeenLines<'a> = dyn FnMut(&[u8], Option<(&[u8], Range<usize>)>) + 'a;

/// Gives the lines that a file gained, of whatever can be looked through.
pub(crate) fn gained(counter: &mut Counter, path: &[u8], (old, new): (&[u8], &[u8]), seen: &mut SeenLines<'_>) {
    if new.is_empty() {
        return;
    }
    let Some(text) = text_of(path, new) else { return seen(path, None) };
    let old = text_of(path, old).unwrap_or_default();
    counter.count_added(&old, &text, &mut |added| seen(path, Some((&*text, added))));
}

/// The same; `seen` is given the lines that each file gained.
pub(crate) fn between_seen(
    reader: &mut Reader<'_>,
    counter: &mut Counter,
    old: Option<Id>,
    new: Option<Id>,
    seen: &mut SeenLines<'_>,
) -> Changes {
    compare(reader, counter, old, new, |_| true, Some(seen))
}

/// What differs between two trees, as far as it is wanted.
pub(crate) fn some_between(
    reader: &mut Reader<'_>,
    counter: &mut Counter,
    old: Option<Id>,
    new: Option<Id>,
    wanted: impl Fn(&Change) -> bool,
) -> Changes {
    compare(reader, counter, old, new, wanted, None)
}

fn compare(
    reader: &mut Reader<'_>,
    counter: &mut Counter,
    old: Option<Id>,
    new: Option<Id>,
    wanted: impl Fn(&Change) -> bool,
    mut seen: Option<&mut SeenLines<'_>>,
) -> Changes {
    let differences = tree::diff(reader, old, new);
    let renames = renames::detect(reader, &differences);
    let mut files = pair_up(differences, &renames.pairs);
    files.retain(wanted);
    for file in &mut files {
        count(reader, counter, file, seen.as_deref_mut());
    }
    Changes { files, renames_limited: renames.limited }
}

/// Joins each deletion that is a rename's source with its addition, which keeps its place.
fn pair_up(differences: Vec<Difference>, renames: &[Rename]) -> Vec<Change> {
    let mut source_of = vec![None; differences.len()];
    let mut is_source = vec![false; differences.len()];
    for rename in renames {
        source_of[rename.new] = Some(*rename);
        is_source[rename.old] = true;
    }
    let old_of: Vec<_> = source_of
        .iter()
        .map(|rename| rename.map(|r| (r.percent(), differences[r.old].path.clone(), differences[r.old].old)))
        .collect();
    let mut files = Vec::with_capacity(differences.len());
    for ((difference, old), is_source) in differences.into_iter().zip(old_of).zip(is_source) {
        if is_source {
            continue;
        }
        let Difference { path, old: old_side, new } = difference;
        let (status, old_path, old) = match old {
            Some((percent, old_path, old)) => (Status::Renamed(percent), Some(old_path), old),
            None => (status(old_side, new), None, old_side),
        };
        files.push(Change { status, path, old_path, old, new, lines: Lines::Unknown, size: None });
    }
    files
}

fn status(old: Option<Side>, new: Option<Side>) -> Status {
    match (old, new) {
        (None, _) => Status::Added,
        (_, None) => Status::Deleted,
        (Some(a), Some(b)) if a.mode.format() != b.mode.format() => Status::TypeChanged,
        _ => Status::Modified,
    }
}

fn count(reader: &mut Reader<'_>, counter: &mut Counter, file: &mut Change, seen: Option<&mut SeenLines<'_>>) {
    let old_path = file.old_path.as_ref().unwrap_or(&file.path);
    let new = content(reader, file.new, &file.path);
    let old = content(reader, file.old, old_path);
    let (Some(old), Some(new)) = (old, new) else {
        return;
    };
    if file.new.is_some() {
        file.size = Some(new.bytes().len() as u64);
    }
    let (old, new) = (old.bytes(), new.bytes());
    file.lines = if lines::is_binary(old) || lines::is_binary(new) {
        if let Some(seen) = seen {
            gained(counter, &file.path, (old, new), seen);
        }
        Lines::Binary
    } else {
        match seen {
            Some(seen) => {
                let mut seen = |added| seen(&file.path, Some((new, added)));
                Lines::Counted(counter.count_added(old, new, &mut seen))
            }
            None => Lines::Counted(counter.count(old, new)),
        }
    };
}

/// What git compares: a file's content, a link's target, a line that names a submodule's commit.
enum Content {
    Nothing,
    Blob(std::sync::Arc<[u8]>),
    Submodule(String),
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Nothing => &[],
            Self::Blob(data) => data,
            Self::Submodule(text) => text.as_bytes(),
        }
    }
}

fn content(reader: &mut Reader<'_>, side: Option<Side>, path: &[u8]) -> Option<Content> {
    match side {
        None => Some(Content::Nothing),
        Some(side) if side.mode.is_gitlink() => Some(Content::Submodule(format!("Subproject commit {}\n", side.id))),
        Some(side) => reader.read(&side.id, Kind::Blob, path).map(Content::Blob),
    }
}
