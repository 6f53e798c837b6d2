//! What a disk holds when the power goes.
//!
//! A disk owes a process two things only. What was written to a file before an fsync of that file
//! is there. A name that was made, changed or removed before an fsync of its directory is as it
//! was. Everything else may be there, or not, in any combination, and a write may be torn between
//! sectors. This is less than most file systems give, and no more than POSIX does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealbook_testkit::Rng;

use super::journal::Step;

const SECTOR_BYTES: usize = 512;

/// What becomes of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All of it is lost.
    Lost,
    /// All of it is there.
    Kept,
    /// Data any which way; names up to some moment.
    Torn,
}

/// The disk and the page cache above it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    nodes: Vec<Node>,
    /// The names as the process sees them.
    names: BTreeMap<PathBuf, usize>,
    /// What happened to names, and whether its directory was synced since.
    changes: Vec<(Change, bool)>,
    /// Files that the process has open.
    open: BTreeMap<u32, usize>,
}

/// A file or a directory.
#[derive(Debug, Clone, Default)]
struct Node {
    directory: Option<PathBuf>,
    synced: Vec<u8>,
    since: Vec<Write>,
}

#[derive(Debug, Clone)]
enum Write {
    At(u64, Vec<u8>),
    Cut(u64),
}

#[derive(Debug, Clone)]
enum Change {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
}

impl Disk {
    /// An empty disk with the root on it.
    pub(crate) fn new() -> Self {
        let mut disk = Self::default();
        disk.make(PathBuf::new(), true);
        disk.changes[0].1 = true;
        disk
    }

    /// Takes the next step of the process.
    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Opened { file, path, cut } => {
                let node = self.names.get(path).copied().unwrap_or_else(|| self.make(path.clone(), false));
                if *cut {
                    self.nodes[node].since.push(Write::Cut(0));
                }
                self.open.insert(*file, node);
            }
            Step::Written { file, offset, bytes } => self.of(*file).since.push(Write::At(*offset, bytes.clone())),
            Step::Cut { file, len } => self.of(*file).since.push(Write::Cut(*len)),
            Step::Synced { file } => self.sync(*file),
            Step::Renamed { from, to } => {
                let node = self.names.remove(from).expect("what is renamed is there");
                self.names.insert(to.clone(), node);
                self.changes.push((Change::Renamed(from.clone(), to.clone()), false));
            }
            Step::Removed { path } => {
                self.names.remove(path);
                self.changes.push((Change::Removed(path.clone()), false));
            }
            Step::Made { path } => drop(self.make(path.clone(), true)),
            Step::Strange(what) => panic!("the process did something that the shim cannot follow: {what}"),
        }
    }

    fn make(&mut self, path: PathBuf, is_directory: bool) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { directory: is_directory.then(|| path.clone()), ..Node::default() });
        self.names.insert(path.clone(), node);
        self.changes.push((Change::Made(path, node), false));
        node
    }

    fn of(&mut self, file: u32) -> &mut Node {
        &mut self.nodes[self.open[&file]]
    }

    fn sync(&mut self, file: u32) {
        let node = self.of(file);
        let since = std::mem::take(&mut node.since);
        for write in &since {
            write.apply(&mut node.synced);
        }
        if let Some(directory) = node.directory.clone() {
            for (change, synced) in &mut self.changes {
                *synced |= change.is_in(&directory);
            }
        }
    }

    /// The files as they are found when the power is back.
    pub(crate) fn after_power_loss(&self, fate: Fate, rng: &mut Rng) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let kept_until = match fate {
            Fate::Lost => 0,
            Fate::Kept => self.changes.len(),
            Fate::Torn => rng.index(self.changes.len() + 1),
        };
        let mut names: BTreeMap<&Path, usize> = BTreeMap::new();
        for (at, (change, synced)) in self.changes.iter().enumerate() {
            if *synced || at < kept_until {
                match change {
                    Change::Made(path, node) => drop(names.insert(path, *node)),
                    Change::Renamed(from, to) => {
                        if let Some(node) = names.remove(&**from) {
                            names.insert(to, node);
                        }
                    }
                    Change::Removed(path) => drop(names.remove(&**path)),
                }
            }
        }
        // A name under a directory that is not there cannot be found.
        let is_reachable = |path: &Path| path.ancestors().skip(1).all(|parent| names.contains_key(parent));
        let found = names.iter().filter(|(path, _)| is_reachable(path));
        found
            .map(|(path, node)| {
                let node = &self.nodes[*node];
                let content = node.directory.is_none().then(|| node.after_power_loss(fate, rng));
                ((*path).to_owned(), content)
            })
            .collect()
    }
}

impl Node {
    fn after_power_loss(&self, fate: Fate, rng: &mut Rng) -> Vec<u8> {
        let mut content = self.synced.clone();
        match fate {
            Fate::Lost => {}
            Fate::Kept => self.since.iter().for_each(|write| write.apply(&mut content)),
            Fate::Torn => {
                let whole = rng.percent(20);
                for write in &self.since {
                    match rng.below(3) {
                        _ if whole => write.apply(&mut content),
                        0 => {}
                        1 => write.apply(&mut content),
                        _ => write.apply_torn(&mut content, rng),
                    }
                }
            }
        }
        content
    }
}

impl Write {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::At(offset, bytes) => put(content, *offset as usize, bytes),
            Self::Cut(len) => content.resize(*len as usize, 0),
        }
    }

    /// Some of the sectors, in no order.
    fn apply_torn(&self, content: &mut Vec<u8>, rng: &mut Rng) {
        let Self::At(offset, bytes) = self else { return self.apply(content) };
        let (mut at, mut rest) = (*offset as usize, &bytes[..]);
        while !rest.is_empty() {
            let (sector, after) = rest.split_at(rest.len().min(SECTOR_BYTES - at % SECTOR_BYTES));
            if rng.percent(50) {
                put(content, at, sector);
            }
            at += sector.len();
            rest = after;
        }
    }
}

fn put(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if content.len() < at + bytes.len() {
        content.resize(at + bytes.len(), 0);
    }
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Change {
    fn is_in(&self, directory: &Path) -> bool {
        let is_child = |path: &Path| path.parent() == Some(directory);
        match self {
            Self::Made(path, _) | Self::Removed(path) => is_child(path),
            Self::Renamed(from, to) => is_child(from) || is_child(to),
        }
    }
}
