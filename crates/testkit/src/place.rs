//! A ledger in a place of its own, with a clock and a randomness that a seed decides.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealbook_record::Timestamp;
use sealbook_store::{Clock, Entropy, Layout, Options};
use tempfile::TempDir;

use crate::Rng;

/// A clock that a test sets, backwards too.
#[derive(Debug)]
pub struct SimClock(AtomicI64);

impl SimClock {
    /// Shows this many microseconds since the epoch.
    pub const fn at(us: i64) -> Self {
        Self(AtomicI64::new(us))
    }

    /// Moves by so many microseconds, backwards where they are negative.
    pub fn step(&self, us: i64) {
        self.0.fetch_add(us, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that a seed decides. Nothing that is kept may come of it.
#[derive(Debug)]
pub struct SimEntropy(Mutex<Rng>);

impl SimEntropy {
    /// The stream of this generator.
    pub const fn new(rng: Rng) -> Self {
        Self(Mutex::new(rng))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(out);
    }
}

/// A temporary directory for a ledger; in memory where the machine has such a place, since what
/// these tests prove does not depend on the disk.
#[derive(Debug)]
pub struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty place.
    pub fn new() -> Self {
        let builder = tempfile::Builder::new();
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() {
            builder.tempdir_in(memory).or_else(|_| tempfile::tempdir())
        } else {
            tempfile::tempdir()
        };
        Self { dir: dir.expect("a temporary directory can be made") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A file or directory in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Book, keys and heads side by side.
    pub fn layout(&self) -> Layout {
        layout_under(self.dir.path())
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

/// The layout that the tests use under a directory.
pub fn layout_under(root: &Path) -> Layout {
    Layout { book: root.join("book"), keys: root.join("keys"), heads: root.join("heads") }
}

/// Options whose time and randomness a seed decides, on one thread.
pub fn seeded_options(rng: &mut Rng, clock: Arc<SimClock>) -> Options {
    Options { threads: 1, clock, entropy: Arc::new(SimEntropy::new(rng.fork())), ..Options::default() }
}
