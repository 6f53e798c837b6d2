//! The whole history at once: one thread finds the order, several work out what each commit did,
//! and what they find is handed over in order. Memory holds a few chunks, not the history.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::changes::{self, Changes};
use super::commit::SignatureKind;
use super::id::Id;
use super::lines::Counter;
use super::objects::{Database, Kind, Objects, Tally};
use super::reader::{Fault, Reader};
use super::tree;
use super::walk::{Bounds, Node, Walk};
use crate::secrets::{Hit, RuleSet, Scanner};

/// Commits that one thread works on at a time, at first and later. Neighbours share most of their
/// objects, so larger chunks inflate fewer objects twice; smaller ones share out a short history.
const CHUNK_FIRST: usize = 16;
const CHUNK: usize = 256;

/// Files that the commits of one chunk should change together, at most: what was found waits for
/// its turn in memory.
const CHUNK_FILES: usize = 20_000;

/// What is wanted of each commit.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Whether a commit is to be read at all.
    pub(crate) filter: &'a (dyn Fn(&Node) -> bool + Sync),
    /// Only what concerns this path.
    pub(crate) path: Option<&'a [u8]>,
    /// Look for these secrets in what commits add.
    pub(crate) secrets: Option<&'a RuleSet>,
    /// How many threads work, besides the one that hands over.
    pub(crate) threads: usize,
}

/// One commit, and all that was found out about it.
pub(crate) struct Step {
    pub(crate) node: Box<Node>,
    /// What it did to its files; nothing for a merge, as in `git log`, and at the edge of a
    /// shallow clone.
    pub(crate) changes: Option<Changes>,
    /// Whatever is wrong with the objects it needs.
    pub(crate) faults: Vec<Fault>,
    /// Secrets in the lines that it added.
    pub(crate) secrets: Vec<Leak>,
    /// Contents that it brought and that are no text, so that secrets were not looked for in them.
    pub(crate) binaries: u64,
    /// The object itself, where it bears a signature.
    pub(crate) signed: Option<Arc<[u8]>>,
}

/// A secret in a line that a commit added.
pub(crate) struct Leak {
    pub(crate) path: Vec<u8>,
    pub(crate) hit: Hit,
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) secret: Vec<u8>,
}

/// What went over the channel: commits in order, or faults that no commit could be made of.
pub(crate) enum Found {
    Step(Box<Step>),
    Faults(Vec<Fault>),
}

/// Walks history and hands each commit to `emit`, newest first. Stops at the first error of `emit`.
pub(crate) fn read<E>(
    database: &Database,
    bounds: &Bounds<'_>,
    wanted: Wanted<'_>,
    emit: &mut dyn FnMut(Found) -> Result<(), E>,
) -> Result<Tally, E> {
    if let Some(path) = wanted.path {
        return super::path::read(database, bounds, wanted.filter, path, emit);
    }
    let threads = wanted.threads.max(1);
    let (ticket, tickets) = sync_channel::<()>(threads * 3);
    let (job, jobs) = sync_channel::<Chunk>(threads);
    let (done, results) = sync_channel::<Done>(threads);
    let jobs = Arc::new(Mutex::new(jobs));
    let load = Load::default();
    std::thread::scope(|scope| {
        let load = &load;
        scope.spawn(move || plan(database, bounds, wanted, &ticket, &job, load));
        for _ in 0..threads {
            let (jobs, done) = (jobs.clone(), done.clone());
            scope.spawn(move || work(database, wanted.secrets, &jobs, &done, load));
        }
        // The workers hold the only other ends: when they are gone, the channels close.
        drop(done);
        drop(jobs);
        hand_over((results, tickets), emit)
    })?;
    Ok(load.tally())
}

/// A chunk's number and what was found, or the panic of the thread that worked on it.
type Done = (u64, std::thread::Result<Vec<Found>>);

/// What has been done so far.
#[derive(Default)]
struct Load {
    tally: Mutex<Tally>,
    commits: AtomicUsize,
    files: AtomicUsize,
}

impl Load {
    fn add(&self, objects: &Objects) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(objects.tally());
    }

    fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn worked(&self, found: &[Found]) {
        let files = |found: &Found| match found {
            Found::Step(step) => step.changes.as_ref().map_or(0, |changes| changes.files.len()),
            Found::Faults(faults) => faults.len(),
        };
        self.commits.fetch_add(found.len(), Ordering::Relaxed);
        self.files.fetch_add(found.iter().map(files).sum(), Ordering::Relaxed);
    }

    /// How many commits change as many files as one chunk should hold.
    fn fitting(&self) -> usize {
        let (commits, files) = (self.commits.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed));
        (CHUNK_FILES * commits.max(1) / files.max(1)).max(1)
    }
}

#[expect(clippy::vec_box, reason = "nodes come boxed from the walk's queue and leave so")]
struct Chunk {
    index: u64,
    nodes: Vec<Box<Node>>,
    faults: Vec<Fault>,
}

/// Finds the order and cuts it into chunks. A ticket for each keeps it from running ahead.
fn plan(
    database: &Database,
    bounds: &Bounds<'_>,
    wanted: Wanted<'_>,
    ticket: &SyncSender<()>,
    job: &SyncSender<Chunk>,
    load: &Load,
) {
    let mut walk = Walk::new(database.reader(), bounds);
    let mut index = 0;
    let mut size = CHUNK_FIRST;
    loop {
        let nodes: Vec<_> = walk.by_ref().filter(|node| (wanted.filter)(node)).take(size.min(load.fitting())).collect();
        let last = nodes.is_empty();
        let chunk = Chunk { index, nodes, faults: walk.take_faults() };
        if ticket.send(()).is_err() || job.send(chunk).is_err() || last {
            break;
        }
        index += 1;
        size = (size * 5 / 4).min(CHUNK);
    }
    load.add(&walk.into_objects());
}

fn work(
    database: &Database,
    secrets: Option<&RuleSet>,
    jobs: &Mutex<Receiver<Chunk>>,
    done: &SyncSender<Done>,
    load: &Load,
) {
    let scanner = secrets.map(Scanner::new);
    let mut worker = Worker { objects: database.reader(), counter: Counter::default(), scanner };
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(chunk) = job else { break };
        let index = chunk.index;
        let found = catch_unwind(AssertUnwindSafe(|| worker.chunk(chunk)));
        let panicked = found.is_err();
        if let Ok(found) = &found {
            load.worked(found);
        }
        if done.send((index, found)).is_err() || panicked {
            break;
        }
    }
    load.add(&worker.objects);
}

/// Puts what comes out of order into order. Takes the channels' ends with it when it returns, so
/// that an error stops the other threads.
fn hand_over<E>(
    (results, tickets): (Receiver<Done>, Receiver<()>),
    emit: &mut dyn FnMut(Found) -> Result<(), E>,
) -> Result<(), E> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (index, found) in results {
        waiting.insert(index, found);
        while let Some(found) = waiting.remove(&next) {
            next += 1;
            for found in found.unwrap_or_else(|panic| resume_unwind(panic)) {
                emit(found)?;
            }
            // Its ticket is given back only now, so what waits here is bounded.
            let _ = tickets.try_recv();
        }
    }
    Ok(())
}

/// Looks for secrets in some lines of a text.
fn look(scanner: &mut Scanner<'_>, commit: &Id, path: &[u8], text: &[u8], added: Range<usize>, found: &mut Vec<Leak>) {
    let from = added.start;
    let commit = || commit.to_string();
    for hit in scanner.scan(path, &text[added], &commit) {
        let (start, end) = (from + hit.start, from + hit.end);
        let line = memchr::memchr_iter(b'\n', &text[..start]).count() as u64 + 1;
        let column = start - memchr::memrchr(b'\n', &text[..start]).map_or(0, |nl| nl + 1) + 1;
        let secret = text[start..end].to_vec();
        found.push(Leak { path: path.to_vec(), line, column: column as u64, secret, hit });
    }
}

struct Worker<'r> {
    objects: Objects,
    counter: Counter,
    scanner: Option<Scanner<'r>>,
}

impl Worker<'_> {
    fn chunk(&mut self, chunk: Chunk) -> Vec<Found> {
        let trees: HashMap<Id, Id> = chunk.nodes.iter().map(|node| (node.id, node.commit.tree)).collect();
        let mut found = Vec::with_capacity(chunk.nodes.len() + 1);
        if !chunk.faults.is_empty() {
            found.push(Found::Faults(chunk.faults));
        }
        for node in chunk.nodes {
            found.push(Found::Step(Box::new(self.commit(node, &trees))));
        }
        found
    }

    fn commit(&mut self, node: Box<Node>, trees: &HashMap<Id, Id>) -> Step {
        let parents = self.parent_trees(&node, trees);
        let mut reader = Reader::new(&mut self.objects, Some(node.id));
        let tree = node.commit.tree;
        let (mut secrets, mut binaries, counter) = (Vec::new(), 0, &mut self.counter);
        let mut scanner = self.scanner.as_mut();
        let is_looking = scanner.is_some();
        let mut seen = |path: &[u8], text: Option<(&[u8], Range<usize>)>| match (&mut scanner, text) {
            (Some(scanner), Some((text, added))) => look(scanner, &node.id, path, text, added, &mut secrets),
            _ => binaries += 1,
        };
        let mut compare = |reader: &mut Reader<'_>, old: Option<Id>| {
            if is_looking {
                changes::between_seen(reader, counter, old, Some(tree), &mut seen)
            } else {
                changes::between(reader, counter, old, Some(tree))
            }
        };
        let changes = match (&parents[..], node.shallow) {
            ([], false) if node.commit.parents.is_empty() => Some(compare(&mut reader, None)),
            ([parent], false) if node.commit.parents.len() == 1 => Some(compare(&mut reader, Some(*parent))),
            // Git shows nothing of a merge, but it may bring objects that neither side had; nor is anything known of
            // what lies behind the edge of a shallow clone.
            (parents, is_shallow) => {
                let parents = if is_shallow { &[] } else { parents };
                tree::read_new(&mut reader, tree, parents, &mut |path, new, old| {
                    if is_looking {
                        changes::gained(&mut self.counter, path, (old.unwrap_or_default(), new), &mut seen);
                    }
                });
                None
            }
        };
        let faults = reader.into_faults();
        let is_signed = node.commit.signature.is_some_and(|kind| kind == SignatureKind::Ssh);
        let signed = is_signed.then(|| self.objects.read(&node.id, Kind::Commit).ok().map(|it| it.data)).flatten();
        Step { node, changes, faults, secrets, binaries, signed }
    }

    /// The trees of the parents that can be read; the walk has taken note of the others.
    fn parent_trees(&mut self, node: &Node, trees: &HashMap<Id, Id>) -> Vec<Id> {
        let mut tree_of = |parent: &Id| {
            trees.get(parent).copied().or_else(|| {
                let object = self.objects.read(parent, Kind::Commit).ok()?;
                super::commit::Commit::parse(&object.data).ok().map(|commit| commit.tree)
            })
        };
        node.commit.parents.iter().filter_map(&mut tree_of).collect()
    }
}
