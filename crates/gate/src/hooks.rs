//! Hooks of coding agents: what an agent is about to do comes in as JSON, is judged and sealed like every
//! other call, and is answered in that agent's own form.
//!
//! The contracts are those that the agents publish; `docs/hooks.md` names them. What they have in common:
//! exit code 2 with a reason on standard error refuses, any other failure lets the call go on. So whatever
//! goes wrong here refuses with 2 where the event can be refused, and says so without refusing where it
//! cannot: an agent that may not stop would never end.

mod agent;
mod answer;
mod event;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub mod install;
mod tell;
mod tool;

use sealbook_record::{Classification, Outcome, PartName, Phase, Record};

pub use agent::Agent;
pub use answer::Answer;
pub use event::Event;

use crate::{Error, Gate, Passage};
use agent::Kind;
use answer::Say;

/// What is known of whoever runs the agent.
#[derive(Debug, Clone)]
pub struct Setting {
    /// For whom the agent acts.
    pub on_behalf_of: String,
    /// Who the system says runs it.
    pub verified: Option<String>,
    /// The project around its working directory.
    pub project: Option<String>,
    /// Who may see what is recorded; content of files is kept up to `internal`.
    pub classification: Classification,
}

/// Judges and seals what the event tells, and says what the agent is to be answered.
///
/// Errors: it could not be judged or sealed. The agent is then to be given [`Answer::failed`].
pub fn respond(gate: &Gate, event: &Event, setting: &Setting) -> Result<Answer, Error> {
    let record = tell::record(gate, event, setting);
    let say = match event.kind() {
        Kind::Before => before(gate, event, record)?,
        Kind::Prompt => considered(gate, record)?,
        Kind::After | Kind::Denied => {
            gate.event(ended(event, record))?;
            Say::Pass
        }
        Kind::Told => {
            gate.event(record)?;
            Say::Pass
        }
    };
    Ok(Answer::to(event, &say))
}

/// What is about to happen: an intent, or a refusal.
fn before(gate: &Gate, event: &Event, intent: Record) -> Result<Say, Error> {
    if event.can_ask() {
        return Ok(match gate.enter_or_ask(intent)? {
            (Passage::Entered(_), Some(question)) => Say::Ask(question),
            (Passage::Entered(_), None) => Say::Pass,
            (Passage::Refused(refused), _) => Say::Deny(refused.text),
        });
    }
    Ok(match gate.enter(intent)? {
        Passage::Entered(_) => Say::Pass,
        Passage::Refused(refused) => Say::Deny(refused.text),
    })
}

/// What may be refused and has no end of its own: sealed, or nothing goes on.
fn considered(gate: &Gate, record: Record) -> Result<Say, Error> {
    let id = record.id;
    if let Some(refused) = gate.consider(record, true)? {
        return Ok(Say::Deny(refused.text));
    }
    gate.flush();
    let sealed = gate.ledger().reader()?.by_id(id)?;
    sealed.map(|_| Say::Pass).ok_or(Error::Unsealed)
}

/// The record of how a call ended.
fn ended(event: &Event, mut record: Record) -> Record {
    let outcome = event.outcome();
    record.phase = if event.has_intent() { Phase::Outcome } else { Phase::Event };
    record.outcome = Some(outcome);
    record.duration_us = event.duration_us();
    if outcome != Outcome::Ok {
        record.severity = record.severity.max(sealbook_record::Severity::Warning);
    }
    for (name, part) in [(PartName::Result, event.result()), (PartName::Error, event.error())] {
        if let Some(part) = part {
            record.parts.insert(name, part);
        }
    }
    record
}
