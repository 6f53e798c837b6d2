//! Reads the client, and judges what it asks for.

use std::io::Read;

use super::Wire;
use super::forward::{After, Before, Step, Wanted, carry_out};
use crate::mcp::answer;
use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, Message, Peek, fields, has_lookalikes, peek};
use crate::mcp::session::{Awaited, Recording, Side};
use crate::mcp::tell;
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
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let judged = peek(bare(&line), wire.strict).and_then(|peeked| {
        let messages = match peeked {
            Peek::Blank => Vec::new(),
            Peek::One(message) => vec![message],
            Peek::Batch(messages) => messages,
        };
        // First that all of it can be read, then what it asks for: nothing is announced in vain.
        messages.iter().try_for_each(|message| readable(wire, message))?;
        for (index, message) in messages.iter().enumerate() {
            message_of(wire, index, message, &mut before, &mut after);
        }
        Ok(())
    });
    match judged {
        Ok(()) => Step::Forward { line, before, after },
        Err(bad) => {
            wire.malformed("client", bad, line.len() as u64, wire.strict);
            if wire.strict { refuse(&line, bad) } else { Step::Forward { line, before, after } }
        }
    }
}

/// What the keys of a call must keep to, beyond being JSON.
fn readable(wire: &Wire, message: &Message<'_>) -> Result<(), Bad> {
    let is_call = message.method.as_deref() == Some("tools/call");
    if message.method.is_some() && message.id.is_some() && wire.session.is_crowded() {
        return Err(Bad::TooManyOpen);
    }
    let params = message.params.filter(|_| wire.strict && is_call);
    let confuses = params.is_some_and(|params| has_lookalikes(params, &["name", "arguments", "_meta"]));
    if confuses { Err(Bad::Lookalike) } else { Ok(()) }
}

/// The answer to a line that is not forwarded.
fn refuse(line: &[u8], bad: Bad) -> Step {
    let one = match peek(bare(line), false) {
        Ok(Peek::One(message)) => Some(message),
        _ => None,
    };
    let wants_none = one.as_ref().is_some_and(|message| message.is_reply() || message.id.is_none());
    let id = one.and_then(|message| message.id);
    Step::Answer((!wants_none).then(|| with_break(answer::bad(id, bad))))
}

fn message_of(wire: &Wire, index: usize, message: &Message<'_>, before: &mut Vec<Before>, after: &mut Vec<After>) {
    let session = &wire.session;
    let Some(method) = message.method.as_deref() else {
        if message.is_reply() {
            after.push(After::Reply(index));
        }
        return;
    };
    session.note_client(message);
    let id = message.id.map(str::to_owned);
    let record = || tell::request(session, Side::Client, message);
    if method == "tools/call" {
        before.push(Before { index, id, what: Wanted::Seal(session.gate.begin(record())) });
        return;
    }
    if method == "ping" && session.options.recording < Recording::Requests {
        return;
    }
    let kept_from = match (method, &id) {
        ("initialize" | "server/discover", _) => Recording::Calls,
        (_, Some(_)) => Recording::Requests,
        (_, None) => Recording::All,
    };
    let keep = session.options.recording >= kept_from;
    match session.gate.consider(record(), keep) {
        Ok(None) => {}
        Ok(Some(refused)) => return before.push(Before { index, id, what: Wanted::Refused(refused) }),
        Err(cause) => return before.push(Before { index, id, what: Wanted::Seal(Err(cause)) }),
    }
    let awaited = match method {
        "initialize" | "server/discover" => Awaited::Hello,
        "tools/list" => {
            Awaited::List { first: message.params.is_none_or(|params| fields(params, ["cursor"])[0].is_none()) }
        }
        "notifications/cancelled" => {
            let id = message.params.and_then(|params| fields(params, ["requestId"])[0]);
            after.extend(id.map(|id| After::Cancel(id.to_owned())));
            return;
        }
        _ => return,
    };
    before.push(Before { index, id, what: Wanted::Reply(awaited) });
}

/// A line that is longer than what is held: nobody can judge it. It is refused, or passes in pieces.
fn too_long(wire: &Wire, lines: &mut Lines<Box<dyn Read + Send>>, head: &[u8]) {
    let mut trail = Trail::default();
    trail.push(head);
    // What goes before it must be gone.
    wire.queue.drain();
    let mut passes = !wire.strict && wire.send(head);
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
    wire.malformed("client", Bad::TooLong, trail.bytes(), wire.strict);
    if wire.strict {
        wire.answer(&with_break(answer::bad(trail.request_id(), Bad::TooLong)));
    }
}

fn with_break(mut line: Vec<u8>) -> Vec<u8> {
    line.push(b'\n');
    line
}
