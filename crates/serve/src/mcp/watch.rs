//! Between a tool that works on a thread and the client that waits: how far it is, and whether it is still wanted.

use std::sync::atomic::{AtomicBool, Ordering};

use sealbook_inspect::Progress;
use tokio::sync::watch;

/// How far a tool is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// What is being done.
    pub(crate) stage: String,
    /// Pieces done, over all stages: it only grows.
    pub(crate) done: u64,
    /// Where `done` will be at the end of the stage, where that is known.
    pub(crate) total: Option<u64>,
}

/// The tool's end.
#[derive(Debug)]
pub(crate) struct Watch {
    reached: watch::Sender<Reached>,
    cancelled: AtomicBool,
}

impl Watch {
    pub(crate) fn new() -> (Self, watch::Receiver<Reached>) {
        let (reached, seen) = watch::channel(Reached::default());
        (Self { reached, cancelled: AtomicBool::new(false) }, seen)
    }

    /// Nobody waits for it any more.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

impl Progress for Watch {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.reached.send_modify(|reached| {
            what.clone_into(&mut reached.stage);
            // A stage that begins is a step too: progress grows even where a stage has nothing to do.
            reached.done += 1;
            reached.total = total.map(|total| reached.done + total);
        });
    }

    fn advance(&self, done: u64) {
        self.reached.send_modify(|reached| reached.done += done);
    }

    fn end(&self) {}

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}
