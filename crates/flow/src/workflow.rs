//! Workflows: definitions as JSON, what there is to say of them before they run, and how they run.
//!
//! Everything here but `run` is a pure function of a definition. A definition is bounded before anything is made of
//! it; an expression or a template is bounded in size, nesting, steps and what it gives. What is computed quotes no
//! data of a run.

mod bounds;
mod definition;
mod diagram;
mod diff;
mod edit;
mod error;
mod explain;
mod expression;
mod facts;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod graph;
mod node;
mod path;
mod run;
mod schema;
mod scope;
mod shelf;
mod template;
mod uses;
mod validate;

pub use self::bounds::{DEFINITION_BYTES_MAX, EDGES_MAX, NODES_MAX};
pub use self::definition::{Definition, Edge, TIMEOUT_S};
pub use self::diagram::{DiagramFormat, diagram};
pub use self::diff::{Changed, Diff, NodeChanged, diff};
pub use self::edit::{NewWorkflow, NodeChange, node_id, run_id, workflow_id};
pub use self::error::WorkflowError;
pub use self::explain::{Detail, explain, listing, not_mentioned};
pub use self::facts::{Facts, ToolFacts, Undoing};
pub use self::node::{
    Agent, AgentType, Approval, Condition, ConditionType, Config, Excess, Input, InputType, Join, Loop, Merge, Node,
    NodeType, Output, OutputFormat, Parallel, Position, Reducer, Saga, SubWorkflow, Tool as ToolNode, Transform,
    TransformConfig, TransformType, Undo, Wait,
};
pub use self::path::Path;
pub use self::run::{
    Agents, BookWishes, CALL_ACTION, CANCEL_ACTION, Equipment, FREEZE_ACTION, Fork, Hands, Models, NODE_ACTION,
    NoHands, NodeStatus, Notice, Observer, Place, Plan, RESUME_ACTION, RUN_ACTION, Recorded, Run, RunEvent, RunRequest,
    RunStatus, Runner, Step, StepEnd, TURN_ACTION, Trace, Wish, Wishes, find_run, runs, wish,
};
pub use self::schema::{NodeTemplate, node_templates, schema};
pub use self::scope::Scope;
pub use self::shelf::{DEFINED_ACTION, DELETED_ACTION, Shelf, Shelved, Unread};
pub use self::validate::{Stuck, Validation, validate};
