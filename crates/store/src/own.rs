//! What this process sealed itself, so that it need not read it again to learn what holds now.
//!
//! A run of records is noted before its commit, and counts once the commit was acknowledged, or once the book's
//! head bears its checkpoint: a checkpoint that we signed over what we placed.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Runs that are remembered; what is forgotten is read.
const RUNS_MAX: usize = 4_096;

/// The newest runs, in order.
#[derive(Default)]
pub(crate) struct Own(Mutex<VecDeque<Run>>);

/// The records of one commit.
pub(crate) struct Run {
    pub(crate) seqs: Range<u64>,
    /// Those of them that may change what holds.
    pub(crate) loud: Vec<u64>,
    /// The checkpoint over them; `None` once it is sure that they are sealed.
    pub(crate) note: Option<Arc<str>>,
}

impl Own {
    /// A run is about to be committed.
    pub(crate) fn begin(&self, run: Run) {
        let mut runs = self.lock();
        if runs.len() == RUNS_MAX {
            runs.pop_front();
        }
        runs.push_back(run);
    }

    /// Its commit was acknowledged, or was not.
    pub(crate) fn end(&self, is_sealed: bool) {
        let mut runs = self.lock();
        match runs.back_mut() {
            Some(run) if is_sealed => run.note = None,
            _ => drop(runs.pop_back()),
        }
    }

    /// Which of the records `from..to` may change what holds, as far as is known here; `head` is the checkpoint
    /// of the book that has `to` records.
    pub(crate) fn to_be_read(&self, from: u64, to: u64, head: &str) -> Vec<Range<u64>> {
        let mut unread = Vec::new();
        let mut at = from;
        for run in self.lock().iter() {
            let is_sealed = run.note.as_deref().is_none_or(|note| note == head);
            if !is_sealed || run.seqs.end <= at || run.seqs.end > to {
                continue;
            }
            if at < run.seqs.start {
                unread.push(at..run.seqs.start);
            }
            unread.extend(run.loud.iter().filter(|seq| **seq >= at).map(|seq| *seq..seq + 1));
            at = run.seqs.end;
        }
        if at < to {
            unread.push(at..to);
        }
        unread
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read, each record by itself.
    fn read(own: &Own, seqs: Range<u64>, head: &str) -> Vec<u64> {
        own.to_be_read(seqs.start, seqs.end, head).into_iter().flatten().collect()
    }

    fn run(seqs: Range<u64>, loud: &[u64], note: &str) -> Run {
        Run { seqs, loud: loud.to_vec(), note: Some(note.into()) }
    }

    #[test]
    fn what_is_surely_ours_is_not_read_again() {
        let own = Own::default();
        own.begin(run(4..8, &[6], "a"));
        assert_eq!(read(&own, 2..8, "of another"), [2, 3, 4, 5, 6, 7], "it may be another's");
        assert_eq!(read(&own, 2..8, "a"), [2, 3, 6], "the head says that it is ours");
        own.end(true);
        assert_eq!(read(&own, 7..9, "of another"), [8]);
        own.begin(run(9..12, &[], "b"));
        own.end(false);
        assert_eq!(read(&own, 5..12, "b"), [6, 8, 9, 10, 11], "what failed is nobody's");
        own.begin(run(12..13, &[], "c"));
        own.end(true);
        assert_eq!(read(&own, 4..13, "c"), [6, 8, 9, 10, 11]);
        assert_eq!(read(&own, 13..13, "c"), [0; 0]);
    }

    #[test]
    fn what_is_forgotten_is_read() {
        let own = Own::default();
        for seq in 0..RUNS_MAX as u64 + 3 {
            own.begin(run(seq..seq + 1, &[], "x"));
            own.end(true);
        }
        assert_eq!(read(&own, 0..RUNS_MAX as u64 + 3, "x"), [0, 1, 2]);
    }
}
