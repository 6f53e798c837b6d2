//! Reads the server: replies end calls, requests of the server are on record before the client sees them.

use std::io::Read;

use sealbook_record::Outcome;
use serde_json::value::RawValue;

use super::{Wire, lock, write};
use crate::Ended;
use crate::mcp::answer;
use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, peek_server};
use crate::mcp::requests;
use crate::mcp::session::Side;
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
    let session = &wire.session;
    let messages = match peek_server(bare(line), session.strict, true) {
        Ok(peeked) => peeked.into_messages(),
        Err(bad) => {
            session.malformed("server", bad, line.len() as u64, session.strict);
            if session.strict {
                return withheld(wire, &trail_of(line));
            }
            Vec::new()
        }
    };
    // Every one is looked at, and one that is refused keeps its line back.
    let (mut refused, mut replaced) = (Vec::new(), Vec::new());
    for message in &messages {
        if message.method.is_some() {
            refused.extend(requests::request(session, message).map(|refused| answer::refusal(message, &refused)));
        } else if let Some(refused) = requests::within(session, message) {
            replaced.extend(requests::instead(session, message, &refused));
        }
    }
    let (first, after): (Vec<_>, Vec<_>) = messages
        .iter()
        .filter(|message| message.is_reply())
        .partition(|message| session.teaches(Side::Client, message));
    first.into_iter().for_each(|message| session.reply(Side::Client, message));
    if refused.is_empty() && replaced.is_empty() {
        after.iter().for_each(|message| session.passing(Side::Client, message));
        wire.answer(line);
    }
    for mut answer in refused.into_iter().flatten() {
        answer.push(b'\n');
        wire.send(&answer);
    }
    for mut answer in replaced {
        answer.push(b'\n');
        wire.answer(&answer);
    }
    after.into_iter().for_each(|message| session.reply(Side::Client, message));
}

fn trail_of(line: &[u8]) -> Trail {
    let mut trail = Trail::default();
    trail.push(line);
    trail
}

/// What cannot be judged does not reach the client. Where it seems to answer a call, the call ends here.
fn withheld(wire: &Wire, trail: &Trail) {
    let why = "what the server answered could not be judged, and was withheld";
    let Some(id) = trail.reply_id().filter(|id| serde_json::from_str::<&RawValue>(id).is_ok()) else { return };
    if wire.session.ended(Side::Client, id, Ended::new(Outcome::Unknown).because(why)) {
        let mut answer =
            answer::failure(Some(id), &format!("Audit gateway: {why}. Whether the call ran is not known."));
        answer.push(b'\n');
        wire.answer(&answer);
    }
}

/// A line that is longer than what is held passes in pieces; what it answers is found all the same. While rules are
/// enforced it passes only as long as it is plainly a reply, and ends only where that answers an open request.
fn long(wire: &Wire, lines: &mut Lines<Box<dyn Read + Send>>, head: &[u8]) {
    let session = &wire.session;
    let mut trail = trail_of(head);
    let is_fit = |trail: &Trail| {
        let is_open = || trail.reply_id().is_some_and(|id| session.is_open(Side::Client, id));
        !session.strict || (trail.may_be_reply() && (!trail.is_whole() || is_open()))
    };
    let mut is_kept = !is_fit(&trail);
    // Held to the end: nothing else may come between the pieces of a line.
    let mut out = lock(&wire.to_client);
    let mut passes = is_kept || write(&mut out, head);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        let stop = lines.read(&mut piece, 1).unwrap_or(Stop::End);
        trail.push(&piece);
        if !is_kept && !is_fit(&trail) {
            is_kept = true;
            // What has passed is no message without its end.
            passes = passes && write(&mut out, b"\n");
        }
        passes = passes && (is_kept || write(&mut out, &piece));
        if stop != Stop::Bound {
            break;
        }
    }
    drop(out);
    if !passes {
        wire.client_gone();
    }
    if is_kept {
        session.malformed("server", Bad::TooLong, trail.bytes(), true);
        return withheld(wire, &trail);
    }
    let ended = || tell::ended_long(trail.bytes(), trail.is_error());
    if !trail.reply_id().is_some_and(|id| session.ended(Side::Client, id, ended())) {
        session.malformed("server", Bad::TooLong, trail.bytes(), false);
    }
}
