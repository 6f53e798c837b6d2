//! What happens in a run, and how that stands on record.

use sealbook_record::{
    Actor, COMPENSATION_PREFIX, NOT_UNDOABLE_TAG, Outcome, PartName, Phase, RECONCILED_ACTION, Record, Redaction,
    Timestamp, Uuid,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::state::RunStatus;
use crate::saga::{Taken, declared};

/// The action of a run's records.
pub const RUN_ACTION: &str = "workflow.run";
/// The action of the records of going on with one.
pub const RESUME_ACTION: &str = "workflow.resume";
/// The action of the wish that a run is halted.
pub const FREEZE_ACTION: &str = "workflow.freeze";
/// The action of the wish that a run is called off.
pub const CANCEL_ACTION: &str = "workflow.cancel";
/// The action of the records of its steps.
pub const NODE_ACTION: &str = "workflow.node";

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEvent {
    /// It began.
    Began {
        /// Its id.
        run_id: String,
        /// Which workflow.
        workflow_id: String,
        /// The digest of its definition.
        digest: String,
        /// The version of that.
        version: Option<u64>,
        /// The run that it was made from.
        fork: Option<Fork>,
        /// Whether nothing with an effect is called.
        dry: bool,
        /// Who began it.
        by: Option<Actor>,
        /// What it was given; `None` where that was redacted.
        inputs: Option<Value>,
        /// The intent on record.
        intent: Uuid,
        /// Its operation.
        operation: Option<Uuid>,
        /// When.
        at: Timestamp,
    },
    /// A step began.
    StepBegan {
        /// Which: the node's id, or `each[3].mail` for a step of the fourth round of a loop.
        path: String,
        /// When.
        at: Timestamp,
    },
    /// A step ended.
    StepEnded {
        /// Which.
        path: String,
        /// How.
        end: StepEnd,
        /// When.
        at: Timestamp,
    },
    /// A step's tool is called, or what it did is taken back.
    CallBegan {
        /// Which step.
        path: String,
        /// The operation of the call.
        operation: Option<Uuid>,
        /// The attempt.
        intent: Uuid,
        /// What is done.
        action: String,
    },
    /// An attempt ended, or it was found out how.
    CallEnded {
        /// The attempt.
        intent: Uuid,
        /// How.
        outcome: Outcome,
        /// What takes it back, where it went well.
        taken: Option<Taken>,
        /// What it gave, where it went well and the record holds that whole.
        result: Option<Value>,
    },
    /// What a step did has no undo.
    NotUndoable {
        /// Which step.
        path: String,
        /// The operation of the call.
        operation: Option<Uuid>,
        /// The record that says so.
        record: Uuid,
        /// Why.
        why: String,
    },
    /// Somebody wishes it halted.
    Frozen,
    /// It is gone on with.
    Resumed,
    /// The run ended.
    Ended {
        /// How.
        status: RunStatus,
        /// Why, where it did not go well.
        why: Option<String>,
        /// When.
        at: Timestamp,
    },
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepEnd {
    /// It gave this.
    Completed(Value),
    /// It gave something that the record does not hold whole: it was redacted, erased or too large.
    Hidden,
    /// It failed.
    Failed(String),
    /// It was called off, and did not happen.
    Cancelled,
    /// Nobody knows.
    Unknown(String),
}

/// Which run another one was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The run.
    pub run: String,
    /// The step at which it goes another way.
    pub at: String,
}

/// What the part `context` of the records says.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct RunNote {
    pub(super) run: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<RunStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fork: Option<Fork>,
    /// Nothing with an effect is called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) dry: bool,
    /// What the step gave comes from the record of another run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) stubbed: bool,
}

impl RunNote {
    pub(super) fn of(run: &str) -> Self {
        Self { run: run.to_owned(), ..Self::default() }
    }
}

impl RunEvent {
    /// What a sealed record tells of a run; `None` where it tells of something else. The records of a run bear its id
    /// as a tag.
    pub fn of(record: &Record, redactions: &[Redaction]) -> Option<Self> {
        let json = |part: PartName| -> Option<Value> { serde_json::from_str(record.part(part)?.get()).ok() };
        if let Some(call) = call(record, redactions, json(PartName::Context)) {
            return Some(call);
        }
        let note: RunNote = serde_json::from_value(json(PartName::Context)?).ok()?;
        let is_hidden =
            |part: &str| redactions.iter().any(|it| it.path == part || it.path.starts_with(&format!("{part}/")));
        let at = record.occurred;
        match (record.action.as_str(), record.phase) {
            (RUN_ACTION, Phase::Intent) => Some(Self::Began {
                run_id: note.run,
                workflow_id: record.target.id.clone(),
                digest: note.digest?,
                version: note.version,
                fork: note.fork,
                dry: note.dry,
                by: Some(record.actor.clone()),
                inputs: if is_hidden("input") { None } else { json(PartName::Input) },
                intent: record.id,
                operation: record.operation,
                at,
            }),
            (RUN_ACTION, Phase::Outcome) => {
                let why = json(PartName::Error).and_then(|it| it.as_str().map(str::to_owned));
                let status = note.status.unwrap_or(match record.outcome {
                    Some(Outcome::Ok) => RunStatus::Completed,
                    Some(Outcome::Cancelled) => RunStatus::Cancelled,
                    Some(Outcome::Unknown) => RunStatus::Unknown,
                    _ => RunStatus::Failed,
                });
                Some(Self::Ended { status, why, at })
            }
            (RESUME_ACTION, Phase::Intent) => Some(Self::Resumed),
            (FREEZE_ACTION, Phase::Event) => Some(Self::Frozen),
            // A stop or a rule kept it from beginning.
            (NODE_ACTION, Phase::Event) if record.outcome == Some(Outcome::Blocked) => {
                let end = StepEnd::Failed("a stop or a rule kept it from beginning".to_owned());
                Some(Self::StepEnded { path: note.path?, end, at })
            }
            (NODE_ACTION, Phase::Intent) => Some(Self::StepBegan { path: note.path?, at }),
            (NODE_ACTION, Phase::Outcome) => {
                let why = || json(PartName::Error).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default();
                let end = match record.outcome? {
                    Outcome::Ok if is_hidden("result") => StepEnd::Hidden,
                    Outcome::Ok => match json(PartName::Result) {
                        Some(value) if !is_left_out(&value) => StepEnd::Completed(value),
                        _ => StepEnd::Hidden,
                    },
                    Outcome::Cancelled => StepEnd::Cancelled,
                    Outcome::Unknown => StepEnd::Unknown(why()),
                    _ => StepEnd::Failed(why()),
                };
                Some(Self::StepEnded { path: note.path?, end, at })
            }
            _ => None,
        }
    }
}

/// What a record of a call that belongs to a step tells.
fn call(record: &Record, redactions: &[Redaction], context: Option<Value>) -> Option<RunEvent> {
    let own = [RUN_ACTION, NODE_ACTION, RESUME_ACTION].contains(&&*record.action);
    if own {
        return None;
    }
    let operation = record.operation;
    if record.phase == Phase::Outcome || record.action == RECONCILED_ACTION {
        let outcome = record.outcome.unwrap_or(Outcome::Unknown);
        let is_done = outcome == Outcome::Ok && !record.action.starts_with(COMPENSATION_PREFIX);
        let taken = is_done.then(|| declared(record, redactions)).flatten();
        let is_hidden = redactions.iter().any(|gone| gone.path == "result" || gone.path.starts_with("result/"));
        let result = record.part(PartName::Result).filter(|_| is_done && !is_hidden);
        let result = result.and_then(|part| serde_json::from_str(part.get()).ok()).filter(|it| !is_left_out(it));
        return Some(RunEvent::CallEnded { intent: record.parent?, outcome, taken, result });
    }
    let path = context?.get("step")?.get("path")?.as_str()?.to_owned();
    match record.phase {
        Phase::Intent => {
            Some(RunEvent::CallBegan { path, operation, intent: record.id, action: record.action.clone() })
        }
        Phase::Event if record.tags.iter().any(|tag| tag == NOT_UNDOABLE_TAG) => {
            let said: Value = serde_json::from_str(record.part(PartName::Error)?.get()).ok()?;
            let why = said.get("message")?.as_str()?.to_owned();
            Some(RunEvent::NotUndoable { path, operation, record: record.id, why })
        }
        _ => None,
    }
}

/// What the journal writes in the place of content that is too large.
fn is_left_out(value: &Value) -> bool {
    value.as_object().is_some_and(|it| it.len() == 1 && it.get("left_out").is_some_and(|it| it["bytes"].is_u64()))
}
