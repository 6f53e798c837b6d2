//! What happened in a book, counted: when, who, what, to which files.
//!
//! Records are pushed one by one and nothing of them is kept but counts and the moments that people look for, so
//! that a book of any length can be told. Counts of names are bounded: what comes after the last that is counted is
//! counted together.

use std::collections::{BTreeMap, HashMap};

use sealbook_inspect::TreePath;
use sealbook_ledger::{LeafType, Phase, Uuid};
use sealbook_policy::Standing;
use sealbook_record::{Category, Outcome, PartName, Record, Severity, TargetKind, Timestamp};
use sealbook_store::Stored;
use serde::Deserialize;

use crate::AuditRun;

/// Different names of one sort that are counted apart.
const NAMES_MAX: usize = 50_000;
/// Moments that are kept, the newest.
const MOMENTS_MAX: usize = 200;
const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;

/// What happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chronicle {
    /// Records that were counted.
    pub records: u64,
    /// Records that could not be read: erased, or altered.
    pub unreadable: u64,
    /// Whether there are older ones that were not counted.
    pub is_cut: bool,
    pub(crate) days: BTreeMap<i64, Day>,
    pub(crate) hours: [[u64; 24]; 7],
    pub(crate) actors: HashMap<String, Count>,
    pub(crate) actions: HashMap<String, Count>,
    pub(crate) files: HashMap<String, Touched>,
    pub(crate) moments: Vec<Moment>,
}

/// A day: what was done, and what audits saw of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) done: u64,
    pub(crate) seen: u64,
}

/// How often, and how it ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) times: u64,
    pub(crate) failed: u64,
    pub(crate) blocked: u64,
}

/// How often a file was changed, by who tells of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) commits: u64,
    pub(crate) calls: u64,
    pub(crate) seen: u64,
}

impl Touched {
    pub(crate) fn total(self) -> u64 {
        self.commits + self.calls + self.seen
    }
}

/// Something that people look for: a decision, a stop, a block, an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) target: String,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reason: Option<String>,
}

#[derive(Deserialize)]
struct Commit {
    #[serde(default)]
    files: Vec<CommitFile>,
}

#[derive(Deserialize)]
struct CommitFile {
    path: TreePath,
}

#[derive(Deserialize)]
struct Seen<'a> {
    change: &'a str,
}

impl Chronicle {
    /// Counts a record. The newest comes first: of moments, the first are kept.
    pub fn push(&mut self, stored: &Stored) {
        if stored.leaf.typ != LeafType::Record {
            return;
        }
        self.records += 1;
        let Some(record) = &stored.record else {
            self.unreadable += 1;
            return;
        };
        self.moment(stored.seq, record);
        self.touch(record);
        // An outcome tells of what its intent was counted for.
        if record.phase == Phase::Outcome {
            let (failed, blocked) = (record.outcome == Some(Outcome::Failed), record.outcome == Some(Outcome::Blocked));
            self.end(record, failed, blocked);
            return;
        }
        let us = record.occurred.as_micros();
        let day = self.days.entry(us.div_euclid(DAY_US)).or_default();
        if is_of_an_audit(record) {
            day.seen += 1;
        } else {
            day.done += 1;
            // Day 0 was a Thursday; the week begins on Monday.
            let (weekday, hour) = ((us.div_euclid(DAY_US) + 3).rem_euclid(7), us.rem_euclid(DAY_US) / HOUR_US);
            self.hours[weekday as usize][hour as usize] += 1;
        }
        let (failed, blocked) = (record.outcome == Some(Outcome::Failed), record.outcome == Some(Outcome::Blocked));
        for count in self.counts(record) {
            count.times += 1;
            count.failed += u64::from(failed);
            count.blocked += u64::from(blocked);
        }
    }

    fn end(&mut self, record: &Record, failed: bool, blocked: bool) {
        for count in self.counts(record) {
            count.failed += u64::from(failed);
            count.blocked += u64::from(blocked);
        }
    }

    fn counts(&mut self, record: &Record) -> [&mut Count; 2] {
        [counted(&mut self.actors, &record.actor.id), counted(&mut self.actions, &record.action)]
    }

    fn touch(&mut self, record: &Record) {
        if record.action == "git.commit" {
            let files = part::<Commit>(record, PartName::Result).map(|commit| commit.files).unwrap_or_default();
            for file in files {
                counted(&mut self.files, &file.path.to_string()).commits += 1;
            }
        } else if record.action == "file.observed" {
            let is_change = part::<Seen<'_>>(record, PartName::Result)
                .is_some_and(|seen| matches!(seen.change, "changed" | "appeared" | "vanished" | "renamed"));
            if is_change {
                counted(&mut self.files, &record.target.id).seen += 1;
            }
        } else if record.target.kind == TargetKind::File && record.phase != Phase::Outcome && is_change(record) {
            counted(&mut self.files, &record.target.id).calls += 1;
        }
    }

    fn moment(&mut self, seq: u64, record: &Record) {
        let is_decision = Standing::of(&record.action).is_some() || record.action.starts_with("retention.");
        let is_block = record.outcome == Some(Outcome::Blocked);
        let is_run = record.action == "audit.run" && record.phase == Phase::Outcome;
        if !(is_decision || is_block || is_run || record.action.starts_with("key.")) {
            return;
        }
        if self.moments.len() == MOMENTS_MAX {
            return;
        }
        self.moments.push(Moment {
            seq,
            at: record.occurred,
            actor: record.actor.id.clone(),
            action: record.action.clone(),
            target: record.target.id.clone(),
            outcome: record.outcome,
            reason: record.reason.clone(),
        });
    }
}

/// Whether a record tells what an audit saw, and not what was done.
fn is_of_an_audit(record: &Record) -> bool {
    record.category == Category::Audit
}

fn is_change(record: &Record) -> bool {
    record.category == Category::FileWrite
        || ["file.write", "file.edit", "file.create", "file.delete", "file.move"].contains(&record.action.as_str())
}

/// The count of a name; of all others together, where there are too many.
fn counted<'c, T: Default>(counts: &'c mut HashMap<String, T>, name: &str) -> &'c mut T {
    let is_known = counts.contains_key(name) || counts.len() < NAMES_MAX;
    counts.entry(if is_known { name.to_owned() } else { "(others)".to_owned() }).or_default()
}

fn part<'a, T: Deserialize<'a>>(record: &'a Record, name: PartName) -> Option<T> {
    serde_json::from_str(record.part(name)?.get()).ok()
}

/// An earlier run, for the trend of findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTally {
    /// The operation.
    pub run: Uuid,
    /// When it began.
    pub began: Timestamp,
    /// Whether everything that should have been read was read.
    pub complete: bool,
    /// How many findings of each severity, the lightest first.
    pub findings: [u64; 5],
}

impl RunTally {
    /// The counts of a run.
    pub fn of(run: &AuditRun) -> Self {
        let count = |severity| run.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
        let findings = std::array::from_fn(|at| count(Severity::ALL[at]));
        Self { run: run.run, began: run.began, complete: run.complete, findings }
    }
}
