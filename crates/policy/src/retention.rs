//! How long what a rule fits is to be kept, and what a legal hold keeps longer.
//!
//! The longest retention that applies wins, and a hold wins over all. Of a record that no rule with a retention
//! fits, nothing is said: it is kept.

use std::collections::HashSet;

use sealbook_ledger::Hash;
use sealbook_record::{Record, Timestamp, Uuid};

use crate::{HeldRule, RuleSet};

/// Who keeps a record until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The rule that keeps it longest.
    pub rule: String,
    /// For how many years.
    pub years: u32,
    /// Until then; from then on it may be erased.
    pub until: Timestamp,
}

impl Kept {
    /// The longest retention of a sealed record, counted from `since`: of the rules that it hit when it was judged,
    /// whether they are enabled still or not, and of those that hold now and fit what is stored of it.
    pub fn of(record: &Record, since: Timestamp, held: &[HeldRule], now_holding: &RuleSet) -> Option<Self> {
        let hit: HashSet<String> = record.violations().unwrap_or_default().into_iter().map(|hit| hit.rule).collect();
        let verdict = now_holding.evaluate(record);
        let applies = |id: &str| hit.contains(id) || verdict.hits().iter().any(|now| now.rule == id);
        let kept = held.iter().map(HeldRule::rule).filter(|rule| applies(&rule.id));
        let (years, rule) = kept.filter_map(|rule| Some((rule.retention_years?, &rule.id))).max()?;
        Some(Self { rule: rule.clone(), years, until: since.plus_years(years) })
    }
}

/// The actions of holds; records of them stay.
pub const HOLD_ACTIONS: &[&str] = &[HOLD, RELEASE];
const HOLD: &str = "retention.hold";
const RELEASE: &str = "retention.release";
/// The target of a hold on everything.
pub const HOLD_ALL: &str = "all";

/// What is held, as a fold over the records of [`HOLD_ACTIONS`] in their order.
#[derive(Debug, Clone, Default)]
pub struct Holds {
    /// Ids of records and operations as texts, or [`HOLD_ALL`].
    held: HashSet<String>,
}

impl Holds {
    /// The next record. Anyone may hold; `approver` is whose signature it bears, and only an approver releases.
    pub fn push(&mut self, record: &Record, approver: Option<Hash>) {
        match record.action.as_str() {
            HOLD => drop(self.held.insert(record.target.id.clone())),
            RELEASE if approver.is_some() => drop(self.held.remove(&record.target.id)),
            _ => {}
        }
    }

    /// Whether a record is held: itself, with its operation, or with everything.
    pub fn cover(&self, id: Uuid, operation: Option<Uuid>) -> bool {
        let is_held = |id: Uuid| self.held.contains(&id.to_string());
        self.held.contains(HOLD_ALL) || is_held(id) || operation.is_some_and(is_held)
    }

    /// Everything that is named by a hold.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        self.held.iter().map(String::as_str)
    }
}
