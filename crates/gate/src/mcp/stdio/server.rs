//! Reads the server: replies end calls, requests of the server are on record before the client sees them.

use std::io::Read;

use super::{Wire, lock, write};
use crate::mcp::answer;

use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, Peek, peek};
use crate::mcp::requests;
use crate::mcp::session::{Awaited, Side};
use crate::mcp::tell;
use crate::mcp::trail::Trail;

/// Until the server has closed its end. A client that is gone is read for all the same: what became of its
/// calls belongs on record.
pub(super) fn read(wire: &Wire, from_server: Box<dyn Read + Send>) {
    let mut lines = Lines::new(from_server);
    let mut line = Vec::new();
    loop {
        line.clear();
        line.shrink_to(1 << 20);
        match lines.read(&mut line, LINE_BYTES_MAX) {
            Ok(Stop::Bound) => long(wire, &mut lines, &line),
            Ok(Stop::LineBreak) => pass(wire, &line),
            Ok(Stop::End) | Err(_) => {
                if !line.is_empty() {
                    pass(wire, &line);
                }
                return;
            }
        }
    }
}

fn pass(wire: &Wire, line: &[u8]) {
    let messages = peek(bare(line), false).map_or_else(
        |bad| {
            wire.session.malformed("server", bad, line.len() as u64, false);
            Vec::new()
        },
        Peek::into_messages,
    );
    let requests = messages.iter().filter(|message| message.method.is_some());
    // Every one is looked at, and one that is refused keeps its line back.
    let mut refused = Vec::new();
    for message in requests {
        refused.extend(requests::request(&wire.session, message).map(|refused| answer::refusal(message, &refused)));
    }
    let (first, after): (Vec<_>, Vec<_>) = messages
        .iter()
        .filter(|message| message.is_reply())
        .partition(|message| wire.session.teaches(Side::Client, message));
    first.into_iter().for_each(|message| wire.session.reply(Side::Client, message));
    if refused.is_empty() {
        wire.answer(line);
    } else {
        for mut answer in refused.into_iter().flatten() {
            answer.push(b'\n');
            wire.send(&answer);
        }
    }
    after.into_iter().for_each(|message| wire.session.reply(Side::Client, message));
}

/// A line that is longer than what is held passes in pieces; what it answers is found all the same.
fn long(wire: &Wire, lines: &mut Lines<Box<dyn Read + Send>>, head: &[u8]) {
    let mut trail = Trail::default();
    trail.push(head);
    // Held to the end: nothing else may come between the pieces of a line.
    let mut out = lock(&wire.to_client);
    let mut passes = write(&mut out, head);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let stop = lines.read(&mut piece, 1).unwrap_or(Stop::End);
        trail.push(&piece);
        passes = passes && write(&mut out, &piece);
        if stop != Stop::Bound {
            break;
        }
    }
    drop(out);
    if !passes {
        wire.client_gone();
    }
    let awaited = trail.reply_id().and_then(|id| wire.session.awaited(Side::Client, id));
    match awaited {
        Some(Awaited::Call(entered)) => {
            wire.session.gate.leave_soon(entered, tell::ended_long(trail.bytes(), trail.is_error()));
        }
        _ => wire.session.malformed("server", Bad::TooLong, trail.bytes(), false),
    }
}
