//! What the tools work on: a book, what holds in it now, and where they may look.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_flow::Reviewer;
use sealbook_flow::workflow::Equipment;
use sealbook_gate::{Gate, GateOptions};
use sealbook_ledger::Origin;
use sealbook_policy::{Policy, Raw, State};
use sealbook_record::{Actor, Category, Outcome, Record, Target, TimeZone, Timestamp, parse_time};
use sealbook_store::{Ledger, Sealed};

use super::Roots;
use crate::Error;

/// What a server is set up with.
pub struct Setup {
    /// The book.
    pub ledger: Arc<Ledger>,
    /// What it lets in. The book's own rules are added, and kept up with.
    pub policy: Policy,
    /// The ledger that should lie there, where that is known.
    pub expected: Option<Origin>,
    /// Options that name the book and the tenant in commands that people are told, with a blank before each.
    pub naming: String,
    /// The project around the book.
    pub project: Option<String>,
    /// Where tools may look.
    pub roots: Roots,
    /// The zone in which dates without one are meant.
    pub zone: TimeZone,
    /// Who started the server.
    pub started_by: Actor,
    /// Whether agents may resolve alerts. A person who starts the server says so.
    pub agents_resolve: bool,
    /// Who reviews actions, where a model is configured.
    pub reviewer: Option<Reviewer>,
    /// The domain of reviews that name none.
    pub domain: Option<String>,
    /// What composes and runs workflows; nothing where that is off.
    pub workflows: Option<Workflows>,
}

/// What composes and runs workflows.
pub struct Workflows {
    /// The workflows of the book, and what their runs need.
    pub equipment: Equipment,
    /// Whether they are drawn.
    pub diagrams: bool,
    /// How long a run lasts at most, whatever its workflow says.
    pub seconds_max: Option<u64>,
}

/// What every tool works on. Shared by all calls.
pub struct Desk {
    pub(crate) setup: Setup,
    pub(crate) gate: Gate,
    state: Mutex<State>,
}

impl Desk {
    /// Errors: the book cannot be read.
    pub fn new(setup: Setup) -> Result<Self, Error> {
        let policy = setup.policy.judging_by(Arc::clone(setup.policy.rules()));
        let gate = Gate::new(Arc::clone(&setup.ledger), policy, GateOptions::default())?.spoken_of_as(&setup.naming);
        Ok(Self { setup, gate, state: Mutex::new(State::with_history()) })
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.setup.ledger
    }

    /// A command as a person types it anywhere: it names the book.
    pub(crate) fn command(&self, words: &str) -> String {
        format!("sealbook {words}{}", self.setup.naming)
    }

    /// What holds now. Nothing may be sealed while it is held.
    pub(crate) fn state(&self) -> Result<MutexGuard<'_, State>, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.setup.ledger.bring_up(&mut state)?;
        Ok(state)
    }

    /// What the book lets in now.
    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        let rules = self.state()?.rules();
        Ok(self.setup.policy.judging_by(rules))
    }

    /// A time as it was given: epoch seconds, a date, a phrase, RFC 3339.
    pub(crate) fn time(&self, field: &str, given: &str) -> Result<Timestamp, Error> {
        let read = parse_time(given, self.setup.ledger.now(), &self.setup.zone);
        read.map_err(|cause| Error::Arguments { why: format!("`{field}`: {cause}") })
    }

    /// A record of something that is done to the book, by whoever calls.
    pub(crate) fn event(&self, actor: &Actor, action: &str, target: Target) -> Record {
        let ledger = self.ledger();
        let mut record = Record::event(ledger.next_id(), actor.clone(), action, target, ledger.now());
        ledger.tenant().clone_into(&mut record.tenant);
        record.category = Category::Administration;
        record.outcome = Some(Outcome::Ok);
        record.project.clone_from(&self.setup.project);
        "sealbook-mcp".clone_into(&mut record.source);
        record
    }

    /// Seals it with the alerts that it raises; an error where it changes nothing.
    pub(crate) fn seal(&self, record: Record) -> Result<Sealed, Error> {
        let policy = self.policy()?;
        let judged = policy.admit(Raw::new(record))?;
        let mut all = vec![judged];
        for alert in all[0].alerts() {
            all.push(policy.admit(alert)?);
        }
        let mut answers = self.ledger().append(all)?.into_iter();
        let sealed = answers.next().expect("one answer for each record")?;
        answers.try_for_each(|alert| alert.map(drop))?;
        match self.state()?.refused().iter().find(|(seq, _)| *seq == sealed.seq) {
            Some((seq, why)) => Err(Error::WithoutEffect { seq: *seq, why }),
            None => Ok(sealed),
        }
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("roots", &self.setup.roots).finish_non_exhaustive()
    }
}
