//! Lines on their way to the server, in order, with a bound: a client that is faster than the disk or the
//! server waits.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::forward::Step;

/// Bytes of lines that wait.
const BYTES_MAX: usize = 4 << 20;
const STEPS_MAX: usize = 1_024;
/// How long the end of a session waits for a line that is being written to nobody.
const CLOSING_MAX: Duration = Duration::from_secs(5);

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    bytes: usize,
    /// The reader is at work on a line.
    judging: bool,
    /// A step is being carried out.
    forwarding: bool,
    closed: bool,
    /// Threads that wait for a change: without one nobody need be woken, which costs a call of the system.
    waiting: usize,
}

/// Shared by the thread that judges and the one that forwards.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// The reader begins with a line; false where nothing is taken any more.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.lock();
        state.judging = !state.closed;
        state.judging
    }

    /// The reader is done with its line.
    pub(crate) fn done(&self) {
        let mut state = self.lock();
        state.judging = false;
        self.wake(&state);
    }

    /// Adds a step; waits while there are too many. Gives it back where it can be carried out at once: it
    /// needs no waiting, and nothing is before it.
    pub(crate) fn push(&self, step: Step) -> Option<Step> {
        let mut state = self.lock();
        if step.is_ready() && state.steps.is_empty() && !state.forwarding {
            return Some(step);
        }
        while (state.bytes >= BYTES_MAX || state.steps.len() >= STEPS_MAX) && !state.closed {
            state = self.wait(state);
        }
        state.bytes += step.weight();
        state.steps.push_back(step);
        self.wake(&state);
        None
    }

    /// Waits until everything before is forwarded.
    pub(crate) fn drain(&self) {
        let mut state = self.lock();
        while !state.steps.is_empty() || state.forwarding {
            state = self.wait(state);
        }
    }

    /// The next step; `None` when the session is over.
    pub(crate) fn next(&self) -> Option<Step> {
        let mut state = self.lock();
        if state.forwarding {
            state.forwarding = false;
            self.wake(&state);
        }
        loop {
            if let Some(step) = state.steps.pop_front() {
                state.bytes -= step.weight();
                state.forwarding = true;
                return Some(step);
            }
            if state.closed {
                return None;
            }
            state = self.wait(state);
        }
    }

    /// Whether the session is over: what is still queued is not forwarded any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Ends the session: nothing new is taken, and what was taken is settled.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.wake(&state);
        state.waiting += 1;
        let busy = |state: &mut State| state.judging || state.forwarding || !state.steps.is_empty();
        let waited = self.changed.wait_timeout_while(state, CLOSING_MAX, busy);
        drop(waited);
    }

    fn wait<'q>(&'q self, mut state: MutexGuard<'q, State>) -> MutexGuard<'q, State> {
        state.waiting += 1;
        let mut state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    fn wake(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
