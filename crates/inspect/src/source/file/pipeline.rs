//! Looks at many files at once and gives the results in the order of the walk.
//!
//! One thread walks, as many as the request allows look at files, taking the next batch whenever
//! they are free, and the calling thread receives. A batch enters only when there is room in the
//! window, so memory and open directories stay bounded however large the tree or one of its files.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use aws_lc_rs::digest;
use sealbook_ledger::Hash;

use super::entry::{Entry, Kind};
use super::read::{Fault, Reader};
use super::walk::{Directory, Item, LeftOut};
use crate::{Error, TreePath};

/// Entries in a batch.
const BATCH: usize = 64;
/// Directories in a batch: each may hold a descriptor open.
const BATCH_DIRECTORIES: usize = 8;
/// Batches waiting for a thread; with the above, at most 256 descriptors.
const QUEUE: usize = 32;
/// Batches between the walk and the receiver.
const WINDOW: usize = 512;

/// What was seen in one batch.
#[derive(Default)]
pub(super) struct Looked {
    /// The entries' JSON texts, each behind a zero byte: as RFC 6962 hashes them.
    texts: Vec<u8>,
    paths: Vec<u8>,
    lines: Vec<Bounds>,
    /// What could not be read.
    pub(super) skipped: Vec<(TreePath, &'static str, Option<String>)>,
    /// Users and groups seen, each pair once.
    pub(super) owners: Vec<(u32, u32)>,
    /// Files, links and the like that were read.
    pub(super) covered: u64,
    /// Bytes of content read.
    pub(super) bytes: u64,
    /// Files that were not read again.
    pub(super) unread: u64,
}

struct Bounds {
    path_end: usize,
    text_end: usize,
    leaf: Hash,
    kind: Kind,
    closed: bool,
}

/// One entry, ready for the manifest.
pub(super) struct Line<'a> {
    pub(super) path: &'a [u8],
    pub(super) text: &'a str,
    /// RFC 6962 leaf hash of the text.
    pub(super) leaf: Hash,
    pub(super) kind: Kind,
    /// A directory that could not be entered: nothing is known of what lies below.
    pub(super) closed: bool,
}

impl Looked {
    /// The entries in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let (mut path, mut text) = (0, 0);
        self.lines.iter().map(move |bounds| {
            let line = Line {
                path: &self.paths[path..bounds.path_end],
                text: std::str::from_utf8(&self.texts[text + 1..bounds.text_end]).expect("JSON is written as UTF-8"),
                leaf: bounds.leaf,
                kind: bounds.kind,
                closed: bounds.closed,
            };
            (path, text) = (bounds.path_end, bounds.text_end);
            line
        })
    }

    fn look(&mut self, item: Item, entry: &mut Entry, reader: &mut Reader<'_>) {
        match item {
            Item::Look { directory, name, listed } => {
                entry.begin(&directory.prefix, name.to_bytes());
                match reader.look(directory.fd.as_fd(), &name, listed, entry) {
                    Ok(bytes) => {
                        self.covered += 1;
                        self.unread += u64::from(entry.adopted.is_some());
                        self.bytes += bytes;
                    }
                    Err(fault) => {
                        self.skip(&entry.path, fault);
                        if fault == Fault::Vanished {
                            return;
                        }
                        entry.skipped = Some(fault.why());
                    }
                }
                self.add(entry, false);
            }
            Item::Directory(entry, fault) => {
                if let Some(fault) = fault {
                    self.skip(&entry.path, fault);
                }
                if fault != Some(Fault::Vanished) {
                    self.add(&entry, fault.is_some());
                }
            }
            Item::Beyond { path, why } => {
                self.skipped.push((TreePath::new(path.clone()), why, None));
                let beyond = Entry { path, kind: Kind::Unknown, skipped: Some(why), ..Entry::default() };
                self.add(&beyond, true);
            }
        }
    }

    fn skip(&mut self, path: &[u8], fault: Fault) {
        self.skipped.push((TreePath::new(path), fault.why(), fault.detail()));
    }

    fn add(&mut self, entry: &Entry, closed: bool) {
        let start = self.texts.len();
        self.texts.push(0);
        entry.write_json(&mut self.texts);
        let digest = digest::digest(&digest::SHA256, &self.texts[start..]);
        self.paths.extend_from_slice(&entry.path);
        self.lines.push(Bounds {
            path_end: self.paths.len(),
            text_end: self.texts.len(),
            leaf: Hash(digest.as_ref().try_into().expect("SHA-256 is 32 bytes")),
            kind: entry.kind,
            closed,
        });
        if let Some(meta) = &entry.stat
            && !self.owners.contains(&(meta.uid, meta.gid))
        {
            self.owners.push((meta.uid, meta.gid));
        }
    }
}

/// Runs `walk` on a thread of its own, looks at what it gives on `threads` others, and calls
/// `receive` here, in the order of the walk. Stops early when `receive` fails.
pub(super) fn run<'r>(
    threads: usize,
    reader: impl Fn() -> Reader<'r> + Sync,
    walk: impl FnOnce(&mut dyn FnMut(Item) -> ControlFlow<()>) -> LeftOut + Send,
    mut receive: impl FnMut(&Looked) -> Result<(), Error>,
) -> Result<LeftOut, Error> {
    let (room, wait_for_room) = sync_channel(WINDOW);
    for _ in 0..WINDOW {
        room.send(()).expect("the other end is held here");
    }
    let (give_job, jobs) = sync_channel(QUEUE);
    let (give_result, results) = channel();
    let (jobs, reader) = (&Mutex::new(jobs), &reader);
    // Moved in, so that an early return drops this end of the channels before the threads are
    // waited for: it is how they learn that nobody listens.
    thread::scope(move |scope| {
        let walker = scope.spawn(move || {
            let mut batches = Batches::new(give_job, wait_for_room);
            let left_out = walk(&mut |item| batches.add(item));
            // Nobody takes the last batch when the receiver failed, and then nobody needs it.
            let _ = batches.flush();
            left_out
        });
        for _ in 0..threads.max(1) {
            let give_result = give_result.clone();
            scope.spawn(move || {
                let (mut reader, mut entry) = (reader(), Entry::default());
                // The lock is held while waiting: whoever has it is next.
                let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let mut heard = true;
                // Jobs are taken to the end in any case, or the walk would wait at a full queue.
                while let Ok((index, batch)) = next() {
                    if !heard {
                        continue;
                    }
                    let batch: Vec<Item> = batch;
                    let mut looked = Looked::default();
                    for item in batch {
                        looked.look(item, &mut entry, &mut reader);
                    }
                    heard = give_result.send((index, looked)).is_ok();
                }
            });
        }
        drop(give_result);
        let (mut next, mut early) = (0_u64, BTreeMap::new());
        for (index, looked) in results {
            early.insert(index, looked);
            while let Some(looked) = early.remove(&next) {
                receive(&looked)?;
                next += 1;
                // The walk may be over, and then nobody waits.
                let _ = room.try_send(());
            }
        }
        Ok(walker.join().expect("the walk does not panic"))
    })
}

/// Gathers what the walk gives.
struct Batches {
    give: SyncSender<(u64, Vec<Item>)>,
    room: Receiver<()>,
    next: u64,
    batch: Vec<Item>,
    directories: usize,
    last: Option<Arc<Directory>>,
}

impl Batches {
    fn new(give: SyncSender<(u64, Vec<Item>)>, room: Receiver<()>) -> Self {
        Self { give, room, next: 0, batch: Vec::new(), directories: 0, last: None }
    }

    fn add(&mut self, item: Item) -> ControlFlow<()> {
        if let Item::Look { directory, .. } = &item
            && !self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, directory))
        {
            self.last = Some(directory.clone());
            self.directories += 1;
        }
        self.batch.push(item);
        if self.batch.len() >= BATCH || self.directories >= BATCH_DIRECTORIES {
            return self.flush();
        }
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        self.last = None;
        self.directories = 0;
        if self.batch.is_empty() {
            return ControlFlow::Continue(());
        }
        let batch = std::mem::take(&mut self.batch);
        let given = self.room.recv().is_ok() && self.give.send((self.next, batch)).is_ok();
        self.next += 1;
        if given { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
