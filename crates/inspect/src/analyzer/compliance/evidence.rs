//! What a book holds, by sorts of evidence: a fold over its records.

use std::collections::BTreeMap;

use sealbook_ledger::Phase;
use sealbook_record::{Actor, Category, Outcome, PartName, Record, TargetKind};

use super::places::Places;
use crate::source::ComplianceOptions;
use crate::source::trail::{ACTION as TRAIL, TrailFacts};

/// A sort of evidence that records are counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Calls,
    Who,
    Authenticated,
    Inputs,
    Results,
    Endings,
    Reasons,
    Sessions,
    Models,
    Approvals,
    Stops,
    Rules,
    Blocked,
    Alerts,
    Handled,
    Reviews,
    Config,
    Administration,
    Access,
    Credentials,
    Audits,
    Logs,
    Retention,
    Captures,
    Synchronised,
}

/// Of so many records, so many are evidence.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) of: u64,
    pub(super) have: u64,
    pub(super) places: Places,
}

/// The evidence of a book.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    tallies: BTreeMap<Sort, Tally>,
    facts: Option<(u64, TrailFacts)>,
    held: u64,
}

impl Evidence {
    pub(super) fn tally(&self, sort: Sort) -> Tally {
        self.tallies.get(&sort).cloned().unwrap_or_default()
    }

    /// What was measured of the book; none where nobody handed it in.
    pub(super) fn facts(&self) -> Option<&TrailFacts> {
        self.facts.as_ref().map(|(_, facts)| facts)
    }

    /// How many records tell of something other than the book: what a seal is worth something for.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// The record that says so.
    pub(super) fn facts_at(&self) -> Option<u64> {
        self.facts.as_ref().map(|(seq, _)| *seq)
    }

    /// The next record. The newest facts count; all else only where it happened in the time that is asked about.
    pub(super) fn push(&mut self, seq: u64, record: &Record, options: &ComplianceOptions) {
        if record.action == TRAIL {
            let facts = record.part(PartName::Result).and_then(|part| serde_json::from_str(part.get()).ok());
            self.facts = facts.map(|facts| (seq, facts)).or(self.facts.take());
            return;
        }
        if !options.covers(record.occurred) {
            return;
        }
        self.held += u64::from(!is_of_the_book(record));
        self.push_action(seq, record);
        self.push_category(seq, record);
        if is_own(record) {
            return;
        }
        let named = !(record.actor_unknown() && record.actor.id == Actor::UNKNOWN);
        self.count(Sort::Who, seq, named);
        if record.outcome == Some(Outcome::Blocked) {
            self.count(Sort::Blocked, seq, true);
        }
        if record.retention.is_some() {
            self.count(Sort::Retention, seq, true);
        }
        match record.phase {
            Phase::Intent => self.push_call(seq, record),
            Phase::Outcome => {
                let says = |part| record.part(part).is_some();
                let told = says(PartName::Result) || says(PartName::Error) || says(PartName::After);
                self.count(Sort::Results, seq, told);
                let ended = record.outcome.is_some_and(|outcome| outcome != Outcome::Unknown);
                self.count(Sort::Endings, seq, ended);
            }
            Phase::Event => {}
        }
    }

    /// A call that was announced before it was made.
    fn push_call(&mut self, seq: u64, record: &Record) {
        self.count(Sort::Calls, seq, true);
        self.count(Sort::Inputs, seq, record.part(PartName::Input).is_some());
        self.count(Sort::Authenticated, seq, record.actor.verified.is_some());
        self.count(Sort::Sessions, seq, record.session.is_some());
        self.count(Sort::Reasons, seq, record.reason.is_some());
    }

    fn push_action(&mut self, seq: u64, record: &Record) {
        let action = record.action.as_str();
        let is_done = record.phase != Phase::Intent;
        let sort = match action {
            "approval.decided" => Sort::Approvals,
            "stop.set" | "stop.lift" => Sort::Stops,
            "alert.raised" => Sort::Alerts,
            "alert.resolved" | "alert.assigned" => Sort::Handled,
            "policy.review" | "status.changed" => Sort::Reviews,
            "clock.compared" => {
                self.count(Sort::Synchronised, seq, record.outcome == Some(Outcome::Ok));
                return;
            }
            "capture.open" | "capture.close" | "capture.gap" => Sort::Captures,
            "audit.run" if is_done && record.outcome == Some(Outcome::Ok) => Sort::Audits,
            _ if action.starts_with("rule.") => Sort::Rules,
            _ if action.starts_with("retention.") => Sort::Retention,
            _ if action.starts_with("key.") => Sort::Credentials,
            _ if matches!(record.source.as_str(), "log" | "service") => Sort::Logs,
            _ => return,
        };
        self.count(sort, seq, true);
        // Whoever decided or closed something looked at it.
        if matches!(sort, Sort::Approvals | Sort::Handled) {
            self.count(Sort::Reviews, seq, true);
        }
        if matches!(sort, Sort::Approvals | Sort::Stops | Sort::Rules | Sort::Retention | Sort::Credentials) {
            self.count(Sort::Administration, seq, true);
        }
        if sort == Sort::Rules {
            self.count(Sort::Config, seq, true);
        }
    }

    fn push_category(&mut self, seq: u64, record: &Record) {
        if record.phase == Phase::Intent && record.category != Category::LlmRequest {
            return;
        }
        let sort = match record.category {
            Category::LlmRequest => {
                self.count(Sort::Models, seq, record.target.kind == TargetKind::Model && !record.target.id.is_empty());
                return;
            }
            Category::ConfigChange => Sort::Config,
            Category::Administration if !is_own(record) => Sort::Administration,
            Category::FileRead | Category::DataAccess | Category::AccessAttempt => Sort::Access,
            Category::CredentialAccess | Category::CredentialCreate | Category::CredentialDelete => Sort::Credentials,
            _ => return,
        };
        self.count(sort, seq, true);
    }

    fn count(&mut self, sort: Sort, seq: u64, is: bool) {
        let tally = self.tallies.entry(sort).or_default();
        tally.of += 1;
        if is {
            tally.have += 1;
            tally.places.push(seq);
        }
    }
}

/// What a book writes of its own accord: keys, and that it was looked at.
fn is_of_the_book(record: &Record) -> bool {
    record.action.starts_with("key.") || matches!(record.source.as_str(), "trail" | "collector")
}

/// What a book, its rules and its audits say of themselves is no call of anybody's.
fn is_own(record: &Record) -> bool {
    matches!(record.category, Category::Audit | Category::Administration)
        || ["alert.", "approval.", "capture.", "rule.", "stop.", "retention."]
            .iter()
            .any(|prefix| record.action.starts_with(prefix))
}
