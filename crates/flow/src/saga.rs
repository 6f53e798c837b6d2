//! Sagas: steps that are all done, or taken back.
//!
//! A saga is data, journalled whole before its first step begins. Each step is a call of the
//! [executor](crate::Executor) with an operation of its own, so that intents, outcomes and what takes a step back are
//! records like those of any call. [`SagaRun`] is a fold over these records, and [`SagaRun::next`] a pure function of
//! it: going on after a crash is reading and going on. Other processes cancel, kill, freeze and resume by records.

mod action;
mod certify;
mod definition;
mod manager;
mod note;
mod plan;
mod runner;
mod state;
mod step;
mod taken;
mod watch;

pub use self::action::{Action, ActionCall, ActionSaga};
pub use self::definition::{Compensator, Irreversible, Order, SagaDefinition, SagaProblems, SagaStep};
pub use self::manager::{SagaAnswer, SagaManager, SagaSummary};
pub use self::note::{
    CANCEL_ACTION, Control, FREEZE_ACTION, HELD_ACTION, KILL_ACTION, RESUME_ACTION, SAGA_ACTION, STEP_ACTION,
};
pub use self::plan::{Hold, SagaPlan};
pub use self::runner::{SagaRequest, SagaRunner, Tempo, WhenHeld};
pub use self::state::{SagaRun, SagaStatus, StepRun, StepState, UndoState};
pub use self::taken::Taken;
pub(crate) use self::taken::declared;
pub(crate) use self::watch::Watched;
pub use self::watch::{control, find_saga, sagas};
