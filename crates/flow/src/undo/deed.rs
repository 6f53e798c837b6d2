//! What an operation did, as its records tell.

use std::path::PathBuf;

use sealbook_ledger::Phase;
use sealbook_record::{
    COMPENSATION_PREFIX, Category, FileContent, FileState, OperationStatus, Outcome, PartName, RECONCILED_ACTION,
    Record, Uuid, plain_path, working_directory,
};
use sealbook_store::{Operation, Stored};
use serde_json::Value;

use crate::saga::{Taken, declared};

/// What an operation did to the world.
pub(super) enum Deed {
    Nothing,
    Done,
    Files(Vec<Written>),
    Call { tool: String, input: Value },
    Impossible(String),
}

/// What a call did to one file.
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) before: FileState,
    /// Nothing where nobody told what it left.
    pub(crate) left: Option<FileState>,
}

impl Written {
    pub(crate) fn after(&self) -> FileContent {
        self.left.as_ref().map_or(FileContent::Unknown, FileState::known)
    }
}

/// Categories of what only looks.
const LOOKING: &[Category] = &[Category::FileRead, Category::DataAccess, Category::RagSearch, Category::HealthCheck];

/// What an operation did; its records are forward ones first, then those of its undo.
pub(super) fn of(operation: &Operation) -> Deed {
    match operation.status {
        OperationStatus::Compensated => return Deed::Done,
        OperationStatus::Recorded | OperationStatus::Blocked => return Deed::Nothing,
        _ => {}
    }
    let forward = || {
        operation
            .records
            .iter()
            .filter_map(|stored| Some((stored, stored.record.as_ref()?)))
            .filter(|(_, r)| !is_undo(r))
    };
    let Some((_, intent)) = forward().find(|(_, record)| record.phase == Phase::Intent) else {
        return Deed::Impossible("the words of its intent were erased".to_owned());
    };
    // What a workflow decides and what a model says does nothing by itself: what follows has records of its own.
    let only_decides =
        intent.source == "workflow" && matches!(intent.category, Category::AgentDecision | Category::LlmRequest);
    if LOOKING.contains(&intent.category) || only_decides || is_capture(intent) {
        return Deed::Nothing;
    }
    let ended = forward().filter(|(_, record)| ends(record)).collect::<Vec<_>>();
    let Some((stored, last)) = ended.last() else {
        return Deed::Impossible("nobody knows how it ended; `sealbook operation reconcile` says it".to_owned());
    };
    if let Some(declared) = compensation(stored, last) {
        return declared;
    }
    let written = files(intent, last);
    if !written.is_empty() {
        return Deed::Files(written);
    }
    if says_that_it_reads(intent) {
        return Deed::Nothing;
    }
    match last.outcome {
        Some(Outcome::Blocked) => Deed::Nothing,
        // The executor says `unknown` of each attempt that may have happened.
        _ if intent.source == "executor" && ended.iter().all(|(_, it)| it.outcome == Some(Outcome::Failed)) => {
            Deed::Nothing
        }
        Some(Outcome::Unknown) => {
            Deed::Impossible("nobody knows whether it happened; `sealbook operation reconcile` says it".to_owned())
        }
        _ => Deed::Impossible(match intent.category {
            Category::CodeExecution => "a command ran, and nothing on record takes back what it did".to_owned(),
            _ => "nothing on record says what would take it back".to_owned(),
        }),
    }
}

/// That a way in was opened: what came through it has operations of its own.
fn is_capture(intent: &Record) -> bool {
    intent.category == Category::Audit && intent.action == "capture.open"
}

/// Whether the server says of its tool that it changes nothing, as the gateway has it on record. The files that the
/// call named show whether that was so for them.
fn says_that_it_reads(intent: &Record) -> bool {
    let context = intent.part(PartName::Context).and_then(|part| serde_json::from_str::<Value>(part.get()).ok());
    let hint = context.as_ref().and_then(|context| context.pointer("/annotations/readOnlyHint"));
    intent.category == Category::McpCall && hint == Some(&Value::Bool(true))
}

fn is_undo(record: &Record) -> bool {
    record.action.starts_with(COMPENSATION_PREFIX)
}

fn ends(record: &Record) -> bool {
    record.phase == Phase::Outcome || record.action == RECONCILED_ACTION && record.outcome == Some(Outcome::Ok)
}

/// What the executor sealed of how the call is taken back.
fn compensation(stored: &Stored, record: &Record) -> Option<Deed> {
    Some(match declared(record, &stored.redactions)? {
        Taken::Nothing => Deed::Nothing,
        Taken::Call { tool, input } => Deed::Call { tool, input },
        Taken::Impossible(why) => Deed::Impossible(why),
    })
}

/// The files that an operation says it found, and what it left of them where that is told.
pub(crate) fn written(operation: &Operation) -> Vec<Written> {
    let forward = || operation.records.iter().filter_map(|stored| stored.record.as_ref()).filter(|r| !is_undo(r));
    let intent = forward().find(|record| record.phase == Phase::Intent);
    let outcome = forward().rfind(|record| record.phase == Phase::Outcome);
    intent.map_or_else(Vec::new, |intent| files(intent, outcome.unwrap_or(intent)))
}

/// The files that the call found and left, where both are told.
fn files(intent: &Record, outcome: &Record) -> Vec<Written> {
    let cwd = working_directory(outcome).or_else(|| working_directory(intent)).unwrap_or_else(|| PathBuf::from("/"));
    let found = FileState::of_part(intent, PartName::Before);
    let mut left = FileState::of_part(outcome, PartName::After);
    let written = found.into_iter().map(|before| {
        let at = left.iter().position(|state| state.path == before.path);
        let left = at.map(|at| left.swap_remove(at));
        Written { path: plain_path(&cwd.join(&before.path)), before, left }
    });
    // What the call left as it found it is nothing to take back.
    let is_changed = |written: &Written| {
        let after = written.after();
        after == FileContent::Unknown || written.before.known() != after
    };
    written.filter(is_changed).collect()
}

/// The undos of an operation so far.
pub(super) struct Before {
    /// One that was begun and has no outcome.
    pub(super) begun: Option<Uuid>,
    /// One that did not end well: what is begun now is another attempt at it.
    pub(super) failed: Option<Uuid>,
}

pub(super) fn before(operation: &Operation) -> Before {
    let mut before = Before { begun: None, failed: None };
    for record in operation.records.iter().filter_map(|stored| stored.record.as_ref()).filter(|record| is_undo(record))
    {
        match record.phase {
            Phase::Intent => before.begun = Some(record.id),
            Phase::Outcome if record.parent == before.begun => {
                before.begun = None;
                before.failed = record.parent.filter(|_| record.outcome != Some(Outcome::Ok));
            }
            Phase::Outcome | Phase::Event => {}
        }
    }
    before
}
