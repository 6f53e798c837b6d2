//! What holds now: rules, stops, approvals and alerts, as a pure fold over sealed records.
//!
//! Whoever keeps a [`State`] feeds it every record whose action is one of [`State::ACTIONS`], in the order of
//! sealing, and says whose approver signature each bears. What needs an approver and bears none changes nothing.

mod alerts;
mod approvals;
mod stop;

use std::sync::Arc;

use sealbook_ledger::Hash;
use sealbook_record::{Record, Timestamp};

pub use alerts::{Alert, Alerts};
pub use approvals::{Approval, Approvals, Call, Choice};
pub use stop::{Stop, StopKind, StopScope};

use crate::RuleSet;

/// What holds now.
#[derive(Debug, Clone)]
pub struct State {
    /// The sequence number from which on records are wanted.
    next_seq: u64,
    rules: Arc<RuleSet>,
    stops: Vec<Stop>,
    approvals: Approvals,
    alerts: Alerts,
}

impl State {
    /// The actions that change it. Nobody but the gate and the commands made for them may write these.
    pub const ACTIONS: &'static [&'static str] = &[
        "alert.assigned",
        "alert.raised",
        "alert.resolved",
        "approval.decided",
        "approval.requested",
        "approval.used",
        "rule.add",
        "rule.disable",
        "rule.enable",
        "stop.lift",
        "stop.set",
    ];

    /// The state of an empty book: the built-in rules, and nothing else.
    pub fn new() -> Self {
        Self {
            next_seq: 0,
            rules: Arc::new(RuleSet::builtin()),
            stops: Vec::new(),
            approvals: Approvals::default(),
            alerts: Alerts::default(),
        }
    }

    /// The next record of one of the actions. `sealed` is when it was sealed; `approver` the fingerprint of the
    /// approver key whose signature over it holds, where one does.
    pub fn push(&mut self, seq: u64, sealed: Timestamp, record: &Record, approver: Option<Hash>) {
        let _ = (sealed, record, approver);
        self.next_seq = self.next_seq.max(seq + 1);
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
        Arc::clone(&self.rules)
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
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}
