//! Runs: what is on record decides what comes next, so that going on after a crash is reading and going on.
//!
//! [`Run`] is a fold over events, and [`Run::next`] a pure function of it and the definition. [`Runner`] does what
//! comes next, and writes down each step before and after.

mod agent;
mod asking;
mod calls;
mod crew;
mod event;
mod found;
mod plan;
mod runner;
mod state;
mod steps;
mod tool;
mod travel;
mod wish;

pub use self::agent::{Agents, CALL_ACTION, Models, TURN_ACTION};
pub use self::asking::Notice;
pub use self::crew::Equipment;
pub use self::event::{CANCEL_ACTION, FREEZE_ACTION, Fork, NODE_ACTION, RESUME_ACTION, RUN_ACTION, RunEvent, StepEnd};
pub use self::found::{find_run, runs};
pub use self::plan::Plan;
pub use self::runner::{Observer, RunRequest, Runner};
pub use self::state::{NodeStatus, Run, RunStatus, Step, Trace};
pub use self::steps::{Hands, NoHands, Place};
pub use self::travel::Recorded;
pub use self::wish::{BookWishes, Wish, Wishes, wish};
