//! How operations went: counts, rates and durations, each where there is anything to count.

use std::collections::BTreeMap;

use sealbook_record::{COMPENSATION_PREFIX, OperationStatus, Outcome, Phase, Record};

use crate::{Error, Ledger, Operation, Query};

/// Durations of one group that are kept for its median; beyond these it is that of the newest.
const DURATIONS_MAX: usize = 1_000_000;

/// What operations are put together by: a word of the intent that began them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TallyBy {
    /// What was done.
    Action,
    /// What sort of action it was.
    Category,
    /// Who did it.
    Actor,
    /// To what it was done.
    Target,
    /// Its labels: an operation counts under each.
    Tag,
}

/// How a group of operations went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationTally {
    /// How many there are of each status.
    pub statuses: BTreeMap<OperationStatus, u64>,
    /// How long those took that went well and say so, in microseconds.
    durations_us: Vec<u64>,
    sum_us: u128,
    count: u64,
    least_us: Option<u64>,
    most_us: Option<u64>,
}

/// How operations went, by group and all together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationTallies {
    /// Each group under its word; operations whose words were erased under none.
    pub groups: BTreeMap<Option<String>, OperationTally>,
    /// All of them.
    pub all: OperationTally,
}

impl OperationTally {
    /// Counts one.
    pub fn add(&mut self, operation: &Operation) {
        *self.statuses.entry(operation.status).or_default() += 1;
        if operation.status == OperationStatus::Ok
            && let Some(us) = operation.duration_us()
        {
            self.sum_us += u128::from(us);
            self.count += 1;
            self.least_us = Some(self.least_us.map_or(us, |least| least.min(us)));
            self.most_us = Some(self.most_us.map_or(us, |most| most.max(us)));
            if self.durations_us.len() < DURATIONS_MAX {
                self.durations_us.push(us);
            }
        }
    }

    /// How many operations there are.
    pub fn total(&self) -> u64 {
        self.statuses.values().sum()
    }

    /// Which part of those that ended well or badly ended well, from 0 to 1; `None` where none has.
    pub fn success_rate(&self) -> Option<f64> {
        let of = |status: &OperationStatus| self.statuses.get(status).copied().unwrap_or_default();
        let well = of(&OperationStatus::Ok) + of(&OperationStatus::Compensated);
        let ended = well + of(&OperationStatus::Failed) + of(&OperationStatus::CompensationFailed);
        (ended > 0).then(|| well as f64 / ended as f64)
    }

    /// How many of those that went well say how long they took.
    pub const fn timed(&self) -> u64 {
        self.count
    }

    /// How long those that went well took on average, in milliseconds; `None` where none says.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_us as f64 / self.count as f64 / 1_000.0)
    }

    /// How long half of them took at most, in milliseconds.
    pub fn median_ms(&self) -> Option<f64> {
        let mut sorted = self.durations_us.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len().saturating_sub(1) / 2).map(|us| *us as f64 / 1_000.0)
    }

    /// The shortest, in milliseconds.
    pub fn least_ms(&self) -> Option<f64> {
        self.least_us.map(|us| us as f64 / 1_000.0)
    }

    /// The longest, in milliseconds.
    pub fn most_ms(&self) -> Option<f64> {
        self.most_us.map(|us| us as f64 / 1_000.0)
    }
}

impl Operation {
    /// How long its steps took that went well, undo left out; `None` where none says.
    pub fn duration_us(&self) -> Option<u64> {
        let records = self.records.iter().filter_map(|stored| stored.record.as_ref());
        let is_well = |record: &&Record| {
            record.phase == Phase::Outcome
                && record.outcome == Some(Outcome::Ok)
                && !record.action.starts_with(COMPENSATION_PREFIX)
        };
        records.filter(is_well).filter_map(|record| record.duration_us).reduce(u64::saturating_add)
    }

    /// The intent that began it, unless its words were erased.
    pub fn intent(&self) -> Option<&Record> {
        let mut records = self.records.iter().filter_map(|stored| stored.record.as_ref());
        records.find(|record| record.phase == Phase::Intent)
    }
}

impl Ledger {
    /// How the operations went that the query's intents belong to.
    pub fn tally_operations(&self, query: &Query, by: TallyBy) -> Result<OperationTallies, Error> {
        let mut tallies = OperationTallies::default();
        self.each_operation(query, &mut |operation| {
            tallies.all.add(&operation);
            for word in words(&operation, by) {
                tallies.groups.entry(word).or_default().add(&operation);
            }
            Ok(true)
        })?;
        Ok(tallies)
    }
}

fn words(operation: &Operation, by: TallyBy) -> Vec<Option<String>> {
    let Some(intent) = operation.intent() else { return vec![None] };
    let word = match by {
        TallyBy::Action => intent.action.clone(),
        TallyBy::Category => intent.category.to_string(),
        TallyBy::Actor => intent.actor.id.clone(),
        TallyBy::Target => intent.target.id.clone(),
        TallyBy::Tag => return intent.tags.iter().cloned().map(Some).collect(),
    };
    vec![Some(word)]
}
