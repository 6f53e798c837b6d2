//! Reads the client, and judges what it asks for.

use std::io::Read;
use std::sync::Arc;

use super::Wire;
use super::forward::{Step, hand_on};
use super::held;
use crate::Held;
use crate::mcp::answer;
use crate::mcp::judge::{self, Seen};
use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, peek};
use crate::mcp::trail::Trail;

/// Until the client has closed its end, or the session is over.
pub(super) fn read(wire: &Arc<Wire>, from_client: Box<dyn Read + Send>) {
    let mut lines = Lines::new(from_client);
    loop {
        let mut line = Vec::new();
        // A client that cannot be read has gone.
        let stop = lines.read(&mut line, LINE_BYTES_MAX).unwrap_or(Stop::End);
        if !wire.queue.begin() {
            return;
        }
        if stop == Stop::Bound {
            too_long(wire, &mut lines, &line);
        } else if !line.is_empty() {
            match judge(wire, line) {
                Judged::Step(step) => hand_on(wire, step),
                Judged::Held(line, held) => held::begin(wire, line, *held),
            }
        }
        if stop == Stop::End {
            wire.client_left.store(true, std::sync::atomic::Ordering::Release);
            wire.session.room.end("the client left while it was held");
            hand_on(wire, Step::End);
        }
        wire.queue.done();
        if stop == Stop::End {
            return;
        }
    }
}

/// What became of a line.
enum Judged {
    Step(Step),
    /// The only call in it is held.
    Held(Vec<u8>, Box<Held>),
}

/// What is to be done with a line.
fn judge(wire: &Wire, line: Vec<u8>) -> Judged {
    let session = &wire.session;
    let judged = peek(bare(&line), session.strict).and_then(|peeked| judge::judge(session, &peeked));
    Judged::Step(match judged {
        Ok(Seen { held: Some(held), .. }) => return Judged::Held(line, held),
        Ok(Seen { ours: true, .. }) => Step::Answer(None),
        Ok(Seen { before, after, .. }) => Step::Forward { line, before, after },
        Err(bad) => {
            session.malformed("client", bad, line.len() as u64, session.strict);
            if session.strict {
                Step::Answer(judge::answer_to(bare(&line), bad).map(with_break))
            } else {
                Step::Forward { line, before: Vec::new(), after: Vec::new() }
            }
        }
    })
}

/// A line that is longer than what is held: nobody can judge it. It is refused, or passes in pieces.
fn too_long(wire: &Wire, lines: &mut Lines<Box<dyn Read + Send>>, head: &[u8]) {
    let mut trail = Trail::default();
    trail.push(head);
    // What goes before it must be gone.
    wire.queue.drain();
    let mut passes = !wire.session.strict && wire.send(head);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let stop = lines.read(&mut piece, 1).unwrap_or(Stop::End);
        trail.push(&piece);
        passes = passes && wire.send(&piece);
        if stop != Stop::Bound {
            break;
        }
    }
    wire.session.malformed("client", Bad::TooLong, trail.bytes(), wire.session.strict);
    if wire.session.strict {
        wire.answer(&with_break(answer::bad(trail.request_id(), Bad::TooLong)));
    }
}

fn with_break(mut line: Vec<u8>) -> Vec<u8> {
    line.push(b'\n');
    line
}
