//! What became of a saga's steps, for its certificate of undo.

use sealbook_record::{Certificate, CertifiedOperation, Undone};

use super::state::{SagaRun, StepRun, UndoState};

/// The certificate, and whether all of it was taken back; `None` where there was nothing to take back.
pub(super) fn certificate(run: &SagaRun) -> Option<(Certificate, bool)> {
    let mut steps: Vec<&StepRun> = run.steps.values().filter(|step| step.undo != UndoState::Pending).collect();
    if steps.is_empty() {
        return None;
    }
    // In the order in which they were taken back.
    steps.sort_by_key(|step| std::cmp::Reverse(step.began));
    let operations: Vec<CertifiedOperation> = steps.into_iter().map(told).collect();
    let undone = operations.iter().filter(|told| told.undone.is_back()).count();
    let not_undone = operations.len() - undone;
    let is_complete = not_undone == 0;
    let scope = format!("saga {}", run.id);
    Some((Certificate { scope, complete: is_complete, undone, not_undone, operations }, is_complete))
}

fn told(step: &StepRun) -> CertifiedOperation {
    let (undone, why) = match &step.undo {
        UndoState::Done => (Undone::Compensated, None),
        UndoState::Impossible(why) => (Undone::NotUndoable, Some(why.clone())),
        UndoState::Failed(why) | UndoState::Unknown(why) => (Undone::CompensationFailed, Some(why.clone())),
        UndoState::Open | UndoState::Pending => (Undone::CompensationFailed, Some("it has no end".to_owned())),
    };
    CertifiedOperation {
        operation: step.operation.map_or_else(String::new, |id| id.to_string()),
        action: step.action.clone(),
        undone,
        evidence: step.undo_record.map(|id| id.to_string()),
        why,
        files: Vec::new(),
    }
}
