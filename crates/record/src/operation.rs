//! What several records tell together, and what is missing from the story.

use std::collections::HashMap;

use sealbook_ledger::Phase;
use uuid::Uuid;

use crate::{Actor, Finding, Outcome, Record, Severity, Timestamp};

/// Actions that undo another begin with this: `compensate.booking.create`.
pub const COMPENSATION_PREFIX: &str = "compensate.";

/// How an operation stands: a fold over its records in order of sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationStatus {
    /// Only events, nothing that was announced.
    Recorded,
    /// Announced; no outcome yet.
    Pending,
    /// It went well.
    Ok,
    /// It failed.
    Failed,
    /// It was stopped before it happened.
    Blocked,
    /// It was called off.
    Cancelled,
    /// Nobody knows whether it happened.
    Unknown,
    /// It is being undone.
    Compensating,
    /// It was undone, and each undo was confirmed.
    Compensated,
    /// It could not be undone wholly.
    CompensationFailed,
}

impl OperationStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Pending => "pending",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Compensating => "compensating",
            Self::Compensated => "compensated",
            Self::CompensationFailed => "compensation_failed",
        }
    }

    /// Folds the records of one operation, oldest first.
    ///
    /// A forward step that failed decides over those that went well; an undo decides over both, and is
    /// confirmed only when every undo that was announced has gone well.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let (mut forward, mut undo) = (Steps::default(), Steps::default());
        let mut blocked = None;
        for record in records {
            let steps = if record.action.starts_with(COMPENSATION_PREFIX) { &mut undo } else { &mut forward };
            match record.phase {
                Phase::Intent => steps.open.push(record.id),
                Phase::Outcome => {
                    steps.close(record.parent);
                    steps.worst = steps.worst.max(record.outcome.or(Some(Outcome::Unknown)).map(weight));
                }
                Phase::Event if record.outcome == Some(Outcome::Blocked) => blocked = Some(Self::Blocked),
                Phase::Event => {}
            }
        }
        undo.compensation().or(forward.status()).or(blocked).unwrap_or(Self::Recorded)
    }
}

impl std::fmt::Display for OperationStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The steps of an operation in one direction.
#[derive(Default)]
struct Steps {
    open: Vec<Uuid>,
    worst: Option<(u8, Outcome)>,
}

/// The worse outcome weighs more.
fn weight(outcome: Outcome) -> (u8, Outcome) {
    let weight = match outcome {
        Outcome::Ok => 0,
        Outcome::Cancelled => 1,
        Outcome::Blocked => 2,
        Outcome::Failed => 3,
        Outcome::Unknown => 4,
    };
    (weight, outcome)
}

impl Steps {
    /// Ends the intent that is named, else the oldest open one.
    fn close(&mut self, intent: Option<Uuid>) {
        let named = intent.and_then(|intent| self.open.iter().position(|open| *open == intent));
        if let Some(index) = named.or((!self.open.is_empty()).then_some(0)) {
            self.open.remove(index);
        }
    }

    fn status(&self) -> Option<OperationStatus> {
        if !self.open.is_empty() {
            return Some(OperationStatus::Pending);
        }
        self.worst.map(|(_, outcome)| match outcome {
            Outcome::Ok => OperationStatus::Ok,
            Outcome::Failed => OperationStatus::Failed,
            Outcome::Blocked => OperationStatus::Blocked,
            Outcome::Cancelled => OperationStatus::Cancelled,
            Outcome::Unknown => OperationStatus::Unknown,
        })
    }

    fn compensation(&self) -> Option<OperationStatus> {
        match (self.worst, self.open.is_empty()) {
            (None, true) => None,
            (Some((_, outcome)), _) if outcome != Outcome::Ok => Some(OperationStatus::CompensationFailed),
            (_, false) => Some(OperationStatus::Compensating),
            _ => Some(OperationStatus::Compensated),
        }
    }
}

/// What completeness needs to know of a sealed record. Sequence, ids, phase and times are in the leaf and stay
/// when content is erased; the record is there unless its statement was.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Sequence number.
    pub seq: u64,
    /// The record's id.
    pub id: Uuid,
    /// Its operation.
    pub operation: Option<Uuid>,
    /// Its phase.
    pub phase: Phase,
    /// When it happened, as claimed.
    pub occurred: Timestamp,
    /// When it was sealed, as claimed.
    pub sealed: Timestamp,
    /// What it says, unless that was erased.
    pub record: Option<&'a Record>,
}

/// From when on something is worth a finding.
#[derive(Debug, Clone, Copy)]
pub struct CompletenessLimits {
    /// A clock that steps back by more microseconds than this between two seals.
    pub clock_step_us: i64,
    /// A time without any record longer than this many microseconds; `None` where quiet is normal.
    pub silence_us: Option<i64>,
    /// A time without a record of an actor who has an open intent, in microseconds.
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
/// where their silence is judged, with the actors.
#[derive(Debug, Default)]
pub struct Completeness {
    limits: CompletenessLimits,
    open: HashMap<Uuid, Vec<OpenIntent>>,
    last: Option<(u64, Timestamp)>,
    actors: HashMap<String, (u64, Timestamp)>,
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
    /// Times without any record: the record before, the record after, for how many microseconds.
    pub silences: Vec<(u64, u64, i64)>,
    /// Times without a record of an actor with open intents: who, the record before, the record after, microseconds.
    pub actor_silences: Vec<(String, u64, u64, i64)>,
    /// Records that name no actor.
    pub actors_unknown: Vec<u64>,
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
        match step.phase {
            Phase::Intent => self.open.entry(step.operation.unwrap_or(step.id)).or_default().push(OpenIntent::of(step)),
            Phase::Outcome => self.close(step),
            Phase::Event => {}
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Told {
        self.told.open_intents = self.open.into_values().flatten().collect();
        self.told.open_intents.sort_by_key(|intent| intent.seq);
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
            let passed = step.sealed.as_micros().saturating_sub(before.as_micros());
            if passed < -self.limits.clock_step_us {
                self.told.clock_steps.push((seq, step.seq, -passed));
            } else if self.limits.silence_us.is_some_and(|limit| passed > limit) {
                self.told.silences.push((seq, step.seq, passed));
            }
        }
        self.last = Some((step.seq, step.sealed));
    }

    fn push_actor(&mut self, step: &Step<'_>) {
        let Some(record) = step.record else { return };
        if record.actor_unknown() && record.actor.id == Actor::UNKNOWN {
            self.told.actors_unknown.push(step.seq);
        }
        let Some(limit) = self.limits.actor_silence_us else { return };
        let actor = &record.actor.id;
        if let Some((seq, before)) = self.actors.insert(actor.clone(), (step.seq, step.sealed)) {
            let passed = step.sealed.as_micros().saturating_sub(before.as_micros());
            let waits = |intent: &OpenIntent| intent.actor.as_ref() == Some(actor);
            if passed > limit && self.open.values().flatten().any(waits) {
                self.told.actor_silences.push((actor.clone(), seq, step.seq, passed));
            }
        }
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
        for (before, after, micros) in &self.silences {
            let message = format!("records {before} and {after}: nothing was recorded for {}", seconds(*micros));
            findings.push(about("completeness.silence", Severity::Info, message, &[*before, *after]));
        }
        for (_, before, after, micros) in &self.actor_silences {
            let message =
                format!("records {before} and {after}: an actor with open intents was silent for {}", seconds(*micros));
            findings.push(about("completeness.actor_silence", Severity::Info, message, &[*before, *after]));
        }
        for seq in &self.actors_unknown {
            let message = format!("record {seq}: nobody is named as the actor");
            findings.push(about("completeness.actor_unknown", Severity::Warning, message, &[*seq]));
        }
        findings
    }
}

fn seconds(micros: i64) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
}
