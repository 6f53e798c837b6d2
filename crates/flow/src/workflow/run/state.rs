//! How a run stands: a fold over what happened.

use std::collections::BTreeMap;

use sealbook_record::{Actor, Timestamp, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::calls::CallsRun;
use super::event::{Fork, RunEvent, StepEnd};
use crate::workflow::definition::Definition;
use crate::workflow::node::Config;
use crate::workflow::scope::Scope;

/// How a node stands in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// It has not begun.
    Pending,
    /// It has begun.
    Running,
    /// It is done.
    Completed,
    /// It failed, or nobody knows.
    Failed,
    /// It will not run: another branch was taken, or what leads to it failed.
    Skipped,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It has begun.
    Running,
    /// All of it is done.
    Completed,
    /// It failed.
    Failed,
    /// It was called off.
    Cancelled,
    /// Of a step nobody knows whether it happened: a person decides.
    Unknown,
    /// It is halted, and goes on when a person says so.
    Frozen,
}

impl RunStatus {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::Frozen => "frozen",
        }
    }

    /// Whether it may go on.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Frozen)
    }
}

/// A step, as far as it came.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// It began; how it ended is not on record.
    Open,
    /// It ended.
    Ended(StepEnd),
}

/// One line of what happened, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// When.
    pub timestamp: Timestamp,
    /// Which step.
    pub node_id: String,
    /// Its name.
    pub node_name: String,
    /// `starting`, `completed` or `failed`.
    pub action: &'static str,
    /// Letters of what it gave, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_size: Option<usize>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// Which workflow.
    pub workflow_id: String,
    /// The digest of the definition that it pins.
    pub digest: String,
    /// The version of that.
    pub version: Option<u64>,
    /// The run that it was made from, and at which step it goes another way.
    pub fork: Option<Fork>,
    /// Whether nothing with an effect is called in it.
    pub dry: bool,
    /// Who began it.
    pub by: Option<Actor>,
    /// What it was given; `None` where the record does not hold it.
    pub inputs: Option<Value>,
    /// The intent on record.
    pub intent: Uuid,
    /// Its operation.
    pub operation: Option<Uuid>,
    /// How it stands.
    pub status: RunStatus,
    /// Why, where it did not go well.
    pub why: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its steps, by their paths.
    pub steps: BTreeMap<String, Step>,
    /// The calls of its steps.
    pub(super) calls: CallsRun,
    /// What happened to which step, in order.
    lines: Vec<Line>,
}

/// A step began or ended.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    path: String,
    at: Timestamp,
    is_end: bool,
}

impl Run {
    /// Folds what happened, oldest first; `None` where no run began.
    pub fn fold(events: impl IntoIterator<Item = RunEvent>) -> Option<Self> {
        let mut events = events.into_iter();
        let mut run = events.by_ref().find_map(Self::begun)?;
        events.for_each(|event| run.apply(event));
        Some(run)
    }

    fn begun(event: RunEvent) -> Option<Self> {
        let RunEvent::Began { run_id, workflow_id, digest, version, fork, dry, by, inputs, intent, operation, at } =
            event
        else {
            return None;
        };
        Some(Self {
            run_id,
            workflow_id,
            digest,
            version,
            fork,
            dry,
            by,
            inputs,
            intent,
            operation,
            status: RunStatus::Running,
            why: None,
            began: at,
            ended: None,
            steps: BTreeMap::new(),
            calls: CallsRun::default(),
            lines: Vec::new(),
        })
    }

    /// Whether nothing more is known of it than of the other.
    pub(super) fn is_as_far_as(&self, other: &Self) -> bool {
        (self.status, self.lines.len()) == (other.status, other.lines.len())
    }

    /// One more thing happened.
    pub fn apply(&mut self, event: RunEvent) {
        match event {
            call @ (RunEvent::CallBegan { .. } | RunEvent::CallEnded { .. } | RunEvent::NotUndoable { .. }) => {
                self.calls.apply(call);
            }
            RunEvent::StepBegan { path, at } => {
                self.lines.push(Line { path: path.clone(), at, is_end: false });
                self.steps.insert(path, Step::Open);
            }
            RunEvent::StepEnded { path, end, at } => {
                self.lines.push(Line { path: path.clone(), at, is_end: true });
                self.steps.insert(path, Step::Ended(end));
            }
            RunEvent::Frozen if self.status == RunStatus::Running => self.status = RunStatus::Frozen,
            RunEvent::Resumed if self.status == RunStatus::Frozen => self.status = RunStatus::Running,
            RunEvent::Began { .. } | RunEvent::Frozen | RunEvent::Resumed => {}
            RunEvent::Ended { status, why, at } => {
                self.status = status;
                self.why = why;
                self.ended = Some(at);
            }
        }
    }

    /// What the run's expressions and templates see.
    pub fn scope(&self, definition: &Definition) -> Scope {
        let inputs = self.inputs.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let mut scope = Scope::new(inputs);
        for node in definition.nodes() {
            if let Some(Step::Ended(StepEnd::Completed(value))) = self.steps.get(&node.node_id) {
                scope.gave(&node.node_id, value.clone());
            }
        }
        scope
    }

    /// What its outputs gave, by the ids of their nodes.
    pub fn outputs(&self, definition: &Definition) -> Map<String, Value> {
        let of = |(id, step): (&String, &Step)| match step {
            Step::Ended(StepEnd::Completed(value)) => Some((id.clone(), value.clone())),
            _ => None,
        };
        let is_output = |id: &String| {
            definition.nodes().iter().any(|it| it.node_id == *id && matches!(it.config, Config::Output(_)))
        };
        self.steps.iter().filter(|(id, _)| is_output(id)).filter_map(of).collect()
    }

    /// What happened, line by line.
    pub fn trace(&self, definition: &Definition) -> Vec<Trace> {
        let line = |path: &str, at: Timestamp, action| {
            let node_name = name_of(definition, path);
            Trace { timestamp: at, node_id: path.to_owned(), node_name, action, result_size: None, error: None }
        };
        let told = self.lines.iter().map(|Line { path, at, is_end }| {
            let Some(Step::Ended(end)) = self.steps.get(path).filter(|_| *is_end) else {
                return line(path, *at, "starting");
            };
            match end {
                StepEnd::Completed(value) => {
                    Trace { result_size: Some(value.to_string().chars().count()), ..line(path, *at, "completed") }
                }
                StepEnd::Hidden => line(path, *at, "completed"),
                StepEnd::Failed(why) | StepEnd::Unknown(why) => {
                    Trace { error: Some(why.clone()), ..line(path, *at, "failed") }
                }
                StepEnd::Cancelled => {
                    Trace { error: Some("it was called off".to_owned()), ..line(path, *at, "failed") }
                }
            }
        });
        told.collect()
    }

    /// What went wrong, in order: `Node <name> failed: <why>`.
    pub fn errors(&self, definition: &Definition) -> Vec<String> {
        let failed = self
            .trace(definition)
            .into_iter()
            .filter_map(|line| Some(format!("Node {} failed: {}", line.node_name, line.error?)));
        failed.collect()
    }

    /// How it stands, in the shape that was asked for.
    pub fn status(&self, definition: &Definition, now: Timestamp) -> Value {
        let seconds = |at: Timestamp| at.as_micros() as f64 / 1e6;
        let completed = |node: &&crate::workflow::node::Node| {
            matches!(self.steps.get(&node.node_id), Some(Step::Ended(StepEnd::Completed(_) | StepEnd::Hidden)))
        };
        let current = definition.nodes().iter().find(|node| matches!(self.steps.get(&node.node_id), Some(Step::Open)));
        json!({
            "execution_id": self.run_id,
            "workflow_id": self.workflow_id,
            "digest": self.digest,
            "version": self.version,
            "dry": self.dry,
            "status": self.status.as_str(),
            "start_time": seconds(self.began),
            "end_time": self.ended.map(seconds),
            "current_node": current.map(|node| &node.node_id),
            "progress": definition.nodes().iter().filter(completed).count(),
            "total_nodes": definition.nodes().len(),
            "errors": self.errors(definition),
            "duration": seconds(self.ended.unwrap_or(now)) - seconds(self.began),
        })
    }
}

/// The name of the node that a step belongs to.
fn name_of(definition: &Definition, path: &str) -> String {
    let id = path.rsplit('.').next().unwrap_or(path);
    definition.node(id).map_or_else(|| path.to_owned(), |node| node.name.clone())
}
