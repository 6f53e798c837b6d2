//! Audits by the clock: what is due is run, what was missed and what was refused is said.
//!
//! Schedules are records (`schedule.added`, `schedule.removed`), and so is what became of each time at which one was
//! due: `schedule.run`, `schedule.missed` where nobody was there to run it, `schedule.refused` where the run before was
//! not over. Which times were dealt with is folded from these records: a restart forgets none and repeats none.

use std::any::Any;
use std::path::PathBuf;

use sealbook_inspect::{Audit, Options, Progress, Schedule};
use sealbook_ledger::{Phase, Uuid};
use sealbook_policy::{Policy, Raw};
use sealbook_record::{Actor, Category, Outcome, PartName, Record, Severity, Target, TargetKind, Timestamp};
use sealbook_store::{Ledger, Query};
use serde::{Deserialize, Serialize};

use crate::{Allowed, Error, Plan, collect};

/// A schedule begins.
pub const SCHEDULE_ADDED: &str = "schedule.added";
/// A schedule ends.
pub const SCHEDULE_REMOVED: &str = "schedule.removed";
const RUN: &str = "schedule.run";
const MISSED: &str = "schedule.missed";
const REFUSED: &str = "schedule.refused";

/// What is run, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// Its name.
    pub name: String,
    /// The cron expression.
    pub cron: String,
    /// The zone that it is meant in.
    pub zone: String,
    /// What is audited.
    pub target: PathBuf,
    /// What the paths in records are relative to.
    pub base: PathBuf,
    /// The project that the target belongs to.
    pub project: Option<String>,
    /// Names of the sources.
    pub sources: Vec<String>,
}

/// A schedule as it stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What and when.
    pub what: Scheduled,
    /// Up to when all times were dealt with.
    pub dealt_with: Timestamp,
    /// The last run: when it was over, and how.
    pub last: Option<(Timestamp, Option<Outcome>)>,
    /// Runs, and times that were missed or refused.
    pub counts: (u64, u64, u64),
}

/// What a look at the clock came to.
#[derive(Debug, Default)]
pub struct Ticked {
    /// Each run: its schedule, and what it did.
    pub ran: Vec<(String, Audit)>,
    /// Times at which nobody was there.
    pub missed: u64,
    /// Times at which the run before was not over.
    pub refused: u64,
}

#[derive(Serialize, Deserialize)]
struct DealtWith {
    dealt_with: Timestamp,
    #[serde(default)]
    count: u64,
}

/// A reason to stay: as long as it is held nobody else runs the schedule; nothing where somebody else does.
pub type Lock<'a> = &'a dyn Fn(&str) -> Option<Box<dyn Any>>;

/// All schedules that were added and not removed, by name.
pub fn schedules(ledger: &Ledger) -> Result<Vec<Standing>, Error> {
    let action = [SCHEDULE_ADDED, SCHEDULE_REMOVED, RUN, MISSED, REFUSED].map(str::to_owned).to_vec();
    let query = Query { action, ascending: true, ..Query::default() };
    let mut all: Vec<Standing> = Vec::new();
    ledger.each_match(&query, &mut |stored| {
        if let Some(record) = stored.record {
            fold(&mut all, &record);
        }
        Ok(true)
    })?;
    all.sort_by(|a, b| a.what.name.cmp(&b.what.name));
    Ok(all)
}

fn fold(all: &mut Vec<Standing>, record: &Record) {
    let name = &record.target.id;
    if record.action == SCHEDULE_ADDED || record.action == SCHEDULE_REMOVED {
        all.retain(|standing| standing.what.name != *name);
    }
    if record.action == SCHEDULE_ADDED
        && let Some(what) = read::<Scheduled>(record, PartName::Input)
    {
        all.push(Standing { what, dealt_with: record.occurred, last: None, counts: (0, 0, 0) });
    }
    let Some(standing) = all.iter_mut().find(|standing| standing.what.name == *name) else { return };
    let Some(DealtWith { dealt_with, count }) = read(record, PartName::Context) else { return };
    standing.dealt_with = standing.dealt_with.max(dealt_with);
    match (record.action.as_str(), record.phase) {
        (RUN, Phase::Outcome) => {
            standing.counts.0 += 1;
            standing.last = Some((record.occurred, record.outcome));
        }
        (MISSED, _) => standing.counts.1 += count,
        (REFUSED, _) => standing.counts.2 += count,
        _ => {}
    }
}

fn read<T: for<'de> Deserialize<'de>>(record: &Record, part: PartName) -> Option<T> {
    serde_json::from_str(record.part(part)?.get()).ok()
}

/// Runs what is due now, one after the other.
pub fn tick(
    ledger: &Ledger,
    policy: &Policy,
    actor: &Actor,
    allowed: Allowed,
    lock: Lock<'_>,
    progress: &dyn Progress,
) -> Result<Ticked, Error> {
    let mut ticked = Ticked::default();
    for standing in schedules(ledger)? {
        let schedule = Schedule::new(&standing.what.cron, &standing.what.zone)?;
        if schedule.due(standing.dealt_with, ledger.now()).is_none() {
            continue;
        }
        let desk = Desk { ledger, policy, actor, standing: &standing };
        let Some(held) = lock(&standing.what.name) else {
            ticked.refused += desk.refuse(&schedule, ledger.now(), "another process runs it")?;
            continue;
        };
        // Somebody else may have run it since: what holds now is read again under the lock.
        let Some(standing) = schedules(ledger)?.into_iter().find(|it| it.what.name == standing.what.name) else {
            continue;
        };
        let desk = Desk { ledger, policy, actor, standing: &standing };
        if let Some(audit) = desk.run(&schedule, allowed, progress, &mut ticked)? {
            ticked.ran.push((standing.what.name.clone(), audit));
        }
        drop(held);
    }
    Ok(ticked)
}

struct Desk<'a> {
    ledger: &'a Ledger,
    policy: &'a Policy,
    actor: &'a Actor,
    standing: &'a Standing,
}

impl Desk<'_> {
    fn run(
        &self,
        schedule: &Schedule,
        allowed: Allowed,
        progress: &dyn Progress,
        ticked: &mut Ticked,
    ) -> Result<Option<Audit>, Error> {
        let mut after = self.standing.dealt_with;
        // What came due while the last run went on is refused: runs do not overlap.
        if let Some((ended, _)) = self.standing.last.filter(|(ended, _)| *ended > after) {
            ticked.refused += self.refuse(schedule, ended, "the run before was not over")?;
            after = ended;
        }
        let Some(due) = schedule.due(after, self.ledger.now()) else { return Ok(None) };
        if let Some(last) = due.last_but_one {
            let told = serde_json::json!({"count": due.count - 1, "first": due.first, "last": last});
            self.seal(self.record(MISSED, last, due.count - 1, Severity::Warning, &told)?)?;
            ticked.missed += due.count - 1;
        }
        let at = due.last;
        let late_us = self.ledger.now().as_micros() - at.as_micros();
        let told = serde_json::json!({"due": at, "late_us": late_us});
        let mut intent = self.record(RUN, at, 1, Severity::Info, &told)?;
        intent.phase = Phase::Intent;
        intent.outcome = None;
        let (operation, parent) = (intent.operation, intent.id);
        self.seal(intent)?;
        let what = &self.standing.what;
        let mut options = Options::default();
        options.log.zone = sealbook_record::TimeZone::get(&what.zone).ok();
        let plan = Plan {
            target: what.target.clone(),
            base: what.base.clone(),
            sources: what.sources.clone(),
            analyzers: &[],
            options,
            actor: self.actor.clone(),
            project: what.project.clone(),
            reason: Some(format!("schedule {}", what.name)),
            baseline: None,
            allowed,
        };
        let ran = collect(plan, self.ledger, self.policy, progress);
        let told = match &ran {
            Ok(audit) => serde_json::json!({
                "due": at, "run": audit.run.to_string(), "complete": audit.is_complete(),
                "findings": audit.findings().count(),
            }),
            Err(error) => serde_json::json!({"due": at, "code": error.code(), "message": error.to_string()}),
        };
        let is_well = ran.as_ref().is_ok_and(|audit| !audit.has_failed());
        let is_whole = ran.as_ref().is_ok_and(Audit::is_complete);
        let severity = if is_whole { Severity::Info } else { Severity::Warning };
        let mut outcome = self.record(RUN, at, 1, severity, &told)?;
        (outcome.phase, outcome.operation, outcome.parent) = (Phase::Outcome, operation, Some(parent));
        outcome.outcome = Some(if is_well { Outcome::Ok } else { Outcome::Failed });
        self.seal(outcome)?;
        ran.map(Some)
    }

    /// Says of all times up to `until` that nothing was run at them, and why.
    fn refuse(&self, schedule: &Schedule, until: Timestamp, why: &str) -> Result<u64, Error> {
        let Some(due) = schedule.due(self.standing.dealt_with, until) else { return Ok(0) };
        let told = serde_json::json!({"count": due.count, "first": due.first, "last": due.last, "why": why});
        self.seal(self.record(REFUSED, due.last, due.count, Severity::Warning, &told)?)?;
        Ok(due.count)
    }

    fn record(
        &self,
        action: &str,
        dealt_with: Timestamp,
        count: u64,
        severity: Severity,
        told: &serde_json::Value,
    ) -> Result<Record, Error> {
        let target = Target::new(TargetKind::Other, self.standing.what.name.clone());
        let id: Uuid = self.ledger.next_id();
        let mut record = Record::event(id, self.actor.clone(), action, target, self.ledger.now());
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.operation = Some(id);
        record.category = Category::Audit;
        record.outcome = Some(Outcome::Ok);
        record.severity = severity;
        record.project.clone_from(&self.standing.what.project);
        "schedule".clone_into(&mut record.source);
        let unsaid = |cause: serde_json::Error| Error::Arguments { why: cause.to_string() };
        record.set_part(PartName::Context, &DealtWith { dealt_with, count }).map_err(unsaid)?;
        record.set_part(PartName::Result, told).map_err(unsaid)?;
        Ok(record)
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        let judged = self.policy.admit_all(vec![Raw::new(record)], 1).into_iter().collect::<Result<Vec<_>, _>>()?;
        for answer in self.ledger.submit(judged)?.wait()? {
            answer?;
        }
        Ok(())
    }
}
