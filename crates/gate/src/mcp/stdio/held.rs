//! A call of the client that is held, while its other calls go on: one thread each, and a bound on how many.

use std::sync::Arc;

use sealbook_record::Outcome;

use super::Wire;
use super::forward::{Step, hand_on};
use crate::mcp::answer;
use crate::mcp::hold::{Asked, Settled, thread, wait};
use crate::mcp::judge::{Before, Wanted};
use crate::mcp::lines::bare;
use crate::mcp::settle::messages;
use crate::{Ended, Error, Held, Passage, Pending, Refused};

/// Holds the call of a line that has nothing else in it.
pub(super) fn begin(wire: &Arc<Wire>, line: Vec<u8>, held: Held) {
    let (id, asked) = match messages(bare(&line)).first() {
        Some(message) => (message.id.unwrap_or("null").to_owned(), Asked::of(&wire.session, message)),
        None => ("null".to_owned(), Asked::default()),
    };
    let thread = thread();
    let place = thread.and_then(|thread| Some((thread, wire.session.room.enter(&id)?)));
    let Some((thread, hold)) = place else {
        let settled = held.look().and_then(|looked| looked.map_or_else(Held::give_up, Ok));
        return hand_on(wire, step(line, id, settled));
    };
    let wire = Arc::clone(wire);
    let work = move || {
        let say = |mut message: Vec<u8>| {
            message.push(b'\n');
            wire.answer(&message);
            true
        };
        match wait(&wire.session, held, &hold, &asked, &say) {
            Settled::Goes(pending) => {
                let mut pending = Some(pending);
                let released = hold.release(|| {
                    if let Some(pending) = pending.take() {
                        hand_on(&wire, step(line, id, pending));
                    }
                });
                // Called off just before it went on. Its intent may be sealed already.
                if let (Err(why), Some(pending)) = (released, pending) {
                    called_off(&wire, pending, why);
                }
            }
            Settled::CalledOff(why) => tell(&wire, &line, why),
        }
        wire.session.room.leave(&hold);
    };
    // The thread waits for it, and for nothing else.
    let _ = thread.send(Box::new(work));
}

fn step(line: Vec<u8>, id: String, pending: Result<Pending, Error>) -> Step {
    let before = vec![Before { index: 0, id: Some(id), what: Wanted::Seal(pending) }];
    Step::Forward { line, before, after: Vec::new() }
}

fn called_off(wire: &Wire, pending: Result<Pending, Error>, why: &str) {
    if let Ok(Passage::Entered(entered)) = pending.and_then(Pending::wait) {
        wire.session.gate.leave_soon(entered, Ended::new(Outcome::Cancelled).because(why));
    }
}

/// Who called it off gets no answer; who still reads does.
fn tell(wire: &Wire, line: &[u8], why: &str) {
    if why.starts_with("the caller") {
        return;
    }
    let refused = Refused::called_off(why);
    let answers: Vec<Vec<u8>> =
        messages(bare(line)).iter().filter_map(|message| answer::refusal(message, &refused)).collect();
    for mut answer in answers {
        answer.push(b'\n');
        wire.answer(&answer);
    }
}
