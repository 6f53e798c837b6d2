//! What holds now: rules, stops, approvals and alerts, as a pure fold over sealed records.
//!
//! Whoever keeps a [`State`] feeds it every record whose action is one of [`State::ACTIONS`], in the order of
//! sealing, and says whose approver signature each bears. What needs an approver and bears none changes nothing:
//! it is counted, and its place kept, so that a book in which somebody tried says so.

mod alerts;
mod approvals;
mod rules;
mod standing;
mod stop;

use std::sync::Arc;

use sealbook_ledger::Hash;
use sealbook_record::{Record, Timestamp};

pub use alerts::{Alert, Alerts, alert_about};
pub use approvals::{Approval, ApprovalState, Approvals, Call, Choice, Conditions, Decided, Yes};
pub use rules::HeldRule;
pub use standing::{PIN_ACTION, Standing, Tallies, Tally};
pub use stop::{Stop, StopKind, StopScope};

use crate::RuleSet;
use rules::Rules;

/// Places of refused changes that are kept.
const REFUSED_KEPT: usize = 1_000;

/// What holds now.
#[derive(Debug, Clone)]
pub struct State {
    /// The sequence number from which on records are wanted.
    next_seq: u64,
    /// The records of each sort that it wants, in the first so many of the ledger.
    counted: (u64, Tallies),
    /// Whether what is over is kept too.
    keeps_history: bool,
    rules: Rules,
    stops: Vec<Stop>,
    approvals: Approvals,
    alerts: Alerts,
    refused: Vec<(u64, &'static str)>,
}

impl State {
    /// The actions that change it. Only the gate and the commands that are made for them write these.
    pub const ACTIONS: &'static [&'static str] = &[
        "alert.assigned",
        "alert.raised",
        "alert.resolved",
        "approval.decided",
        "approval.elicited",
        "approval.requested",
        "approval.used",
        "rule.add",
        "rule.disable",
        "rule.enable",
        "stop.lift",
        "stop.set",
    ];

    /// The state of an empty book: the built-in rules, and nothing else.
    ///
    /// It is what a gate needs, and does not grow while the gate runs for years: approvals that are over are
    /// forgotten, and alerts, which decide nothing, are not followed.
    pub fn new() -> Self {
        Self {
            next_seq: 0,
            counted: Default::default(),
            keeps_history: false,
            rules: Rules::builtin(),
            stops: Vec::new(),
            approvals: Approvals::default(),
            alerts: Alerts::default(),
            refused: Vec::new(),
        }
    }

    /// As [`State::new`]; alerts are followed, and what is over is kept, for those who list it.
    #[must_use]
    pub fn with_history() -> Self {
        Self { keeps_history: true, ..Self::new() }
    }

    /// Guards the directories in which the book, its keys and its heads lie by a built-in rule, whatever they are
    /// called. Done before the first record, so that an approver can disable that rule too. `variables` are
    /// `NAME=/directory`, `HOME` and its like: paths may begin with their names.
    pub fn guard(&mut self, places: &[String], variables: &[String]) {
        self.rules.guard(places, variables);
    }

    /// The next record of one of the actions. `sealed` is when it was sealed; `approver` the fingerprint of the
    /// approver key whose signature over it holds, where one does.
    pub fn push(&mut self, seq: u64, sealed: Timestamp, record: &Record, approver: Option<Hash>) {
        if seq < self.next_seq {
            return;
        }
        self.next_seq = seq + 1;
        if !self.wants(&record.action) {
            return;
        }
        let done = match record.action.as_str() {
            "alert.raised" => self.alerts.raise(seq, sealed, record),
            "alert.assigned" => self.alerts.assign(record),
            "alert.resolved" => self.alerts.resolve(record),
            "approval.requested" => self.approvals.request(seq, record),
            "approval.decided" => self.approvals.decide(sealed, record, approver),
            "approval.elicited" => self.approvals.elicited(sealed, record),
            "approval.used" => self.approvals.use_up(sealed, record),
            "rule.add" => self.rules.add(seq, record, approver),
            "rule.disable" => self.rules.switch(record, false, approver),
            "rule.enable" => self.rules.switch(record, true, approver),
            "stop.set" => {
                stop::set(&mut self.stops, seq, sealed, record);
                Ok(())
            }
            "stop.lift" => stop::lift(&mut self.stops, record, approver),
            _ => Ok(()),
        };
        if let Err(why) = done
            && self.refused.len() < REFUSED_KEPT
        {
            self.refused.push((seq, why));
        }
        if !self.keeps_history {
            self.approvals.forget_before(sealed);
        }
    }

    /// What comes next is of a ledger that goes on from the one that was read: rules, stops and alerts hold on.
    /// Approvals do not, since what was lost in between might have used them; places of the ledger before are
    /// none of this one.
    pub fn begin_ledger(&mut self) {
        self.next_seq = 0;
        self.counted = Default::default();
        self.approvals = Approvals::default();
        self.refused.clear();
    }

    fn wants(&self, action: &str) -> bool {
        self.keeps_history || !action.starts_with("alert.")
    }

    /// The sorts of records that it wants to see.
    pub fn sorts(&self) -> &'static [Standing] {
        if self.keeps_history { &[Standing::Decision, Standing::Alert] } else { &[Standing::Decision] }
    }

    /// Up to where the records that it wants were counted, and what they came to: for whoever feeds it.
    pub fn counted(&self) -> (u64, Tallies) {
        self.counted
    }

    /// They were counted up to `size`, and it was given all of them.
    pub fn count(&mut self, size: u64, tallies: Tallies) {
        self.counted = (size, tallies);
        self.seen_to(size);
    }

    /// The sequence number from which on records are wanted.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Nothing before `seq` is wanted any more.
    pub fn seen_to(&mut self, seq: u64) {
        self.next_seq = self.next_seq.max(seq);
    }

    /// The rules that hold, the built-in ones among them.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.rules.set()
    }

    /// Every rule that was ever added and the built-in ones, with what became of it.
    pub fn held_rules(&self) -> &[HeldRule] {
        self.rules.held()
    }

    /// The stop that an action runs into, if any.
    pub fn stopped(&self, record: &Record) -> Option<&Stop> {
        self.stops.iter().find(|stop| stop.scope.covers(record))
    }

    /// Every stop that is set.
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// What waits for a person, and what they said.
    pub fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// What a person must look at.
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// Records that asked for a change and made none, and why: unsigned approvals, resumes and rules among them.
    pub fn refused(&self) -> &[(u64, &'static str)] {
        &self.refused
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// Said of what needs an approver and has none.
const UNSIGNED: &str = "it bears no approver's signature";
const UNREADABLE: &str = "its content cannot be read";
const UNKNOWN: &str = "it names nothing that is known";
