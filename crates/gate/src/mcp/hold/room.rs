//! Which calls of a session are held, so that who reads the client can call them off and hand on answers.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealbook_policy::Choice;

use super::super::peek::{Id, Message};
use super::elicit::choice_of;
use crate::Ended;
use crate::mcp::tell;

/// Calls that are held at a time; one more is answered at once.
const HELD_MAX: usize = 64;
/// Questions of ours whose answers are known for ours, late ones too.
const ISSUED_MAX: usize = 1_024;
/// How long the end of a session waits for held calls to be settled.
const ENDING_MAX: Duration = Duration::from_secs(5);

/// The held calls of one session.
#[derive(Default)]
pub(crate) struct Room {
    calls: Mutex<Calls>,
    left: Condvar,
}

#[derive(Default)]
struct Calls {
    held: Vec<Arc<Hold>>,
    issued: VecDeque<Id>,
    over: bool,
}

/// One held call, as those see it who do not hold it.
pub(crate) struct Hold {
    id: Id,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    called_off: Option<&'static str>,
    /// It was handed on: nothing of it is held any more.
    released: bool,
    question: Option<Id>,
    answer: Option<Answer>,
}

/// What a client answered to our question.
pub(crate) struct Answer {
    /// What its user decided, if they did.
    pub(crate) choice: Option<Choice>,
    /// How the question ended.
    pub(crate) ended: Ended,
}

impl Room {
    /// A place for a call; none where too many are held, or the session is over.
    pub(crate) fn enter(&self, id: &str) -> Option<Arc<Hold>> {
        let mut calls = lock(&self.calls);
        if calls.over || calls.held.len() >= HELD_MAX {
            return None;
        }
        let hold = Arc::new(Hold { id: Id::of(id), state: Mutex::default(), changed: Condvar::new() });
        calls.held.push(Arc::clone(&hold));
        Some(hold)
    }

    /// The call is settled, one way or the other.
    pub(crate) fn leave(&self, hold: &Arc<Hold>) {
        lock(&self.calls).held.retain(|other| !Arc::ptr_eq(other, hold));
        self.left.notify_all();
    }

    /// Whether a call of that id is held.
    pub(crate) fn holds(&self, id: &Id) -> bool {
        lock(&self.calls).held.iter().any(|hold| hold.id == *id)
    }

    /// The client calls off what it asked for. False where no such call is held.
    pub(crate) fn call_off(&self, id: &str, why: &'static str) -> bool {
        let id = Id::of(id);
        let held = lock(&self.calls).held.clone();
        held.iter().filter(|hold| hold.id == id).any(|hold| hold.call_off(why))
    }

    /// Calls off everything that is held, and takes nothing new.
    pub(crate) fn close(&self, why: &'static str) {
        let mut calls = lock(&self.calls);
        calls.over = true;
        for hold in &calls.held {
            hold.call_off(why);
        }
    }

    /// Calls off everything that is held, takes nothing new, and waits until all of it is settled.
    pub(crate) fn end(&self, why: &'static str) {
        self.close(why);
        let calls = lock(&self.calls);
        drop(self.left.wait_timeout_while(calls, ENDING_MAX, |calls| !calls.held.is_empty()));
    }

    /// A question of ours goes out, about a held call.
    pub(super) fn issue(&self, hold: &Hold, id: &str) {
        let mut calls = lock(&self.calls);
        if calls.issued.len() == ISSUED_MAX {
            calls.issued.pop_front();
        }
        calls.issued.push_back(Id::of(id));
        lock(&hold.state).question = Some(Id::of(id));
    }

    /// Whether a reply of the client answers a question of ours: then the server does not see it.
    pub(crate) fn answered(&self, message: &Message<'_>) -> bool {
        let Some(id) = message.id.map(Id::of) else { return false };
        let held = {
            let calls = lock(&self.calls);
            if !calls.issued.contains(&id) {
                return false;
            }
            calls.held.clone()
        };
        for hold in held {
            let mut state = lock(&hold.state);
            if state.question.as_ref() == Some(&id) && state.answer.is_none() {
                state.answer = Some(Answer { choice: choice_of(message), ended: tell::ended(message) });
                drop(state);
                hold.changed.notify_all();
            }
        }
        true
    }
}

impl Hold {
    /// Whether it was called off, and why.
    pub(super) fn called_off(&self) -> Option<&'static str> {
        lock(&self.state).called_off
    }

    /// What the client answered, once.
    pub(super) fn take_answer(&self) -> Option<Answer> {
        lock(&self.state).answer.take()
    }

    /// Waits for a while, or until something was said of it.
    pub(super) fn sleep(&self, most: Duration) {
        let idle = |state: &mut State| state.called_off.is_none() && state.answer.is_none();
        drop(self.changed.wait_timeout_while(lock(&self.state), most, idle));
    }

    /// Hands the call on, unless it was called off meanwhile; the client's own calling off then comes after it.
    pub(crate) fn release(&self, hand_on: impl FnOnce()) -> Result<(), &'static str> {
        let mut state = lock(&self.state);
        if let Some(why) = state.called_off {
            return Err(why);
        }
        state.released = true;
        hand_on();
        Ok(())
    }

    /// True where nothing will be handed on.
    pub(crate) fn call_off(&self, why: &'static str) -> bool {
        let mut state = lock(&self.state);
        if state.released {
            return false;
        }
        state.called_off.get_or_insert(why);
        drop(state);
        self.changed.notify_all();
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
