//! Runs: what is on record decides what comes next, so that going on after a crash is reading and going on.
//!
//! [`Run`] is a fold over events, and [`Run::next`] a pure function of it and the definition. [`Runner`] does what
//! comes next, and writes down each step before and after.

mod calls;
mod event;
mod plan;
mod runner;
mod state;
mod steps;
mod tool;

pub use self::event::{NODE_ACTION, RUN_ACTION, RunEvent, StepEnd};
pub use self::plan::Plan;
pub use self::runner::{RunRequest, Runner};
pub use self::state::{NodeStatus, Run, RunStatus, Step, Trace};
pub use self::steps::{Hands, NoHands, Place};
