//! Reads the client, and judges what it asks for.

use std::io::Read;
use std::sync::Arc;

use super::Wire;
use super::forward::{After, Before, Step, Wanted, hand_on};
use super::held;
use crate::mcp::answer;
use crate::mcp::lines::{LINE_BYTES_MAX, Lines, Stop, bare};
use crate::mcp::peek::{Bad, Message, Peek, fields, has_lookalikes, peek};
use crate::mcp::session::{Awaited, Recording, Side};
use crate::mcp::tell;
use crate::mcp::trail::Trail;
use crate::{Begun, Held};

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

/// What is known of a line while its messages are looked at.
#[derive(Default)]
struct Seen {
    before: Vec<Before>,
    after: Vec<After>,
    /// The line holds this message alone.
    alone: bool,
    held: Option<Box<Held>>,
    /// It was meant for the gateway: the server does not see it.
    ours: bool,
}

/// What is to be done with a line.
fn judge(wire: &Wire, line: Vec<u8>) -> Judged {
    let mut seen = Seen::default();
    let judged = peek(bare(&line), wire.strict).and_then(|peeked| {
        let messages = match peeked {
            Peek::Blank => Vec::new(),
            Peek::One(message) => vec![message],
            Peek::Batch(messages) => messages,
        };
        // First that all of it can be read, then what it asks for: nothing is announced in vain.
        messages.iter().try_for_each(|message| readable(wire, message))?;
        seen.alone = messages.len() == 1 && !bare(&line).trim_ascii_start().starts_with(b"[");
        for (index, message) in messages.iter().enumerate() {
            message_of(wire, index, message, &mut seen);
        }
        Ok(())
    });
    let Seen { before, after, held, ours, .. } = seen;
    if let Some(held) = held {
        return Judged::Held(line, held);
    }
    Judged::Step(match judged {
        Ok(()) if ours => Step::Answer(None),
        Ok(()) => Step::Forward { line, before, after },
        Err(bad) => {
            wire.malformed("client", bad, line.len() as u64, wire.strict);
            if wire.strict { refuse(&line, bad) } else { Step::Forward { line, before, after } }
        }
    })
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

fn message_of(wire: &Wire, index: usize, message: &Message<'_>, seen: &mut Seen) {
    let session = &wire.session;
    let Some(method) = message.method.as_deref() else {
        if message.is_reply() {
            seen.ours = seen.alone && session.room.answered(message);
            seen.after.push(After::Reply(index));
        }
        return;
    };
    session.note_client(message);
    let id = message.id.map(str::to_owned);
    let record = || tell::request(session, Side::Client, message);
    if method == "tools/call" {
        // A batch, and a call that wants no reply, wait for nobody.
        let begun = if seen.alone && id.is_some() {
            session.gate.begin_or_hold(record())
        } else {
            session.gate.begin(record()).map(Begun::Pending)
        };
        match begun {
            Ok(Begun::Held(held)) => seen.held = Some(Box::new(held)),
            Ok(Begun::Pending(pending)) => seen.before.push(Before { index, id, what: Wanted::Seal(Ok(pending)) }),
            Err(cause) => seen.before.push(Before { index, id, what: Wanted::Seal(Err(cause)) }),
        }
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
        Ok(Some(refused)) => return seen.before.push(Before { index, id, what: Wanted::Refused(refused) }),
        Err(cause) => return seen.before.push(Before { index, id, what: Wanted::Seal(Err(cause)) }),
    }
    let awaited = match method {
        "initialize" | "server/discover" => Awaited::Hello,
        "tools/list" => {
            Awaited::List { first: message.params.is_none_or(|params| fields(params, ["cursor"])[0].is_none()) }
        }
        "notifications/cancelled" => {
            let id = message.params.and_then(|params| fields(params, ["requestId"])[0]);
            // The server never saw what is held.
            let is_held = |id: &str| session.room.call_off(id, "the caller cancelled it while it was held");
            seen.ours = seen.alone && id.is_some_and(is_held);
            seen.after.extend(id.map(|id| After::Cancel(id.to_owned())));
            return;
        }
        _ => return,
    };
    seen.before.push(Before { index, id, what: Wanted::Reply(awaited) });
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
