//! Reads the client, and judges what it asks for.

use std::io::Read;

use super::Wire;
use super::forward::{Step, carry_out};
use crate::mcp::answer;
use crate::mcp::judge::{self, Asked};
use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, peek};
use crate::mcp::trail::Trail;

/// Until the client has closed its end, or the session is over.
pub(super) fn read(wire: &Wire, from_client: Box<dyn Read + Send>) {
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
            hand_on(wire, judge(wire, line));
        }
        if stop == Stop::End {
            wire.client_left.store(true, std::sync::atomic::Ordering::Release);
            hand_on(wire, Step::End);
        }
        wire.queue.done();
        if stop == Stop::End {
            return;
        }
    }
}

fn hand_on(wire: &Wire, step: Step) {
    if let Some(step) = wire.queue.push(step) {
        carry_out(wire, step);
    }
}

/// What is to be done with a line.
fn judge(wire: &Wire, line: Vec<u8>) -> Step {
    let peeked = peek(bare(&line), wire.session.strict);
    match peeked.and_then(|peeked| judge::judge(&wire.session, &peeked.messages())) {
        Ok(asked) => Step::Forward { line, asked },
        Err(bad) => {
            wire.session.malformed("client", bad, line.len() as u64, wire.session.strict);
            if wire.session.strict {
                Step::Answer(judge::answer_to(bare(&line), bad).map(with_break))
            } else {
                Step::Forward { line, asked: Asked::default() }
            }
        }
    }
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
