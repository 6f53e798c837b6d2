//! Which log of the last run each file of this one is, and what became of those that are not what they were.
//!
//! A log is known again by device and inode, its beginning, and the bytes before the place up to which it was
//! read. What was renamed keeps its inode; what was copied and emptied (`copytruncate`) or compressed keeps its
//! beginning. What is found by neither, and was shortened or written over, is told.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use sha2::{Digest as _, Sha256};

use super::find::{Candidate, Place, base_name};
use super::open::{Compression, compression};
use super::state::{END_BYTES, MARK_BYTES, START_BYTES, Stat, State, digest_of, head_of, hex};
use crate::{Coverage, TreePath};

/// How much of a log's end is searched for what was read of it.
const EDIT_LOOKED_BYTES: u64 = 32 << 20;

/// A file that is to be read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) path: TreePath,
    pub(super) is_named: bool,
    pub(super) stat: Stat,
    pub(super) compression: Option<Compression>,
    /// What was read of it before; nothing of a new one.
    pub(super) before: Option<State>,
    /// What it was called then, where that was something else.
    pub(super) was: Option<TreePath>,
}

impl Job {
    /// Whether nothing about it has changed since it was read.
    pub(super) fn is_unchanged(&self) -> bool {
        self.before.as_ref().is_some_and(|before| {
            let same = before.size == self.stat.size && before.changed_us == self.stat.changed_us;
            same && (self.compression.is_some() || before.read == before.size) && before.compression == self.compression
        })
    }
}

/// What became of a log that is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is shorter, and begins as it did.
    Shrunk,
    /// What was read of it was written over.
    Rewritten,
    /// It begins differently: emptied, or another one in its place, and what was read is nowhere.
    Replaced,
    /// It is not there any more, and was not a rotated one.
    Vanished,
}

/// A log and its loss.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) state: State,
    pub(super) loss: Loss,
    /// Its size now.
    pub(super) size: Option<u64>,
}

/// What a run has to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    pub(super) lost: Vec<Lost>,
    /// Rotated logs of the last run that were deleted since.
    pub(super) gone: u64,
}

/// Looks at each file and finds out what it was.
pub(super) fn plan(place: &Place, candidates: Vec<Candidate>, before: Vec<State>, coverage: &mut Coverage) -> Plan {
    let mut plan = Plan::default();
    let mut files = Vec::new();
    for candidate in candidates {
        match look(place, &candidate) {
            Ok(Ok((stat, compression))) => files.push((candidate, stat, compression)),
            Ok(Err(other)) => {
                if candidate.is_named {
                    coverage.skip(candidate.path, "compression_unsupported", Some(other.to_owned()));
                } else {
                    coverage.ignored += 1;
                }
            }
            // It went between listing and looking: rotation does that.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                coverage.skip(candidate.path, "vanished", None);
            }
            Err(error) => coverage.skip(candidate.path, "unreadable", Some(error.to_string())),
        }
    }
    let mut states: Vec<Option<State>> = before.into_iter().map(Some).collect();
    let by_inode: HashMap<(u64, u64), usize> =
        states.iter().flatten().enumerate().map(|(at, state)| ((state.device, state.inode), at)).collect();
    // First those that are what they were, then the copies of those that are not.
    let mut fresh = Vec::new();
    for (candidate, stat, compression) in files {
        let at = by_inode.get(&(stat.device, stat.inode)).copied();
        let known = at.and_then(|at| states[at].as_ref());
        let goes_on = match known {
            Some(state) if state.compression == compression => {
                let same_stat = state.size == stat.size && state.changed_us == stat.changed_us;
                same_stat || (compression.is_none() && is_prefix(place, &candidate.path, state).unwrap_or(false))
            }
            _ => false,
        };
        if goes_on {
            let state = at.and_then(|at| states[at].take());
            plan.jobs.push(job(candidate, stat, compression, state));
        } else {
            fresh.push((candidate, stat, compression));
        }
    }
    let mut by_head: HashMap<(String, u64), Vec<usize>> = HashMap::new();
    for (at, state) in states.iter().enumerate() {
        if let Some(state) = state.as_ref().filter(|state| state.read > 0) {
            by_head.entry((state.head.clone(), state.read.min(MARK_BYTES))).or_default().push(at);
        }
    }
    let mut lengths: Vec<u64> = by_head.keys().map(|(_, length)| *length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let mut sizes: HashMap<Vec<u8>, u64> = HashMap::new();
    for (candidate, stat, compression) in fresh {
        sizes.insert(candidate.path.as_bytes().to_vec(), stat.size);
        let found = lengths.iter().rev().find_map(|length| {
            let head = copy_head(place, &candidate.path, compression, *length)?;
            let at = by_head.get(&(head, *length))?.iter().copied().find(|at| {
                states[*at].as_ref().is_some_and(|state| {
                    compression.is_some() || is_prefix(place, &candidate.path, state).unwrap_or(false)
                })
            })?;
            states[at].take()
        });
        plan.jobs.push(job(candidate, stat, compression, found));
    }
    for state in states.into_iter().flatten() {
        let Some(size) = sizes.get(state.path.as_bytes()) else {
            // What was not looked at may be there all the same.
            let was_skipped = coverage.skipped.iter().any(|skipped| skipped.path == state.path);
            let (_, is_rotated) = base_name(state.path.as_bytes());
            if is_rotated || state.read == 0 {
                plan.gone += 1;
            } else if !was_skipped {
                plan.lost.push(Lost { state, loss: Loss::Vanished, size: None });
            }
            continue;
        };
        if state.read == 0 {
            continue;
        }
        let loss = loss(place, &state, *size);
        plan.lost.push(Lost { loss, size: Some(*size), state });
    }
    plan.jobs.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    plan
}

fn job(candidate: Candidate, stat: Stat, compression: Option<Compression>, before: Option<State>) -> Job {
    let was = before.as_ref().map(|before| before.path.clone()).filter(|was| *was != candidate.path);
    Job { path: candidate.path, is_named: candidate.is_named, stat, compression, before, was }
}

type Look = Result<(Stat, Option<Compression>), &'static str>;

fn look(place: &Place, candidate: &Candidate) -> io::Result<Look> {
    let file = place.open_file(&candidate.path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let stat = Stat::of(&file)?;
    let mut head = [0; 8];
    let read = file.read_at(&mut head, 0)?;
    Ok(compression(&head[..read]).map(|compression| (stat, compression)))
}

/// Whether the file begins with what was read, as far as marks say.
fn is_prefix(place: &Place, path: &TreePath, state: &State) -> io::Result<bool> {
    let file = place.open_file(path)?;
    Ok(has_marks(&file, state)? == (true, true))
}

/// Whether the file has the head, and whether it has the tail.
fn has_marks(file: &File, state: &State) -> io::Result<(bool, bool)> {
    let mark = state.read.min(MARK_BYTES);
    let head = digest_of(file, 0, mark)?.as_ref() == Some(&state.head);
    let tail = digest_of(file, state.read - mark, state.read)?.as_ref() == Some(&state.tail);
    Ok((head, tail))
}

fn copy_head(place: &Place, path: &TreePath, compression: Option<Compression>, length: u64) -> Option<String> {
    let file = place.open_file(path).ok()?;
    head_of(&file, compression, length).ok()?
}

fn loss(place: &Place, state: &State, size: u64) -> Loss {
    let marks = place.open_file(&state.path).and_then(|file| has_marks(&file, state));
    match marks {
        Ok((true, _)) if size < state.read && state.compression.is_none() => Loss::Shrunk,
        Ok((true, _)) => Loss::Rewritten,
        // Another beginning and the same end, or the same length: it was written over in place.
        Ok((false, is_end_same)) if state.compression.is_none() && (is_end_same || size == state.size) => {
            Loss::Rewritten
        }
        Ok(_) if state.compression.is_none() => {
            match place.open_file(&state.path).and_then(|file| edit(&file, state)) {
                Ok(Some(loss)) => loss,
                _ => Loss::Replaced,
            }
        }
        _ => Loss::Replaced,
    }
}

/// What was done to a log whose beginning is another, if it is the same log: its first bytes or its last are there
/// still. Of one that was emptied and written to again, neither is.
fn edit(file: &File, state: &State) -> io::Result<Option<Loss>> {
    let size = file.metadata()?.len();
    if state.start.is_some() && digest_of(file, 0, START_BYTES)? == state.start {
        return Ok(Some(if size < state.read.min(MARK_BYTES) { Loss::Shrunk } else { Loss::Rewritten }));
    }
    let Some(end) = &state.end else { return Ok(None) };
    // What was read ends with a line, as a rule, so its end is looked for where a line ends.
    let from = size.saturating_sub(EDIT_LOOKED_BYTES);
    let mut content = Vec::new();
    let length = usize::try_from(size - from).unwrap_or(0);
    content.resize(length, 0);
    file.read_exact_at(&mut content, from)?;
    let ends = memchr::memchr_iter(b'\n', &content).map(|at| at + 1).chain([length]);
    let mut blocks = ends.filter_map(|to| Some(&content[to.checked_sub(END_BYTES as usize)?..to]));
    Ok(blocks.any(|block| hex(&Sha256::digest(block)) == *end).then_some(Loss::Rewritten))
}
