//! What comes next in a saga: from what is known of it and nothing else.

use super::definition::SagaDefinition;
use super::state::{SagaRun, SagaStatus, StepRun, StepState, UndoState};
use super::taken::Taken;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SagaPlan {
    /// This step.
    Forward(usize),
    /// To find out how the last attempt at this step ended, forward or at taking it back.
    Settle {
        /// The step.
        step: usize,
        /// Whether the attempt was to take it back.
        undo: bool,
    },
    /// To take this step back.
    Undo(usize),
    /// Nothing, until somebody lets it go on.
    Hold(Hold),
    /// Nothing: it is over.
    End(SagaStatus),
}

/// Why a saga holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Somebody froze it.
    Frozen,
    /// This step asks first.
    Asks(usize),
    /// Nobody knows whether this step happened.
    Unknown(usize),
    /// This step failed after the point of no return: it can only be tried again.
    Forward(usize),
}

impl SagaRun {
    /// What comes next. An attempt that is open was begun by a process that is gone.
    pub fn next(&self, definition: &SagaDefinition) -> SagaPlan {
        if let Some(status) = self.ended {
            return SagaPlan::End(status);
        }
        if self.killed {
            return SagaPlan::End(SagaStatus::Killed);
        }
        if self.frozen {
            return SagaPlan::Hold(Hold::Frozen);
        }
        let steps: Vec<StepRun> = definition.steps.iter().map(|step| self.step(&step.name)).collect();
        let is_open = |step: &StepRun| step.state == StepState::Open;
        if let Some(step) = steps.iter().position(is_open) {
            return SagaPlan::Settle { step, undo: false };
        }
        if let Some(step) = steps.iter().position(|step| step.undo == UndoState::Open) {
            return SagaPlan::Settle { step, undo: true };
        }
        let pivot = definition.steps.iter().position(|step| step.pivot);
        // Where nobody knows, it may be that nothing can be taken back any more.
        let stands = |at: usize| matches!(steps[at].state, StepState::Done);
        let is_past = pivot.is_some_and(stands);
        if let Some(step) = steps.iter().position(|step| matches!(step.state, StepState::Unknown(_))) {
            let is_said = self.cancelled.is_some_and(|at| at > steps[step].heard) && pivot != Some(step) && !is_past;
            if !is_said && !has_undo(&steps) {
                let is_asked = self.resumed > steps[step].heard && self.resumed > self.held_at;
                return if is_asked {
                    SagaPlan::Settle { step, undo: false }
                } else {
                    SagaPlan::Hold(Hold::Unknown(step))
                };
            }
        }
        let failed = steps.iter().position(|step| matches!(step.state, StepState::Failed(_)));
        if let (Some(step), true) = (failed, is_past) {
            let is_asked = self.resumed > steps[step].heard;
            return if is_asked { SagaPlan::Forward(step) } else { SagaPlan::Hold(Hold::Forward(step)) };
        }
        if failed.is_some() || has_undo(&steps) || self.cancelled.is_some() && !is_past {
            return self.back(&steps);
        }
        let Some(step) = steps.iter().position(|step| step.state == StepState::Pending) else {
            return SagaPlan::End(SagaStatus::Completed);
        };
        let may = self.resumed > self.held_at && self.held_step.as_ref() == Some(&definition.steps[step].name);
        if definition.steps[step].ask_first && !may {
            return SagaPlan::Hold(Hold::Asks(step));
        }
        SagaPlan::Forward(step)
    }

    /// The step that began last and is not taken back yet; else how it ends.
    fn back(&self, steps: &[StepRun]) -> SagaPlan {
        let is_left = |step: &StepRun| {
            step.undo == UndoState::Pending
                && match step.state {
                    StepState::Done => step.taken != Some(Taken::Nothing),
                    StepState::Unknown(_) => true,
                    _ => false,
                }
        };
        let left = steps.iter().enumerate().filter(|(_, step)| is_left(step));
        if let Some((step, _)) = left.max_by_key(|(_, step)| step.began) {
            return SagaPlan::Undo(step);
        }
        let any = |fits: fn(&UndoState) -> bool| steps.iter().any(|step| fits(&step.undo));
        SagaPlan::End(if any(|undo| matches!(undo, UndoState::Failed(_) | UndoState::Unknown(_))) {
            SagaStatus::CompensationFailed
        } else if any(|undo| matches!(undo, UndoState::Impossible(_))) {
            SagaStatus::NotUndoable
        } else if any(|undo| *undo == UndoState::Done) {
            SagaStatus::Compensated
        } else if self.cancelled.is_some() {
            SagaStatus::Cancelled
        } else {
            SagaStatus::Failed
        })
    }

    /// Whether it is past its point of no return, or may be: then it goes forward only.
    pub fn is_past_return(&self, definition: &SagaDefinition) -> bool {
        let pivot = definition.steps.iter().find(|step| step.pivot);
        pivot.is_some_and(|step| {
            matches!(self.step(&step.name).state, StepState::Done | StepState::Open | StepState::Unknown(_))
        })
    }
}

fn has_undo(steps: &[StepRun]) -> bool {
    steps.iter().any(|step| step.undo != UndoState::Pending)
}
