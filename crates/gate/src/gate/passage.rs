//! What a gate answers, and what is given back to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbook_record::{Outcome, PartName, Record, Severity, Timestamp};
use sealbook_store::{Sealed, Ticket};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::Core;
use crate::Error;

/// The gate's answer.
#[derive(Debug)]
pub enum Passage {
    /// It may happen; it must end with [`super::Gate::leave`].
    Entered(Entered),
    /// It must not happen. That is on record already.
    Refused(Refused),
}

/// Something that was announced and is not over.
#[derive(Debug)]
#[must_use = "what entered must leave: an intent without an outcome is a gap"]
pub struct Entered {
    /// The intent without its content, but for which files it tells.
    pub(crate) record: Box<Record>,
    /// Where it was sealed; `None` while it is buffered, and where an open gate let it pass unsealed.
    pub(crate) sealed: Option<Sealed>,
    pub(crate) begun: Timestamp,
    pub(crate) buffered: bool,
    /// The rules whose alerts the intent has raised.
    pub(crate) said: Vec<String>,
}

impl Entered {
    /// The intent's id.
    pub fn id(&self) -> Uuid {
        self.record.id
    }

    /// The operation that intent and outcome share.
    pub fn operation(&self) -> Uuid {
        self.record.operation.unwrap_or(self.record.id)
    }

    /// Where the intent was sealed, if it is.
    pub fn sealed(&self) -> Option<Sealed> {
        self.sealed
    }

    /// The intent's fields, without its content.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Id of the event that says so.
    pub id: Uuid,
    /// Why, as a stable word: `blocked`, `ask`, `stopped`, or the code of the error that closed the gate.
    pub code: &'static str,
    /// The names of the rules that decided.
    pub rules: Vec<String>,
    /// What the caller is told. It names rules and never quotes what was sent.
    pub text: String,
    /// The request for approval under which a person finds it, where one can still say yes.
    pub approval: Option<Uuid>,
    /// Where the event was sealed; `None` where the book could not be written.
    pub sealed: Option<Sealed>,
}

impl Refused {
    pub(crate) fn blocked(id: Uuid, rules: &[String]) -> Self {
        let by = by(rules);
        let text = format!("Blocked by {by}. The call did not run. Record {id}.");
        Self::new(id, "blocked", rules, text)
    }

    /// The review of a model rejects it, or there is none.
    pub(crate) fn reviewed(id: Uuid, rules: &[String], why: &str) -> Self {
        let text =
            format!("Blocked by the policy review that {} wants: {why}. The call did not run. Record {id}.", by(rules));
        Self::new(id, "review_rejected", rules, text)
    }

    /// A person said no.
    pub(crate) fn denied(id: Uuid, rules: &[String], approval: Uuid) -> Self {
        let text = format!("Held by {}, and a person said no. The call did not run. Request {approval}.", by(rules));
        Self::new(id, "denied", rules, text)
    }

    fn new(id: Uuid, code: &'static str, rules: &[String], text: String) -> Self {
        Self { id, code, rules: rules.to_vec(), text, approval: None, sealed: None }
    }

    /// A person must be asked.
    pub(crate) fn held(id: Uuid, rules: &[String], approval: Uuid, command: &str) -> Self {
        let by = by(rules);
        let text = format!(
            "Held by {by}: a person must approve this call first. The call did not run. A person runs `{command}`; then make exactly the same call again."
        );
        Self { approval: Some(approval), ..Self::new(id, "ask", rules, text) }
    }

    pub(crate) fn by_stop(id: Uuid, scope: &str) -> Self {
        let text = format!("Stopped: a person has halted {scope}. The call did not run. Record {id}.");
        Self::new(id, "stopped", &[], text)
    }

    /// It was held, and somebody is gone.
    pub(crate) fn called_off(why: &str) -> Self {
        Self::new(Uuid::nil(), "called_off", &[], format!("Held for a person's approval: {why}. The call did not run."))
    }

    /// Too much is under way.
    pub(crate) fn crowded() -> Self {
        let text = "Refused: too many calls have no reply yet. The call did not run.".to_owned();
        Self::new(Uuid::nil(), "crowded", &[], text)
    }

    /// Another request of the same id has no reply yet.
    pub(crate) fn twin() -> Self {
        let text = "Refused: another request of this id has no reply yet. It was not forwarded.".to_owned();
        Self::new(Uuid::nil(), "id_open", &[], text)
    }

    /// A call whose record is not admitted.
    pub(crate) fn by_error(cause: &Error) -> Self {
        let code = cause.code();
        let text = format!("Refused: the call cannot be recorded ({code}), and such calls do not run. It did not run.");
        Self::new(Uuid::nil(), code, &[], text)
    }

    fn by_failure(id: Uuid, cause: &sealbook_store::Error) -> Self {
        let code = cause.code();
        let text = format!(
            "Refused: the audit book cannot be written ({code}), and calls that cannot be recorded do not run. It did not run."
        );
        Self::new(id, code, &[], text)
    }
}

/// How something ended.
#[derive(Debug)]
pub struct Ended {
    /// In one word.
    pub outcome: Outcome,
    /// Result, error and whatever else is known.
    pub parts: BTreeMap<PartName, Box<RawValue>>,
    /// Why, where that is to be said.
    pub reason: Option<String>,
    /// Further labels.
    pub tags: Vec<String>,
    /// Weight; a warning for everything but `ok` where nothing is said.
    pub severity: Option<Severity>,
}

impl Ended {
    /// It ended so, and nothing else is said.
    pub fn new(outcome: Outcome) -> Self {
        Self { outcome, parts: BTreeMap::new(), reason: None, tags: Vec::new(), severity: None }
    }

    /// The same, with why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same, with content.
    #[must_use]
    pub fn with(mut self, name: PartName, content: Box<RawValue>) -> Self {
        self.parts.insert(name, content);
        self
    }

    /// The same, with a label.
    #[must_use]
    pub fn tagged(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

/// A time during which a gate is held open: announced durably, closed with an outcome.
#[derive(Debug)]
#[must_use = "a capture that is not closed is a gap"]
pub struct Capture(pub(crate) Entered);

/// A call that was judged and whose record is on its way to the disk.
#[must_use = "it is durable only when `wait` has returned"]
pub struct Pending(Kind);

enum Kind {
    Ready(Passage),
    Sealing { core: Arc<Core>, ticket: Result<Ticket, sealbook_store::Error>, entered: Entered, opens: bool },
    Refusing { core: Arc<Core>, ticket: Result<Ticket, sealbook_store::Error>, refused: Refused },
}

impl Pending {
    pub(crate) fn ready(passage: Passage) -> Self {
        Self(Kind::Ready(passage))
    }

    pub(crate) fn sealing(
        core: Arc<Core>,
        ticket: Result<Ticket, sealbook_store::Error>,
        entered: Entered,
        opens: bool,
    ) -> Self {
        Self(Kind::Sealing { core, ticket, entered, opens })
    }

    pub(crate) fn refusing(core: Arc<Core>, ticket: Result<Ticket, sealbook_store::Error>, refused: Refused) -> Self {
        Self(Kind::Refusing { core, ticket, refused })
    }

    /// Whether the answer is known already.
    pub fn is_ready(&self) -> bool {
        matches!(self.0, Kind::Ready(_))
    }

    /// Whether it will be refused, whatever becomes of its record.
    pub fn is_refused(&self) -> bool {
        matches!(self.0, Kind::Refusing { .. } | Kind::Ready(Passage::Refused(_)))
    }

    /// Waits until the record is durable, or the book has refused it.
    pub fn wait(self) -> Result<Passage, Error> {
        Ok(match self.0 {
            Kind::Ready(passage) => passage,
            Kind::Sealing { core, ticket, entered, opens } => {
                let answer = ticket.and_then(Ticket::wait).and_then(first);
                let is_sealed = answer.is_ok();
                let passage = passage(&core, answer, entered, opens);
                if is_sealed {
                    core.close_gap();
                }
                passage
            }
            Kind::Refusing { .. } => Passage::Refused(self.wait_refused()),
        })
    }

    /// As [`Pending::wait`], without keeping a thread. It must be awaited to its end: what is given up on the way
    /// is an intent without an outcome. A gap that is open is closed by the outcome of the call.
    pub async fn settled(self) -> Result<Passage, Error> {
        Ok(match self.0 {
            Kind::Ready(passage) => passage,
            Kind::Sealing { core, ticket, entered, opens } => passage(&core, awaited(ticket).await, entered, opens),
            Kind::Refusing { core, ticket, refused } => Passage::Refused(told(&core, awaited(ticket).await, refused)),
        })
    }

    /// As [`Pending::wait`], for one that is refused.
    pub(crate) fn wait_refused(self) -> Refused {
        match self.0 {
            Kind::Refusing { core, ticket, refused } => {
                let refused = told(&core, ticket.and_then(Ticket::wait).and_then(first), refused);
                if refused.sealed.is_some() {
                    core.close_gap();
                }
                refused
            }
            Kind::Ready(Passage::Refused(refused)) => refused,
            Kind::Ready(Passage::Entered(entered)) | Kind::Sealing { entered, .. } => {
                Refused::blocked(entered.record.id, &[])
            }
        }
    }
}

type Answer = Result<Sealed, sealbook_store::Error>;

/// What the book's answer makes of an intent.
fn passage(core: &Core, answer: Answer, entered: Entered, opens: bool) -> Passage {
    match answer {
        Ok(sealed) => Passage::Entered(Entered { sealed: Some(sealed), ..entered }),
        Err(cause) if opens => {
            core.gap.passed(core.ledger.now(), cause.code());
            Passage::Entered(entered)
        }
        Err(cause) => {
            core.gap.refused(core.ledger.now(), cause.code());
            Passage::Refused(Refused::by_failure(entered.record.id, &cause))
        }
    }
}

/// It is refused all the same; that nobody could write it down is part of the gap.
fn told(core: &Core, answer: Answer, refused: Refused) -> Refused {
    let sealed = answer.map_err(|cause| core.gap.refused(core.ledger.now(), cause.code())).ok();
    Refused { sealed, ..refused }
}

/// Alerts that it raises come after it.
fn first(answers: Vec<Answer>) -> Answer {
    answers.into_iter().next().expect("one answer for each record")
}

async fn awaited(ticket: Result<Ticket, sealbook_store::Error>) -> Answer {
    ticket?.await.and_then(first)
}

fn by(rules: &[String]) -> String {
    match rules {
        [] => "policy".to_owned(),
        [rule] => format!("rule {rule}"),
        _ => format!("rules {}", rules.join(", ")),
    }
}
