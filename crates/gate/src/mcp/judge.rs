//! What a message of the client asks for, whichever way it came.

use std::collections::HashSet;

use super::answer;
use super::peek::{Bad, Id, Message, Peek, fields, has_lookalikes, peek, twins_in};
use super::session::{Awaited, Recording, Session, Side};
use super::tell;
use crate::{Begun, Error, Held, Pending, Refused};

/// What is known of a message, or a batch of them, before it is forwarded.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) before: Vec<Before>,
    pub(crate) after: Vec<After>,
    /// The only call in it is held.
    pub(crate) held: Option<Box<Held>>,
    /// It was meant for the gateway: the server does not see it.
    pub(crate) ours: bool,
    /// It is one message, and no batch.
    alone: bool,
}

/// What must be known of a message before its line is forwarded.
pub(crate) struct Before {
    /// Place in its batch; 0 where there is none.
    pub(crate) index: usize,
    /// The id's token; none of a notification.
    pub(crate) id: Option<String>,
    pub(crate) what: Wanted,
}

pub(crate) enum Wanted {
    /// Its intent must be sealed.
    Seal(Result<Pending, Error>),
    /// Its reply must be expected.
    Reply(Awaited),
    /// It was refused.
    Refused(Refused),
}

impl Before {
    /// Whether it is known already, and waits for no disk.
    pub(crate) fn is_ready(&self) -> bool {
        match &self.what {
            Wanted::Seal(Ok(pending)) => pending.is_ready(),
            _ => true,
        }
    }
}

/// What is told when a line has gone.
pub(crate) enum After {
    /// The message of that place answers the server.
    Reply(usize),
    /// A request of the client is called off.
    Cancel(String),
}

/// Judges a message or a batch, in memory; what is to be sealed of it is on its way to the disk.
pub(crate) fn judge(session: &Session, peeked: &Peek<'_>) -> Result<Seen, Bad> {
    let messages = peeked.messages();
    // First that all of it can be read, then what it asks for: nothing is announced in vain.
    messages.iter().try_for_each(|message| readable(session, message))?;
    if session.strict && has_twins(messages) {
        return Err(Bad::IdOpen);
    }
    let mut seen = Seen { alone: matches!(peeked, Peek::One(_)), ..Seen::default() };
    for (index, message) in messages.iter().enumerate() {
        message_of(session, index, message, &mut seen);
    }
    Ok(seen)
}

/// Whether judging it takes a moment and no more: nobody reviews what is one call that may be held.
pub(crate) fn is_brief(peeked: &Peek<'_>) -> bool {
    matches!(peeked, Peek::One(message) if message.id.is_some() && message.method.as_deref() == Some("tools/call"))
}

/// The answer to what is not taken; nothing where none is wanted.
pub(crate) fn answer_to(text: &[u8], bad: Bad) -> Option<Vec<u8>> {
    let one = match peek(text, false) {
        Ok(Peek::One(message)) => Some(message),
        _ => None,
    };
    let wants_none = one.as_ref().is_some_and(|message| message.is_reply() || message.id.is_none());
    // Under its own id the answer would be taken for the reply to the other one.
    let id = one.and_then(|message| message.id).filter(|_| bad != Bad::IdOpen);
    (!wants_none).then(|| answer::bad(id, bad))
}

/// What the keys of a call must keep to, beyond being JSON.
fn readable(session: &Session, message: &Message<'_>) -> Result<(), Bad> {
    let is_call = message.method.as_deref() == Some("tools/call");
    if message.method.is_some() && message.id.is_some() && session.is_crowded() {
        return Err(Bad::TooManyOpen);
    }
    let is_open = |id: &&str| session.is_open(Side::Client, id);
    if session.strict && message.method.is_some() && message.id.as_ref().is_some_and(is_open) {
        return Err(Bad::IdOpen);
    }
    let params = message.params.filter(|_| session.strict && is_call);
    if session.strict && !message.twins.is_empty() && !are_lawful(session, message, is_call) {
        return Err(Bad::Duplicate);
    }
    let confuses = params.is_some_and(|params| has_lookalikes(params, &["name", "arguments", "_meta"]));
    if confuses { Err(Bad::Lookalike) } else { Ok(()) }
}

/// Whether members that are there twice but for case are data: in the arguments of a call, where no rule names them.
fn are_lawful(session: &Session, message: &Message<'_>, is_call: bool) -> bool {
    let arguments = message.params.filter(|_| is_call).and_then(|params| fields(params, ["arguments"])[0]);
    let within = arguments.map(twins_in).unwrap_or_default();
    // What nobody can tell is refused further on, with its cause.
    let is_named = || session.gate.rules().is_ok_and(|rules| within.iter().any(|name| rules.names(name)));
    within.len() == message.twins.len() && !is_named()
}

/// Whether two requests of a batch have one id.
fn has_twins(messages: &[Message<'_>]) -> bool {
    let requests = messages.iter().filter(|message| message.method.is_some());
    let mut ids = HashSet::new();
    messages.len() > 1 && !requests.filter_map(|message| message.id).all(|id| ids.insert(Id::of(id)))
}

fn message_of(session: &Session, index: usize, message: &Message<'_>, seen: &mut Seen) {
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
        let mut record = record();
        session.look_at_files(&mut record);
        // A batch, and a call that wants no reply, wait for nobody.
        let begun = if seen.alone && id.is_some() {
            session.gate.begin_or_hold(record)
        } else {
            session.gate.begin(record).map(Begun::Pending)
        };
        match begun {
            Ok(Begun::Held(held)) => seen.held = Some(Box::new(session.looking_again(held))),
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
            let cursor = message.params.and_then(|params| fields(params, ["cursor"])[0]);
            Awaited::List { from: cursor.map(str::to_owned) }
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
