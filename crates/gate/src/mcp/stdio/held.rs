//! A call of the client that is held, while its other calls go on: one thread each, and a bound on how many.

use std::sync::Arc;

use sealbook_record::Outcome;

use super::forward::{Before, Step, Wanted, hand_on, messages};
use super::{Wire, spawn};
use crate::mcp::answer;
use crate::mcp::hold::{Asked, Settled, wait};
use crate::{Ended, Error, Held, Passage, Pending, Refused};

/// Holds the call of a line that has nothing else in it.
pub(super) fn begin(wire: &Arc<Wire>, line: Vec<u8>, held: Held) {
    let (id, asked) = match messages(&line).first() {
        Some(message) => (message.id.unwrap_or("null").to_owned(), Asked::of(&wire.session, message)),
        None => ("null".to_owned(), Asked::default()),
    };
    let Some(hold) = wire.session.room.enter(&id) else {
        let settled = held.look().and_then(|looked| looked.map_or_else(Held::give_up, Ok));
        return hand_on(wire, step(line, id, settled));
    };
    let wire = Arc::clone(wire);
    spawn("sealbook-hold", move || {
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
    });
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
        messages(line).iter().filter_map(|message| answer::refusal(message, &refused)).collect();
    for mut answer in answers {
        answer.push(b'\n');
        wire.answer(&answer);
    }
}
