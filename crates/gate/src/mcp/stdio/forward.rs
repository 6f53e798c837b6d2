//! Carries out what was judged: waits for the seal, then forwards, or answers in the server's place.

use sealbook_record::Outcome;

use super::Wire;
use crate::mcp::judge::{After, Before};
use crate::mcp::lines::bare;
use crate::mcp::session::{Awaited, Side};
use crate::mcp::settle::{self, Calls, Settled};

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

impl Step {
    /// Whether carrying it out waits for no disk.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Forward { before, .. } => before.iter().all(Before::is_ready),
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
    let session = &wire.session;
    let Settled { entered, expected, refused } = settle::settle(before);
    if !refused.is_empty() {
        let why = "another call of its batch was refused; it was not forwarded";
        settle::leave_all(session, entered, Outcome::Cancelled, why);
        if let Some(mut answers) = settle::answers(session, bare(line), &refused) {
            answers.push(b'\n');
            wire.answer(&answers);
        }
        return;
    }
    if wire.queue.is_closed() {
        let why = "the server had ended; it was not forwarded";
        return settle::leave_all(session, entered, Outcome::Cancelled, why);
    }
    let (ids, mut without_id) = settle::expect(session, entered, expected);
    if !wire.send(line) {
        // Part of it may have arrived.
        let taken = ids.iter().filter_map(|id| session.awaited(Side::Client, id));
        let mut lost: Calls = taken.filter_map(Awaited::call).map(|call| (None, call)).collect();
        lost.append(&mut without_id);
        return settle::leave_all(session, lost, Outcome::Unknown, "the server closed its input");
    }
    let why = "sent without an id: no reply tells how it ended";
    settle::leave_all(session, without_id, Outcome::Unknown, why);
    settle::tell(session, bare(line), after);
}
