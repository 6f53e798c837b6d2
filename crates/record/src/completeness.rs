//! What is missing from the story that a book tells.

mod counted;
mod reconciled;
mod telemetry;

use std::collections::{HashMap, HashSet};

use sealbook_ledger::Phase;
use uuid::Uuid;

pub use counted::{CaptureGap, MissingNumbers};
pub use reconciled::SeenOnce;

use crate::{Actor, Finding, Severity, Step, Timestamp};
use counted::Numbers;
use reconciled::Ways;
use telemetry::Telemetry;

/// From when on something is worth a finding.
#[derive(Debug, Clone, Copy)]
pub struct CompletenessLimits {
    /// A clock that steps back by more microseconds than this between two seals.
    pub clock_step_us: i64,
    /// A time without any record longer than this many microseconds; `None` where quiet is normal.
    pub silence_us: Option<i64>,
    /// A time without a record of an actor who has an open intent, in microseconds; `None` as well.
    pub actor_silence_us: Option<i64>,
}

impl Default for CompletenessLimits {
    /// One second back; silence is not judged.
    fn default() -> Self {
        Self { clock_step_us: 1_000_000, silence_us: None, actor_silence_us: None }
    }
}

/// An announcement without an outcome: it may have happened or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Sequence number.
    pub seq: u64,
    /// The intent's id.
    pub id: Uuid,
    /// Its operation.
    pub operation: Option<Uuid>,
    /// What was to be done, unless it was erased.
    pub action: Option<String>,
    /// To what.
    pub target: Option<String>,
    /// Who was to do it.
    pub actor: Option<String>,
    /// When it was announced.
    pub occurred: Timestamp,
}

/// What is missing from a book, as a fold over its records in order. Memory grows with the open intents and,
/// where their silence is judged or they number their records, with the actors.
#[derive(Debug, Default)]
pub struct Completeness {
    limits: CompletenessLimits,
    open: HashMap<Uuid, Vec<OpenIntent>>,
    last: Option<(u64, Timestamp)>,
    actors: HashMap<String, (u64, Timestamp)>,
    numbers: Numbers,
    ways: Ways,
    telemetry: Telemetry,
    told: Told,
}

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Told {
    /// Intents without an outcome, by sequence.
    pub open_intents: Vec<OpenIntent>,
    /// Outcomes to which no intent was found.
    pub outcomes_alone: Vec<u64>,
    /// Where the clock stepped back: the record before, the record after, by how many microseconds.
    pub clock_steps: Vec<(u64, u64, i64)>,
    /// Times without any record.
    pub silences: Vec<Silence>,
    /// Times without a record of an actor with open intents, and who that was.
    pub actor_silences: Vec<(String, Silence)>,
    /// Records that name no actor.
    pub actors_unknown: Vec<u64>,
    /// Numbers that actors gave to records which are not there.
    pub missing_numbers: Vec<MissingNumbers>,
    /// Times in which a gate could not write to the book.
    pub capture_gaps: Vec<CaptureGap>,
    /// Calls that one way in saw and another should have seen.
    pub seen_once: Vec<SeenOnce>,
}

/// A time in which nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The record before it.
    pub before: u64,
    /// The record that ended it; `None` while it lasts.
    pub after: Option<u64>,
    /// For how long, in microseconds.
    pub us: i64,
}

impl Completeness {
    /// A fold that has seen nothing.
    pub fn new(limits: CompletenessLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The next record.
    pub fn push(&mut self, step: &Step<'_>) {
        self.push_time(step);
        self.push_actor(step);
        self.told.seen_once.extend(self.ways.push(step));
        self.telemetry.push(step);
        match step.phase {
            Phase::Intent => self.open.entry(step.operation.unwrap_or(step.id)).or_default().push(OpenIntent::of(step)),
            Phase::Outcome => self.close(step),
            Phase::Event => {}
        }
    }

    /// What was found by the time `now`: silences that still last among it.
    pub fn finish_at(mut self, now: Timestamp) -> Told {
        let since = |(seq, last): (u64, Timestamp)| Silence { before: seq, after: None, us: passed(last, now) };
        let is_over = |limit: Option<i64>, silence: &Silence| limit.is_some_and(|limit| silence.us > limit);
        let lasting = self.last.map(since).filter(|silence| is_over(self.limits.silence_us, silence));
        self.told.silences.extend(lasting);
        let waiting: HashSet<&str> = self.open.values().flatten().filter_map(|open| open.actor.as_deref()).collect();
        let waiting = self.actors.iter().filter(|(actor, _)| waiting.contains(actor.as_str()));
        let mut lasting: Vec<_> = waiting.map(|(actor, last)| (actor.clone(), since(*last))).collect();
        lasting.retain(|(_, silence)| is_over(self.limits.actor_silence_us, silence));
        lasting.sort_by_key(|(_, silence)| silence.before);
        self.told.actor_silences.append(&mut lasting);
        self.finish()
    }

    /// What was found between the records.
    pub fn finish(mut self) -> Told {
        self.told.open_intents = self.open.into_values().flatten().collect();
        self.told.open_intents.sort_by_key(|intent| intent.seq);
        self.told.seen_once.extend(self.ways.finish());
        self.told.seen_once.extend(self.telemetry.finish());
        self.told
    }

    /// Ends the intent that the outcome names as its parent; else the oldest of its operation with the same
    /// action (any, where what it says was erased); else the only one that is open.
    fn close(&mut self, step: &Step<'_>) {
        let parent = step.record.and_then(|record| record.parent);
        let Some(key) = [step.operation, parent].into_iter().flatten().find(|key| self.open.contains_key(key)) else {
            return self.told.outcomes_alone.push(step.seq);
        };
        let intents = self.open.entry(key).or_default();
        let named = parent.and_then(|parent| intents.iter().position(|intent| intent.id == parent));
        let action = step.record.map(|record| record.action.as_str());
        let may_be =
            |intent: &OpenIntent| action.is_none() || intent.action.is_none() || intent.action.as_deref() == action;
        let only = (intents.len() == 1).then_some(0);
        match named.or_else(|| intents.iter().position(may_be)).or(only) {
            Some(index) => {
                intents.remove(index);
                if intents.is_empty() {
                    self.open.remove(&key);
                }
            }
            None => self.told.outcomes_alone.push(step.seq),
        }
    }

    fn push_time(&mut self, step: &Step<'_>) {
        if let Some((seq, before)) = self.last {
            let us = passed(before, step.sealed);
            if us < -self.limits.clock_step_us {
                self.told.clock_steps.push((seq, step.seq, -us));
            } else if self.limits.silence_us.is_some_and(|limit| us > limit) {
                self.told.silences.push(Silence { before: seq, after: Some(step.seq), us });
            }
        }
        self.last = Some((step.seq, step.sealed));
    }

    fn push_actor(&mut self, step: &Step<'_>) {
        let Some(record) = step.record else { return };
        if record.actor_unknown() && record.actor.id == Actor::UNKNOWN {
            self.told.actors_unknown.push(step.seq);
        }
        self.told.missing_numbers.extend(self.numbers.push(step.seq, record));
        self.told.capture_gaps.extend(CaptureGap::of(step.seq, record));
        let Some(limit) = self.limits.actor_silence_us else { return };
        let actor = &record.actor.id;
        if let Some((seq, before)) = self.actors.insert(actor.clone(), (step.seq, step.sealed)) {
            let us = passed(before, step.sealed);
            if us > limit && self.has_open_intent(actor) {
                self.told.actor_silences.push((actor.clone(), Silence { before: seq, after: Some(step.seq), us }));
            }
        }
    }

    fn has_open_intent(&self, actor: &str) -> bool {
        self.open.values().flatten().any(|intent| intent.actor.as_deref() == Some(actor))
    }
}

impl OpenIntent {
    fn of(step: &Step<'_>) -> Self {
        Self {
            seq: step.seq,
            id: step.id,
            operation: step.operation,
            action: step.record.map(|record| record.action.clone()),
            target: step.record.map(|record| record.target.id.clone()),
            actor: step.record.map(|record| record.actor.id.clone()),
            occurred: step.occurred,
        }
    }
}

impl Told {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        *self == Self::default()
    }

    /// What was found, as findings: none of it is a failure of the book.
    pub fn findings(&self) -> Vec<Finding> {
        let about = |rule: &str, severity, message: String, seqs: &[u64]| {
            let mut finding = Finding::new(rule, "completeness", severity, message, None, &format!("{seqs:?}"));
            finding.evidence = seqs.iter().map(|seq| (*seq, *seq)).collect();
            finding
        };
        let mut findings = Vec::new();
        for intent in &self.open_intents {
            let action = intent.action.as_deref().unwrap_or("an erased action");
            let message = format!("record {}: {action} was announced, and no outcome is known", intent.seq);
            findings.push(about("completeness.open_intent", Severity::Warning, message, &[intent.seq]));
        }
        for seq in &self.outcomes_alone {
            let message = format!("record {seq}: an outcome of something that was never announced");
            findings.push(about("completeness.outcome_alone", Severity::Warning, message, &[*seq]));
        }
        for (before, after, micros) in &self.clock_steps {
            let message = format!("records {before} and {after}: the clock stepped back by {}", seconds(*micros));
            findings.push(about("completeness.clock_step", Severity::Warning, message, &[*before, *after]));
        }
        for silence in &self.silences {
            let message = format!("{silence}: nothing was recorded");
            findings.push(about("completeness.silence", Severity::Info, message, &silence.seqs()));
        }
        for (_, silence) in &self.actor_silences {
            let message = format!("{silence}: an actor with open intents was silent");
            findings.push(about("completeness.actor_silence", Severity::Info, message, &silence.seqs()));
        }
        for missing in &self.missing_numbers {
            let MissingNumbers { before, after, first, last, .. } = missing;
            let message =
                format!("between records {before} and {after}: an actor's numbers {first} to {last} are missing");
            findings.push(about("completeness.missing_numbers", Severity::Warning, message, &[*before, *after]));
        }
        for gap in &self.capture_gaps {
            let CaptureGap { seq, passed, refused, dropped } = gap;
            let message = format!(
                "record {seq}: {passed} calls passed, {refused} were refused and {dropped} records were dropped while the book could not be written"
            );
            let severity = if *passed > 0 { Severity::Critical } else { Severity::Warning };
            findings.push(about("completeness.capture_gap", severity, message, &[*seq]));
        }
        for SeenOnce { seq, missed_by, .. } in &self.seen_once {
            let message = format!("record {seq}: a call that the {missed_by} should have seen, and did not");
            findings.push(about("completeness.seen_once", Severity::Warning, message, &[*seq]));
        }
        for seq in &self.actors_unknown {
            let message = format!("record {seq}: nobody is named as the actor");
            findings.push(about("completeness.actor_unknown", Severity::Warning, message, &[*seq]));
        }
        findings
    }
}

impl Silence {
    /// The records around it.
    fn seqs(&self) -> Vec<u64> {
        [Some(self.before), self.after].into_iter().flatten().collect()
    }
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.after {
            Some(after) => write!(f, "between records {} and {after}, for {}", self.before, seconds(self.us)),
            None => write!(f, "since record {}, for {}", self.before, seconds(self.us)),
        }
    }
}

fn passed(before: Timestamp, after: Timestamp) -> i64 {
    after.as_micros().saturating_sub(before.as_micros())
}

fn seconds(micros: i64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
}
