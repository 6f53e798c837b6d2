//! The calls of a run's steps, as far as they came: what is taken back where a saga in it fails.

use sealbook_record::{COMPENSATION_PREFIX, Outcome, Uuid};
use serde_json::Value;

use super::event::RunEvent;
use crate::saga::{Taken, UndoState};

/// Calls in the order in which they began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CallsRun(pub(super) Vec<CallRun>);

/// A call: all of its attempts, and its undo.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CallRun {
    pub(super) path: String,
    pub(super) operation: Option<Uuid>,
    pub(super) action: String,
    /// The last attempt.
    pub(super) intent: Uuid,
    /// How that ended.
    pub(super) outcome: Option<Outcome>,
    pub(super) taken: Option<Taken>,
    /// What it gave, where the record holds that whole.
    pub(super) result: Option<Value>,
    pub(super) undo: UndoState,
    pub(super) undo_record: Option<Uuid>,
}

impl CallRun {
    /// Whether it may be that something is left of it to take back.
    pub(super) fn is_left(&self) -> bool {
        let may_stand = match self.outcome {
            Some(Outcome::Ok) => self.taken != Some(Taken::Nothing),
            Some(Outcome::Unknown) | None => true,
            Some(_) => false,
        };
        may_stand && matches!(self.undo, UndoState::Pending | UndoState::Open)
    }
}

impl CallsRun {
    pub(super) fn apply(&mut self, event: RunEvent) {
        match event {
            RunEvent::CallBegan { path, operation, intent, action } => self.begin(path, operation, intent, action),
            RunEvent::CallEnded { intent, outcome, taken, result } => {
                if let Some(call) = self.0.iter_mut().find(|call| call.undo_record == Some(intent)) {
                    call.undo = match outcome {
                        Outcome::Ok => UndoState::Done,
                        Outcome::Unknown => UndoState::Unknown("nobody knows whether it was taken back".to_owned()),
                        other => UndoState::Failed(format!("its undo ended as {other}")),
                    };
                } else if let Some(call) = self.0.iter_mut().find(|call| call.intent == intent) {
                    call.outcome = Some(outcome);
                    call.result = result;
                    call.taken = taken.or_else(|| call.taken.take());
                }
            }
            RunEvent::NotUndoable { path, operation, record, why } => {
                let of = |call: &&mut CallRun| call.path == path && call.operation == operation;
                if let Some(call) = self.0.iter_mut().find(of) {
                    (call.undo, call.undo_record) = (UndoState::Impossible(why), Some(record));
                }
            }
            RunEvent::Began { .. }
            | RunEvent::StepBegan { .. }
            | RunEvent::StepEnded { .. }
            | RunEvent::Frozen
            | RunEvent::Resumed
            | RunEvent::Ended { .. } => {}
        }
    }

    fn begin(&mut self, path: String, operation: Option<Uuid>, intent: Uuid, action: String) {
        let known = self.0.iter_mut().find(|call| call.path == path && call.operation == operation);
        match known {
            Some(call) if action.starts_with(COMPENSATION_PREFIX) => {
                (call.undo, call.undo_record) = (UndoState::Open, Some(intent));
            }
            Some(call) => (call.intent, call.outcome) = (intent, None),
            None => self.0.push(CallRun {
                path,
                operation,
                action,
                intent,
                outcome: None,
                taken: None,
                result: None,
                undo: UndoState::Pending,
                undo_record: None,
            }),
        }
    }

    /// The last call of a step.
    pub(super) fn last(&self, path: &str) -> Option<&CallRun> {
        self.0.iter().rfind(|call| call.path == path)
    }
}
