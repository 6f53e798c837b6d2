//! Carries out what was judged: waits for the seal, then forwards, or answers in the server's place.

use sealbook_record::Outcome;

use super::Wire;
use crate::mcp::answer;
use crate::mcp::lines::bare;
use crate::mcp::peek::{Message, Peek, peek};
use crate::mcp::session::{Awaited, Side};
use crate::{Ended, Entered, Error, Passage, Pending, Refused};

/// What is to be done with a line of the client.
pub(crate) enum Step {
    /// It goes to the server, once everything in it may.
    Forward {
        /// With its line break.
        line: Vec<u8>,
        /// What must be known before it goes.
        before: Vec<Before>,
        /// What is told when it has gone.
        after: Vec<After>,
    },
    /// It does not go: the client is answered, if at all.
    Answer(Option<Vec<u8>>),
    /// The client has closed its end.
    End,
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

/// What is told when a line has gone.
pub(crate) enum After {
    /// The message of that place answers the server.
    Reply(usize),
    /// A request of the client is called off.
    Cancel(String),
}

impl Step {
    /// Whether carrying it out waits for no disk.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Forward { before, .. } => before.iter().all(|before| match &before.what {
                Wanted::Seal(Ok(pending)) => pending.is_ready(),
                _ => true,
            }),
            Self::Answer(_) | Self::End => true,
        }
    }

    /// Bytes that it holds.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Forward { line, .. } => line.len() + 64,
            Self::Answer(answer) => answer.as_ref().map_or(0, Vec::len) + 64,
            Self::End => 0,
        }
    }
}

/// Until the session is over.
pub(super) fn run(wire: &Wire) {
    while let Some(step) = wire.queue.next() {
        carry_out(wire, step);
    }
}

/// Queues a step, or carries it out where nothing is before it.
pub(super) fn hand_on(wire: &Wire, step: Step) {
    if let Some(step) = wire.queue.push(step) {
        carry_out(wire, step);
    }
}

fn carry_out(wire: &Wire, step: Step) {
    match step {
        Step::Forward { line, before, after } => forward(wire, &line, before, &after),
        Step::Answer(Some(answer)) => wire.answer(&answer),
        Step::Answer(None) => {}
        Step::End => drop(super::lock(&wire.to_server).take()),
    }
}

fn forward(wire: &Wire, line: &[u8], before: Vec<Before>, after: &[After]) {
    let gate = &wire.session.gate;
    let (mut entered, mut expected, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for Before { index, id, what } in before {
        match what {
            Wanted::Seal(pending) => match pending.and_then(Pending::wait) {
                Ok(Passage::Entered(one)) => entered.push((id, one)),
                Ok(Passage::Refused(one)) => refused.push((index, one)),
                Err(cause) => refused.push((index, Refused::by_error(&cause))),
            },
            Wanted::Reply(awaited) => expected.push((id, awaited)),
            Wanted::Refused(one) => refused.push((index, one)),
        }
    }
    if !refused.is_empty() {
        let why = "another call of its batch was refused; it was not forwarded";
        leave_all(wire, entered, Outcome::Cancelled, why);
        refuse(wire, line, &refused);
        return;
    }
    if wire.queue.is_closed() {
        return leave_all(wire, entered, Outcome::Cancelled, "the server had ended; it was not forwarded");
    }
    let mut ids = Vec::new();
    let mut without_id = Vec::new();
    let calls = entered.into_iter().map(|(id, entered)| (id, Awaited::Call(entered)));
    for (id, awaited) in expected.into_iter().chain(calls) {
        match (id, awaited) {
            (Some(id), awaited) => match wire.session.expect(Side::Client, &id, awaited) {
                Ok(()) => ids.push(id),
                Err(Awaited::Call(entered)) => without_id.push((None, entered)),
                Err(_) => {}
            },
            (None, Awaited::Call(entered)) => without_id.push((None, entered)),
            (None, _) => {}
        }
    }
    if !wire.send(line) {
        // Part of it may have arrived.
        let taken = ids.iter().filter_map(|id| wire.session.awaited(Side::Client, id));
        let mut lost: Vec<(Option<String>, Entered)> =
            taken.filter_map(Awaited::call).map(|call| (None, call)).collect();
        lost.append(&mut without_id);
        return leave_all(wire, lost, Outcome::Unknown, "the server closed its input");
    }
    for (_, entered) in without_id {
        let ended = Ended::new(Outcome::Unknown).because("sent without an id: no reply tells how it ended");
        gate.leave_soon(entered, ended);
    }
    tell(wire, line, after);
}

fn tell(wire: &Wire, line: &[u8], after: &[After]) {
    for told in after {
        match told {
            After::Cancel(id) => wire.session.cancel(Side::Client, id),
            After::Reply(index) => {
                if let Some(message) = messages(line).get(*index) {
                    wire.session.reply(Side::Server, message);
                }
            }
        }
    }
}

/// Answers a line of which something was refused: every request in it gets its answer.
fn refuse(wire: &Wire, line: &[u8], refused: &[(usize, Refused)]) {
    let messages = messages(line);
    let is_batch = bare(line).trim_ascii_start().starts_with(b"[");
    let answers = messages.iter().enumerate().filter_map(|(index, message)| {
        wire.session.count_refused();
        match refused.iter().find(|(at, _)| *at == index) {
            Some((_, refused)) => answer::refusal(message, refused),
            None => message.method.as_ref().and(message.id).map(answer::batch_mate),
        }
    });
    let answers: Vec<Vec<u8>> = answers.collect();
    if answers.is_empty() {
        return;
    }
    let mut out = if is_batch { answer::batch(&answers) } else { answers.concat() };
    out.push(b'\n');
    wire.answer(&out);
}

fn leave_all(wire: &Wire, entered: Vec<(Option<String>, Entered)>, outcome: Outcome, why: &str) {
    for (_, entered) in entered {
        wire.session.gate.leave_soon(entered, Ended::new(outcome).because(why));
    }
}

pub(super) fn messages(line: &[u8]) -> Vec<Message<'_>> {
    match peek(bare(line), false) {
        Ok(Peek::One(message)) => vec![message],
        Ok(Peek::Batch(messages)) => messages,
        _ => Vec::new(),
    }
}
