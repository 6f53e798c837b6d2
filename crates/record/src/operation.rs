//! What several records tell together.

use sealbook_ledger::Phase;
use uuid::Uuid;

use crate::{Outcome, Record, Timestamp};

/// Actions that undo another begin with this: `compensate.booking.create`.
pub const COMPENSATION_PREFIX: &str = "compensate.";
/// An event that says how an attempt ended of which nobody knew; it names the attempt's intent as its parent.
pub const RECONCILED_ACTION: &str = "operation.reconciled";
/// The tag of an event of a compensation's action that says: this cannot be undone.
pub const NOT_UNDOABLE_TAG: &str = "not_undoable";

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
    /// It could not be undone wholly: an undo was tried, and failed.
    CompensationFailed,
    /// It was to be undone, and some of it has no undo.
    NotUndoable,
}

impl OperationStatus {
    /// Every status.
    pub const ALL: &'static [Self] = &[
        Self::Recorded,
        Self::Pending,
        Self::Ok,
        Self::Failed,
        Self::Blocked,
        Self::Cancelled,
        Self::Unknown,
        Self::Compensating,
        Self::Compensated,
        Self::CompensationFailed,
        Self::NotUndoable,
    ];

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
            Self::NotUndoable => "not_undoable",
        }
    }

    /// Folds the records of one operation, oldest first.
    ///
    /// A forward step that failed decides over those that went well; an undo decides over both, and is
    /// confirmed only when every undo that was announced has gone well. Of an outcome whose words were
    /// erased nobody knows any more how it ended. An intent that names an ended attempt of the same action as its
    /// parent is a retry of it, and decides in its place. Whoever found out later how an attempt ended says so in
    /// an event ([`RECONCILED_ACTION`]), which decides in the place of what was known before.
    pub fn of<'a>(steps: impl IntoIterator<Item = Step<'a>>) -> Self {
        let (mut forward, mut undo) = (Steps::default(), Steps::default());
        let mut blocked = None;
        for step in steps {
            let is_undo = match step.record {
                Some(record) => record.action.starts_with(COMPENSATION_PREFIX),
                None => step.phase == Phase::Outcome && forward.open.is_empty() && !undo.open.is_empty(),
            };
            let steps = if is_undo { &mut undo } else { &mut forward };
            let outcome = step.record.and_then(|record| record.outcome);
            match step.phase {
                Phase::Intent => {
                    let action = step.record.map(|record| record.action.as_str());
                    steps.retry(step.record.and_then(|record| record.parent), action);
                    steps.open.push((step.id, action));
                }
                Phase::Outcome => {
                    let intent = steps.close(step.record.and_then(|record| record.parent));
                    steps.ended.push((intent, outcome.unwrap_or(Outcome::Unknown)));
                }
                Phase::Event if step.is(RECONCILED_ACTION) => {
                    if let (Some(intent), Some(outcome)) = (step.record.and_then(|record| record.parent), outcome) {
                        forward.settle(intent, outcome);
                        undo.settle(intent, outcome);
                    }
                }
                Phase::Event if is_undo => {
                    let has_none = |record: &Record| record.tags.iter().any(|tag| tag == NOT_UNDOABLE_TAG);
                    steps.is_lacking |= step.record.is_some_and(has_none);
                }
                Phase::Event if outcome == Some(Outcome::Blocked) => blocked = Some(Self::Blocked),
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
struct Steps<'a> {
    /// Intents and their actions.
    open: Vec<Announced<'a>>,
    /// Intents that have ended, where they are known, and how.
    ended: Vec<(Option<Announced<'a>>, Outcome)>,
    /// Some of it has no undo.
    is_lacking: bool,
}

/// An intent and its action, unless that was erased.
type Announced<'a> = (Uuid, Option<&'a str>);

/// The worse outcome weighs more.
fn weight(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Cancelled => 1,
        Outcome::Blocked => 2,
        Outcome::Failed => 3,
        Outcome::Unknown => 4,
    }
}

impl<'a> Steps<'a> {
    /// Ends the intent that is named, else the oldest open one.
    fn close(&mut self, intent: Option<Uuid>) -> Option<Announced<'a>> {
        let named = intent.and_then(|intent| self.open.iter().position(|(open, _)| *open == intent));
        named.or((!self.open.is_empty()).then_some(0)).map(|index| self.open.remove(index))
    }

    /// Forgets how the attempt ended that is tried again.
    fn retry(&mut self, attempt: Option<Uuid>, action: Option<&str>) {
        let (Some(attempt), Some(action)) = (attempt, action) else { return };
        self.ended.retain(|(ended, _)| *ended != Some((attempt, Some(action))));
    }

    /// Says of an attempt how it ended, whatever was known before.
    fn settle(&mut self, attempt: Uuid, outcome: Outcome) {
        if let Some(index) = self.open.iter().position(|(open, _)| *open == attempt) {
            self.ended.push((Some(self.open.remove(index)), outcome));
        } else if let Some(known) = self.ended.iter_mut().find(|(ended, _)| ended.is_some_and(|(id, _)| id == attempt))
        {
            known.1 = outcome;
        }
    }

    fn worst(&self) -> Option<Outcome> {
        self.ended.iter().map(|(_, outcome)| *outcome).max_by_key(|outcome| weight(*outcome))
    }

    fn status(&self) -> Option<OperationStatus> {
        if !self.open.is_empty() {
            return Some(OperationStatus::Pending);
        }
        self.worst().map(|outcome| match outcome {
            Outcome::Ok => OperationStatus::Ok,
            Outcome::Failed => OperationStatus::Failed,
            Outcome::Blocked => OperationStatus::Blocked,
            Outcome::Cancelled => OperationStatus::Cancelled,
            Outcome::Unknown => OperationStatus::Unknown,
        })
    }

    fn compensation(&self) -> Option<OperationStatus> {
        match (self.worst(), self.open.is_empty()) {
            (None, true) if !self.is_lacking => None,
            (Some(outcome), _) if outcome != Outcome::Ok => Some(OperationStatus::CompensationFailed),
            (_, false) => Some(OperationStatus::Compensating),
            _ if self.is_lacking => Some(OperationStatus::NotUndoable),
            _ => Some(OperationStatus::Compensated),
        }
    }
}

/// What the story needs to know of a sealed record. Sequence, ids, phase and times are in the leaf and stay
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

impl Step<'_> {
    fn is(&self, action: &str) -> bool {
        self.record.is_some_and(|record| record.action == action)
    }
}
