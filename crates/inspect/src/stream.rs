//! What happens to the files of a tree, as the system tells it, gathered for a moment at a time.
//!
//! The system tells of each event once, and drops what nobody fetches in time: then there is a [`Gap`], and only a
//! look at everything says how the tree is. Events are taken off the system's queue as they come and kept as one line
//! per path, of which there is a limit: memory does not grow with what happens.

mod gather;
mod ignores;
mod now;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use self::gather::Gathered;
pub use self::gather::{Sighted, Sort};
use self::ignores::Ignored;
pub use self::now::Now;
use crate::Error;

/// How long events are gathered, from the first one on.
const MOMENT: Duration = Duration::from_millis(500);
/// How long where there are many: what is changed again and again is told once.
const BUSY_MOMENT: Duration = Duration::from_secs(5);
/// So many paths make a moment a busy one.
const BUSY_PATHS: usize = 500;

/// Watches a tree.
pub struct Stream {
    root: PathBuf,
    shared: Arc<Mutex<Gathered>>,
    wake: Receiver<()>,
    /// Events come as long as it is there.
    _watcher: RecommendedWatcher,
    was_busy: bool,
}

/// What happened within a moment.
#[derive(Debug, Default)]
pub struct Window {
    /// Events, those of one path counted each.
    pub events: u64,
    /// Events of what is not watched: ignored files, and the repository's own.
    pub ignored: u64,
    /// One entry per path below the root, by its bytes.
    pub seen: Vec<(PathBuf, Sighted)>,
    /// Why not all is here.
    pub gap: Option<Gap>,
}

/// Why something is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The system's queue ran over: it dropped events, and does not say how many.
    Overflow,
    /// More paths changed at once than are kept.
    TooManyPaths,
    /// A directory could not be watched, or the system failed otherwise.
    Unwatched(String),
}

impl Gap {
    /// A stable word for it.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Overflow => "queue_overflow",
            Self::TooManyPaths => "too_many_paths",
            Self::Unwatched(_) => "unwatched",
        }
    }
}

impl Stream {
    /// Begins to watch a directory and all below it. What ignore files leave out, as they do for the `file` source, is
    /// counted and not told; neither are `.git` and `.sealbook`.
    pub fn start(root: &Path) -> Result<Self, Error> {
        let unwatched = |cause: notify::Error| Error::Unwatched { path: root.to_owned(), cause: words(&cause) };
        let shared = Arc::new(Mutex::new(Gathered::new(root, Ignored::new(root))));
        let (wake, woken) = sync_channel(1);
        let into = Arc::clone(&shared);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let mut gathered = into.lock().unwrap_or_else(PoisonError::into_inner);
            let told = match event {
                Ok(event) => gathered.take(&event),
                Err(cause) => gathered.lose(Gap::Unwatched(words(&cause))),
            };
            drop(gathered);
            if told {
                let _ = wake.try_send(());
            }
        })
        .map_err(unwatched)?;
        watcher.watch(root, RecursiveMode::Recursive).map_err(unwatched)?;
        Ok(Self { root: root.to_owned(), shared, wake: woken, _watcher: watcher, was_busy: false })
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Waits for something to happen, `most` at most, gathers what happens with it, and gives it.
    pub fn window(&mut self, most: Duration) -> Window {
        match self.wake.recv_timeout(most) {
            Ok(()) => self.gather(most),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        self.take()
    }

    /// What was not given yet.
    pub fn take(&mut self) -> Window {
        let window = self.lock().hand_over();
        self.was_busy = window.seen.len() > BUSY_PATHS;
        window
    }

    fn gather(&self, most: Duration) {
        let moment = if self.was_busy { BUSY_MOMENT } else { MOMENT }.min(most.max(MOMENT));
        let (_hold, wait) = std::sync::mpsc::channel::<()>();
        let mut waited = Duration::ZERO;
        while waited < moment && !self.lock().is_full() {
            let _ = wait.recv_timeout(MOMENT);
            waited += MOMENT;
        }
        // Whoever woke us since is gathered already.
        while self.wake.try_recv().is_ok() {}
    }

    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the system said, without a path.
fn words(cause: &notify::Error) -> String {
    match &cause.kind {
        notify::ErrorKind::Io(cause) => cause.kind().to_string(),
        notify::ErrorKind::MaxFilesWatch => "there are more directories than may be watched".to_owned(),
        notify::ErrorKind::PathNotFound => "it is not there".to_owned(),
        _ => "it cannot be watched".to_owned(),
    }
}
