//! The actions of a saga's records, and what they say in their part `context`.

use sealbook_record::{PartName, Record};
use serde::{Deserialize, Serialize};

use super::state::SagaStatus;

/// The action of a saga's intent and outcome.
pub const SAGA_ACTION: &str = "saga.run";
/// An event: a step that could not be begun.
pub const STEP_ACTION: &str = "saga.step";
/// An event: the saga holds, and why.
pub const HELD_ACTION: &str = "saga.held";
/// An event: it is to stop, and what it did to be taken back.
pub const CANCEL_ACTION: &str = "saga.cancel";
/// An event: it is to stop at once, and what it did to be left.
pub const KILL_ACTION: &str = "saga.kill";
/// An event: it is to hold before its next step.
pub const FREEZE_ACTION: &str = "saga.freeze";
/// An event: it is to go on.
pub const RESUME_ACTION: &str = "saga.resume";

/// What another process wants of a saga.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// To stop, and take back what was done.
    Cancel,
    /// To stop at once, and leave what was done.
    Kill,
    /// To hold before the next step.
    Freeze,
    /// To go on.
    Resume,
}

impl Control {
    /// The action of its record.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Cancel => CANCEL_ACTION,
            Self::Kill => KILL_ACTION,
            Self::Freeze => FREEZE_ACTION,
            Self::Resume => RESUME_ACTION,
        }
    }

    pub(super) fn of(action: &str) -> Option<Self> {
        [Self::Cancel, Self::Kill, Self::Freeze, Self::Resume].into_iter().find(|it| it.action() == action)
    }
}

/// The part `context` of the saga's own records.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SagaNote {
    pub(super) saga: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<SagaStatus>,
}

/// The step that a record of a call belongs to: `context.step`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StepNote {
    pub(super) saga: String,
    pub(super) step: String,
}

pub(super) fn saga_note(record: &Record) -> Option<SagaNote> {
    serde_json::from_str(record.part(PartName::Context)?.get()).ok()
}

pub(super) fn step_note(record: &Record) -> Option<StepNote> {
    #[derive(Deserialize)]
    struct Context {
        step: StepNote,
    }
    serde_json::from_str::<Context>(record.part(PartName::Context)?.get()).ok().map(|context| context.step)
}
