//! How calls went: how often they fail and with what, how long they take, whether what they call is there, and what
//! of that is unusual beside the time before.

mod errors;
mod tally;
mod unusual;

use std::collections::BTreeMap;

use sealbook_ledger::Phase;
use sealbook_record::{Category, Record, TargetKind, Timestamp};

use crate::{Error, Ledger, Query};
pub use errors::ErrorPattern;
use errors::Errors;
use tally::Tallies;
pub use tally::{Resource, Tally};
pub use unusual::{Unusual, UnusualKind};

/// Actions and targets that are told apart; the rest is one.
const GROUPS_MAX: usize = 1_000;
/// What the rest is called.
const OTHERS: &str = "(others)";

/// How the calls of a time went, beside those of the time before.
#[derive(Debug, Clone)]
pub struct Health {
    /// The time that is looked at.
    pub period: (Timestamp, Timestamp),
    /// Since when it is compared with what was before.
    pub compared_since: Timestamp,
    /// All calls together.
    pub total: Group,
    /// By action and target, those that fail most first.
    pub groups: Vec<Group>,
    /// What errors say, the most frequent first.
    pub errors: Vec<ErrorPattern>,
    /// Figures that records of performance and health carry.
    pub resources: Vec<Resource>,
    /// What a person should look at, the gravest first.
    pub unusual: Vec<Unusual>,
}

/// The calls of one action to one target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// The action.
    pub action: String,
    /// The tool or service; empty where the action alone counts.
    pub target: String,
    /// In the period.
    pub now: Tally,
    /// In the time before.
    pub before: Tally,
}

impl Ledger {
    /// How the calls since `since` went, beside those from `compared_since` to there.
    pub fn health(&self, compared_since: Timestamp, since: Timestamp, until: Timestamp) -> Result<Health, Error> {
        let query = Query { since: Some(compared_since), until: Some(until), ascending: true, ..Query::default() };
        let mut health = Adding::default();
        self.each_match(&query, &mut |stored| {
            if let Some(record) = &stored.record {
                health.add(record, record.occurred >= since);
            }
            Ok(true)
        })?;
        Ok(health.finish(compared_since, since, until))
    }
}

/// What was added up so far. Its size is bounded.
#[derive(Default)]
struct Adding {
    groups: BTreeMap<(String, String), Pair>,
    total: Pair,
    errors: Errors,
    resources: tally::Resources,
}

/// Of the period, and of the time before.
#[derive(Default)]
struct Pair {
    now: Tallies,
    before: Tallies,
}

impl Pair {
    fn of(&mut self, is_now: bool) -> &mut Tallies {
        if is_now { &mut self.now } else { &mut self.before }
    }

    fn told(&self, action: &str, target: &str) -> Group {
        Group { action: action.to_owned(), target: target.to_owned(), now: self.now.told(), before: self.before.told() }
    }
}

impl Adding {
    fn add(&mut self, record: &Record, is_now: bool) {
        if matches!(record.category, Category::Performance | Category::HealthCheck) {
            self.resources.add(record, is_now);
        }
        // An intent is no end, and an event without an outcome tells of none.
        if record.phase == Phase::Intent || record.outcome.is_none() {
            return;
        }
        let key = self.key(record);
        self.groups.entry(key).or_default().of(is_now).add(record);
        self.total.of(is_now).add(record);
        self.errors.add(record, is_now);
    }

    fn key(&self, record: &Record) -> (String, String) {
        let is_named = matches!(record.target.kind, TargetKind::Tool | TargetKind::Service);
        let target = if is_named { record.target.id.clone() } else { String::new() };
        let key = (record.action.clone(), target);
        if self.groups.len() < GROUPS_MAX || self.groups.contains_key(&key) {
            return key;
        }
        (OTHERS.to_owned(), String::new())
    }

    fn finish(self, compared_since: Timestamp, since: Timestamp, until: Timestamp) -> Health {
        let mut groups: Vec<Group> =
            self.groups.iter().map(|((action, target), pair)| pair.told(action, target)).collect();
        groups.sort_by(|one, other| {
            let weight = |group: &Group| (group.now.failures(), group.now.tried);
            weight(other)
                .cmp(&weight(one))
                .then_with(|| (&one.action, &one.target).cmp(&(&other.action, &other.target)))
        });
        let mut health = Health {
            period: (since, until),
            compared_since,
            total: self.total.told("", ""),
            groups,
            errors: self.errors.told(),
            resources: self.resources.told(),
            unusual: Vec::new(),
        };
        health.unusual = unusual::look(&health);
        health
    }
}
