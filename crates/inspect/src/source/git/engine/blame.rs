//! Which commit wrote each line: the answers of `git blame --porcelain`.
//!
//! Every line starts as the suspect of the newest commit. A commit hands on the lines that its
//! parents already had, and answers for the rest. Commits are asked newest first, so that each is
//! asked when all that came after it have been.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

use super::commit::Commit;
use super::id::Id;
use super::lines::{self, Counter, Hunk};
use super::objects::{Kind, Objects};
use super::reader::{Fault, Reader};
use super::renames;
use super::tree::{self, Side};

/// Lines that one commit wrote and that still stand together. All numbers begin at 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) commit: Id,
    /// What the file was called in that commit.
    pub(crate) path: Vec<u8>,
    /// The first line's number in that commit.
    pub(crate) old_line: u32,
    /// Its number now.
    pub(crate) line: u32,
    pub(crate) lines: u32,
    /// The commit before, and what the file was called there.
    pub(crate) previous: Option<(Id, Vec<u8>)>,
}

/// The answers for one file.
pub(crate) struct Blame {
    pub(crate) runs: Vec<Run>,
    /// Every commit that the runs name.
    pub(crate) commits: BTreeMap<Id, Rc<Commit>>,
    pub(crate) faults: Vec<Fault>,
}

/// Asks which commit wrote each line of the file at `path` in `tip`. Nothing if there is no file.
pub(crate) fn blame(objects: &mut Objects, shallow: &HashSet<Id>, tip: Id, path: &[u8]) -> Option<Blame> {
    let mut search = Search {
        reader: Reader::new(objects, Some(tip)),
        counter: Counter::default(),
        shallow,
        commits: HashMap::new(),
        origins: Vec::new(),
        by_name: HashMap::new(),
        queue: BinaryHeap::new(),
        queued: 0,
        answers: Vec::new(),
    };
    let commit = search.commit(tip)?;
    let side = tree::lookup(&mut search.reader, commit.tree, path)?;
    if side.mode.is_tree() || side.mode.is_gitlink() {
        return None;
    }
    let data = search.reader.read(&side.id, Kind::Blob, path)?;
    let origin = search.origin(tip, path, side);
    let lines = lines::count(&data) as u32;
    search.origins[origin].pending.push(Segment { line: 0, old_line: 0, lines });
    search.enqueue(tip, &commit);
    search.run();
    Some(search.finish())
}

/// A file in a commit, and the lines it is suspected of.
struct Origin {
    commit: Id,
    path: Vec<u8>,
    side: Side,
    pending: Vec<Segment>,
    previous: Option<usize>,
}

/// Lines in a row; numbers begin at 0.
#[derive(Clone, Copy)]
struct Segment {
    line: u32,
    old_line: u32,
    lines: u32,
}

struct Search<'o, 's> {
    reader: Reader<'o>,
    counter: Counter,
    shallow: &'s HashSet<Id>,
    commits: HashMap<Id, Option<Rc<Commit>>>,
    origins: Vec<Origin>,
    by_name: HashMap<Id, Vec<usize>>,
    queue: BinaryHeap<(i64, Reverse<u64>, Id)>,
    queued: u64,
    answers: Vec<(usize, Segment)>,
}

impl Search<'_, '_> {
    fn run(&mut self) {
        while let Some((_, _, id)) = self.queue.pop() {
            loop {
                let origins = self.by_name.get(&id).map(Vec::as_slice).unwrap_or_default();
                let Some(&origin) = origins.iter().find(|&&at| !self.origins[at].pending.is_empty()) else {
                    break;
                };
                self.ask(origin);
                let kept = std::mem::take(&mut self.origins[origin].pending);
                self.answers.extend(kept.into_iter().map(|segment| (origin, segment)));
            }
        }
    }

    /// Hands on to the parents what they already had.
    fn ask(&mut self, origin: usize) {
        let id = self.origins[origin].commit;
        let Some(commit) = self.commit(id) else {
            return;
        };
        if self.shallow.contains(&id) {
            return;
        }
        let parents: Vec<(Id, Rc<Commit>)> =
            commit.parents.iter().filter_map(|parent| Some((*parent, self.commit(*parent)?))).collect();
        let mut sources: Vec<Option<usize>> = vec![None; parents.len()];
        for by_rename in [false, true] {
            for at in 0..parents.len() {
                if sources[at].is_some() {
                    continue;
                }
                let (parent_id, parent) = &parents[at];
                let found = if by_rename {
                    self.renamed_in(&commit, *parent_id, parent, origin)
                } else {
                    self.same_path_in(*parent_id, parent, origin)
                };
                let Some(source) = found else { continue };
                let blob = self.origins[source].side.id;
                if blob == self.origins[origin].side.id {
                    let all = std::mem::take(&mut self.origins[origin].pending);
                    self.suspect(source, all, parent);
                    return;
                }
                let known = sources[..at].iter().flatten().any(|&other| self.origins[other].side.id == blob);
                if !known {
                    sources[at] = Some(source);
                }
            }
        }
        for (source, (_, parent)) in sources.into_iter().zip(&parents) {
            let Some(source) = source else { continue };
            self.origins[origin].previous.get_or_insert(source);
            self.hand_on(origin, source, parent);
            if self.origins[origin].pending.is_empty() {
                return;
            }
        }
    }

    fn same_path_in(&mut self, id: Id, parent: &Commit, origin: usize) -> Option<usize> {
        let path = self.origins[origin].path.clone();
        if let Some(known) = self.known(id, &path) {
            return Some(known);
        }
        let side = tree::lookup(&mut self.reader, parent.tree, &path)?;
        // A link is not the file that it replaced.
        let same = side.mode.format() == self.origins[origin].side.mode.format();
        same.then(|| self.origin(id, &path, side))
    }

    fn renamed_in(&mut self, commit: &Commit, id: Id, parent: &Commit, origin: usize) -> Option<usize> {
        let path = self.origins[origin].path.clone();
        let differences = tree::diff(&mut self.reader, Some(parent.tree), Some(commit.tree));
        let source = renames::source_of(&mut self.reader, &differences, &path)?;
        let side = source.old?;
        Some(self.origin(id, &source.path, side))
    }

    /// Hands on the lines that lie outside the hunks in which the two files differ.
    fn hand_on(&mut self, origin: usize, source: usize, parent: &Commit) {
        let new = self.content(origin);
        let old = self.content(source);
        let (Some(new), Some(old)) = (new, old) else {
            return;
        };
        let hunks = self.counter.hunks(&old, &new);
        let pending = std::mem::take(&mut self.origins[origin].pending);
        let (kept, passed) = split(pending, &hunks);
        self.origins[origin].pending = kept;
        self.suspect(source, passed, parent);
    }

    fn content(&mut self, origin: usize) -> Option<std::sync::Arc<[u8]>> {
        let Origin { side, path, .. } = &self.origins[origin];
        self.reader.read(&side.id, Kind::Blob, path)
    }

    fn suspect(&mut self, origin: usize, mut segments: Vec<Segment>, commit: &Commit) {
        if segments.is_empty() {
            return;
        }
        let idle = self.origins[origin].pending.is_empty();
        self.origins[origin].pending.append(&mut segments);
        self.origins[origin].pending.sort_by_key(|segment| segment.old_line);
        if idle {
            let id = self.origins[origin].commit;
            self.enqueue(id, commit);
        }
    }

    fn enqueue(&mut self, id: Id, commit: &Commit) {
        self.queued += 1;
        self.queue.push((commit.committer.seconds, Reverse(self.queued), id));
    }

    fn known(&self, commit: Id, path: &[u8]) -> Option<usize> {
        self.by_name.get(&commit)?.iter().copied().find(|&at| self.origins[at].path == path)
    }

    fn origin(&mut self, commit: Id, path: &[u8], side: Side) -> usize {
        if let Some(known) = self.known(commit, path) {
            return known;
        }
        let at = self.origins.len();
        self.origins.push(Origin { commit, path: path.to_vec(), side, pending: Vec::new(), previous: None });
        self.by_name.entry(commit).or_default().push(at);
        at
    }

    fn commit(&mut self, id: Id) -> Option<Rc<Commit>> {
        if let Some(known) = self.commits.get(&id) {
            return known.clone();
        }
        let commit = self.reader.read(&id, Kind::Commit, &[]).and_then(|data| match Commit::parse(&data) {
            Ok(commit) => Some(Rc::new(commit)),
            Err(damage) => {
                self.reader.damaged(&id, Kind::Commit, &[], damage);
                None
            }
        });
        self.commits.insert(id, commit.clone());
        commit
    }

    fn finish(mut self) -> Blame {
        self.answers.sort_by_key(|(_, segment)| segment.line);
        let mut runs: Vec<Run> = Vec::new();
        let mut last = None;
        for (at, segment) in &self.answers {
            if let Some(run) = runs.last_mut()
                && last == Some(*at)
                && run.old_line + run.lines == segment.old_line + 1
            {
                run.lines += segment.lines;
                continue;
            }
            last = Some(*at);
            let origin = &self.origins[*at];
            let previous = origin.previous.map(|at| (self.origins[at].commit, self.origins[at].path.clone()));
            runs.push(Run {
                commit: origin.commit,
                path: origin.path.clone(),
                old_line: segment.old_line + 1,
                line: segment.line + 1,
                lines: segment.lines,
                previous,
            });
        }
        let commits =
            runs.iter().filter_map(|run| Some((run.commit, self.commits.get(&run.commit)?.clone()?))).collect();
        Blame { runs, commits, faults: self.reader.into_faults() }
    }
}

/// Splits lines into those within hunks, which stay, and those outside, with their old numbers.
fn split(pending: Vec<Segment>, hunks: &[Hunk]) -> (Vec<Segment>, Vec<Segment>) {
    let (mut kept, mut passed) = (Vec::new(), Vec::new());
    for mut rest in pending {
        // Merges may lead to one line twice, so the next segment may begin before this one ends.
        let mut next = hunks.partition_point(|hunk| hunk.new.end <= rest.old_line);
        while rest.lines > 0 {
            next += hunks[next..].iter().take_while(|hunk| hunk.new.end <= rest.old_line).count();
            // Behind the last hunk that ended, both files run alike.
            let (old_end, new_end) = match next.checked_sub(1) {
                Some(before) => (hunks[before].old.end, hunks[before].new.end),
                None => (0, 0),
            };
            let hunk = hunks.get(next);
            let inside = hunk.is_some_and(|hunk| hunk.new.start <= rest.old_line);
            let until = match hunk {
                Some(hunk) if inside => hunk.new.end,
                Some(hunk) => hunk.new.start,
                None => u32::MAX,
            };
            let lines = rest.lines.min(until - rest.old_line);
            if inside {
                kept.push(Segment { lines, ..rest });
            } else {
                passed.push(Segment { old_line: rest.old_line - new_end + old_end, lines, ..rest });
            }
            rest = Segment { line: rest.line + lines, old_line: rest.old_line + lines, lines: rest.lines - lines };
        }
    }
    (kept, passed)
}
