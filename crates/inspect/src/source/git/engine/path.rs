//! The history of one path: `git log -- path`, with renames followed.
//!
//! A merge that took the path over from one parent leads to that parent only; a commit that left
//! it alone is passed over. Where the path appears, it is asked what it was before.

use std::collections::{BinaryHeap, HashSet};

use super::changes::{self, Change, Changes, Status};
use super::commit::Commit;
use super::history::{Found, Step};
use super::id::Id;
use super::lines::Counter;
use super::objects::{Database, Kind, Tally};
use super::reader::Reader;
use super::tree::{self, Side};
use super::walk::{Bounds, Node, Queued};

/// Walks the history of a path and hands over each commit that changed it, newest first.
pub(super) fn read<E>(
    database: &Database,
    bounds: &Bounds<'_>,
    filter: &dyn Fn(&Node) -> bool,
    path: &[u8],
    emit: &mut dyn FnMut(Found) -> Result<(), E>,
) -> Result<Tally, E> {
    let mut objects = database.reader();
    let mut counter = Counter::default();
    let mut queue = BinaryHeap::new();
    let mut seen = HashSet::new();
    let mut order = 0;
    let mut next: Vec<(Id, Vec<u8>)> = bounds.tips.iter().map(|tip| (*tip, path.to_vec())).collect();
    loop {
        for (id, path) in next.drain(..) {
            if !seen.insert(id) {
                continue;
            }
            let mut reader = Reader::new(&mut objects, Some(id));
            let node = load(&mut reader, bounds, id);
            let faults = reader.into_faults();
            if !faults.is_empty() {
                emit(Found::Faults(faults))?;
            }
            if let Some(node) = node {
                order += 1;
                queue.push(Queued::new(node, order, path));
            }
        }
        let Some(queued) = queue.pop() else { break };
        let (node, path) = queued.into_parts();
        if bounds.since.is_some_and(|since| super::walk::is_long_before(&node, since)) {
            continue;
        }
        let mut reader = Reader::new(&mut objects, Some(node.id));
        let visit = look(&mut reader, &mut counter, &node, &path);
        let faults = reader.into_faults();
        next = visit.next;
        if visit.shown && filter(&node) {
            emit(Found::Step(Box::new(Step {
                node,
                changes: visit.changes,
                faults,
                secrets: Vec::new(),
                binaries: 0,
                signed: None,
            })))?;
        } else if !faults.is_empty() {
            emit(Found::Faults(faults))?;
        }
    }
    Ok(objects.tally())
}

fn load(reader: &mut Reader<'_>, bounds: &Bounds<'_>, id: Id) -> Option<Box<Node>> {
    let (data, forged) = reader.read_named(&id, Kind::Commit, &[])?;
    match Commit::parse(&data) {
        Ok(commit) => Some(Box::new(Node { id, commit, forged, shallow: bounds.shallow.contains(&id) })),
        Err(damage) => {
            reader.damaged(&id, Kind::Commit, &[], damage);
            None
        }
    }
}

/// What a commit has to do with a path, and where to look next.
#[derive(Default)]
struct Visit {
    shown: bool,
    changes: Option<Changes>,
    next: Vec<(Id, Vec<u8>)>,
}

fn look(reader: &mut Reader<'_>, counter: &mut Counter, node: &Node, path: &[u8]) -> Visit {
    let here = tree::lookup(reader, node.commit.tree, path);
    if node.shallow {
        return Visit { shown: here.is_some(), ..Visit::default() };
    }
    let mut parents: Vec<(Id, Id, Option<Side>)> = Vec::new();
    for id in &node.commit.parents {
        let commit = reader.read(id, Kind::Commit, &[]).and_then(|data| Commit::parse(&data).ok());
        if let Some(commit) = commit {
            parents.push((*id, commit.tree, tree::lookup(reader, commit.tree, path)));
        }
    }
    if let Some((same, _, _)) = parents.iter().find(|(_, _, side)| *side == here) {
        return Visit { next: vec![(*same, path.to_vec())], ..Visit::default() };
    }
    match parents[..] {
        [] => {
            let shown = here.is_some();
            let changes = shown.then(|| concerning(reader, counter, None, node.commit.tree, path));
            Visit { shown, changes, next: Vec::new() }
        }
        [(parent, tree, _)] => {
            let changes = concerning(reader, counter, Some(tree), node.commit.tree, path);
            let before = renamed_from(&changes, path).unwrap_or(path).to_vec();
            Visit { shown: true, changes: Some(changes), next: vec![(parent, before)] }
        }
        // A merge that left it as no parent had it is shown, but as everywhere without a diff.
        _ => {
            let next = parents.iter().map(|(id, _, _)| (*id, path.to_vec())).collect();
            Visit { shown: true, changes: None, next }
        }
    }
}

fn concerning(reader: &mut Reader<'_>, counter: &mut Counter, old: Option<Id>, new: Id, path: &[u8]) -> Changes {
    let below = |at: &[u8]| at.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest[0] == b'/');
    let wanted = |change: &Change| below(&change.path) || change.old_path.as_deref().is_some_and(below);
    changes::some_between(reader, counter, old, Some(new), wanted)
}

fn renamed_from<'c>(changes: &'c Changes, path: &[u8]) -> Option<&'c [u8]> {
    let change = changes.files.iter().find(|change| change.path == path)?;
    matches!(change.status, Status::Renamed(_)).then(|| change.old_path.as_deref()).flatten()
}
