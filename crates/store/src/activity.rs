//! What one actor did: totals, kinds, errors, and the patterns in it.

use std::collections::{BTreeMap, BTreeSet};

use sealbook_ledger::Phase;
use sealbook_record::{Outcome, PartName, Timestamp};

use crate::{Error, Ledger, Query};

const DAY_US: i64 = 86_400_000_000;
/// Most common targets that are listed.
const TARGETS_LISTED: usize = 10;

/// An actor's activity over the last days.
#[derive(Debug, Clone)]
pub struct Activity {
    /// Whose.
    pub actor: String,
    /// Over how many days up to now.
    pub days: i64,
    /// Records, intents apart: an action that has an outcome counts once.
    pub total_operations: u64,
    /// How many of each action, most first.
    pub operations_by_type: Vec<(String, u64)>,
    /// Records that failed or carry an error.
    pub errors: u64,
    /// Distinct projects, sorted.
    pub projects_touched: Vec<String>,
    /// `total_operations / days` to two decimals; 0 where `days` is not positive.
    pub average_ops_per_day: f64,
    /// What stands out.
    pub patterns: Patterns,
}

/// Patterns in an actor's activity. All times are UTC.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    /// Operations per hour of the day.
    pub by_hour: [u64; 24],
    /// Operations per day of the week, Monday first.
    pub by_weekday: [u64; 7],
    /// The day with most operations, as days since 1970, and how many.
    pub busiest_day: Option<(i64, u64)>,
    /// Days with at least one operation.
    pub active_days: u64,
    /// Targets that were acted on most, with their counts.
    pub top_targets: Vec<(String, u64)>,
    /// Actions that failed more often than not, with failures and tries; at least three tries.
    pub failing: Vec<(String, u64, u64)>,
    /// The longest time without an operation between two of them, in microseconds.
    pub longest_pause_us: Option<u64>,
    /// Operations outside 06:00 to 20:00 or at a weekend, in percent.
    pub off_hours_percent: f64,
    /// Sessions that took part.
    pub sessions: u64,
}

impl Ledger {
    /// What `actor` did in the `days` up to `now`.
    pub fn activity(&self, actor: &str, days: i64, now: Timestamp) -> Result<Activity, Error> {
        let since = now.as_micros().saturating_sub(days.max(0).saturating_mul(DAY_US));
        let query = Query {
            actor: vec![actor.to_owned()],
            since: Some(Timestamp::from_micros(since)),
            until: Some(now),
            ..Query::default()
        };
        let mut tally = Tally::default();
        self.each_match(&query, &mut |stored| {
            let Some(record) = &stored.record else { return Ok(true) };
            if record.phase == Phase::Intent {
                return Ok(true);
            }
            tally.add(record);
            Ok(true)
        })?;
        Ok(tally.finish(actor, days))
    }
}

#[derive(Default)]
struct Tally {
    total: u64,
    errors: u64,
    actions: BTreeMap<String, (u64, u64)>,
    projects: BTreeSet<String>,
    sessions: BTreeSet<String>,
    targets: BTreeMap<String, u64>,
    days: BTreeMap<i64, u64>,
    times: BTreeMap<i64, u64>,
    patterns: Patterns,
}

impl Tally {
    fn add(&mut self, record: &sealbook_record::Record) {
        let failed =
            record.outcome == Some(Outcome::Failed) || record.part(PartName::Error).is_some_and(|e| e.get() != "null");
        self.total += 1;
        self.errors += u64::from(failed);
        let action = self.actions.entry(record.action.clone()).or_default();
        action.0 += 1;
        action.1 += u64::from(failed);
        self.projects.extend(record.project.clone());
        self.sessions.extend(record.session.clone());
        *self.targets.entry(record.target.id.clone()).or_default() += 1;
        let at = record.occurred.as_micros();
        let day = at.div_euclid(DAY_US);
        let hour = at.rem_euclid(DAY_US) / 3_600_000_000;
        // 1970-01-01 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        *self.days.entry(day).or_default() += 1;
        // Pauses are looked for at the resolution of a second, which bounds what is kept.
        *self.times.entry(at.div_euclid(1_000_000)).or_default() += 1;
        self.patterns.by_hour[hour as usize] += 1;
        self.patterns.by_weekday[weekday as usize] += 1;
        if weekday >= 5 || !(6..20).contains(&hour) {
            self.patterns.off_hours_percent += 1.0;
        }
    }

    fn finish(self, actor: &str, days: i64) -> Activity {
        let Self { total, errors, actions, projects, sessions, targets, days: by_day, times, mut patterns } = self;
        let mut by_type: Vec<_> = actions.iter().map(|(action, (count, _))| (action.clone(), *count)).collect();
        by_type.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut top: Vec<_> = targets.into_iter().collect();
        top.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        top.truncate(TARGETS_LISTED);
        patterns.top_targets = top;
        patterns.failing = actions
            .into_iter()
            .filter(|(_, (tries, failures))| *tries >= 3 && failures * 2 > *tries)
            .map(|(action, (tries, failures))| (action, failures, tries))
            .collect();
        patterns.active_days = by_day.len() as u64;
        patterns.busiest_day = by_day.into_iter().max_by_key(|(day, count)| (*count, -*day));
        patterns.sessions = sessions.len() as u64;
        let seconds: Vec<i64> = times.into_keys().collect();
        patterns.longest_pause_us = seconds.windows(2).map(|w| (w[1] - w[0]) as u64 * 1_000_000).max();
        if total > 0 {
            patterns.off_hours_percent = round2(patterns.off_hours_percent * 100.0 / total as f64);
        }
        let average = if days > 0 { round2(total as f64 / days as f64) } else { 0.0 };
        Activity {
            actor: actor.to_owned(),
            days,
            total_operations: total,
            operations_by_type: by_type,
            errors,
            projects_touched: projects.into_iter().collect(),
            average_ops_per_day: average,
            patterns,
        }
    }
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
