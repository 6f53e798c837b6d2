//! Going back: a run made from another one, and what that one gave taken for what this one would.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::event::{Fork, StepEnd};
use super::state::{Run, Step};
use crate::workflow::definition::Definition;
use crate::workflow::error::{WorkflowError, shown};
use crate::workflow::graph::Graph;
use crate::workflow::node::{Config, Node};

/// What is taken from the record of an earlier run.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    run: Run,
    /// Nodes whose result is taken as it is on record.
    kept: HashSet<String>,
    /// The step at which this run goes another way.
    at: Option<String>,
    dry: bool,
}

/// What the record says of a step.
pub(super) enum Stub {
    /// It is taken from there.
    Gave(Value),
    /// It is taken from there: it failed.
    Failed(String),
}

impl Recorded {
    /// A new run from this one, which goes another way from a node on: what does not come after that is taken from the
    /// record. A dry one calls nothing that has an effect, and takes what is on record of that too.
    ///
    /// Errors: there is no such node; or the record does not hold the data.
    pub fn fork(run: Run, definition: &Definition, at: &str, dry: bool) -> Result<Self, WorkflowError> {
        let graph = Graph::of(definition);
        let Some(from) = graph.node(at) else { return Err(WorkflowError::NodeNotFound { id: shown(at) }) };
        whole(&run)?;
        let behind = graph.reached(&[from], |_| true);
        let nodes = definition.nodes().iter().enumerate().filter(|(index, _)| !behind[*index]);
        let kept = nodes.map(|(_, node)| node.node_id.clone());
        let is_done = |id: &String| matches!(run.steps.get(id), Some(Step::Ended(StepEnd::Completed(_))));
        let kept = kept.filter(is_done).collect();
        Ok(Self { run, kept, at: Some(at.to_owned()), dry })
    }

    /// Every step anew, and nothing with an effect is called: what is on record of it is taken instead.
    ///
    /// Errors: the record does not hold the data.
    pub fn replay(run: Run) -> Result<Self, WorkflowError> {
        whole(&run)?;
        Ok(Self { run, kept: HashSet::new(), at: None, dry: true })
    }

    /// The run that it is taken from.
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// Whether nothing with an effect is called.
    pub const fn is_dry(&self) -> bool {
        self.dry
    }

    pub(super) fn note(&self) -> Option<Fork> {
        self.at.as_ref().map(|at| Fork { run: self.run.run_id.clone(), at: at.clone() })
    }

    /// What stands for a step; `None` where it is done. `is_harmless` says of a tool that it only reads or computes.
    pub(super) fn stub(&self, node: &Node, path: &str, is_harmless: bool) -> Option<Stub> {
        let root = path.split(['[', '.']).next().unwrap_or(path);
        let is_effect = match &node.config {
            Config::Tool(_) => !is_harmless,
            Config::Agent(_) | Config::Approval(_) | Config::Workflow(_) | Config::Saga(_) | Config::Wait(_) => true,
            _ => false,
        };
        let stubs = self.dry && (is_effect || matches!(node.config, Config::Tool(_)));
        let known = self.run.steps.get(path).filter(|_| stubs || self.kept.contains(root));
        match known {
            Some(Step::Ended(StepEnd::Completed(value))) => return Some(Stub::Gave(value.clone())),
            Some(Step::Ended(StepEnd::Failed(why) | StepEnd::Unknown(why))) => return Some(Stub::Failed(why.clone())),
            _ => {}
        }
        if !(self.dry && is_effect) {
            return None;
        }
        Some(match &node.config {
            Config::Wait(_) => Stub::Gave(json!({"until": null})),
            _ => Stub::Failed(format!(
                "it is not done in a dry run, and {} has nothing on record of what it gave",
                self.run.run_id
            )),
        })
    }
}

fn whole(run: &Run) -> Result<(), WorkflowError> {
    if run.inputs.is_none() || run.steps.values().any(|step| *step == Step::Ended(StepEnd::Hidden)) {
        let why = "the record does not hold the data of this run whole; begin another one";
        return Err(WorkflowError::RunNotResumable { run: run.run_id.clone(), why });
    }
    Ok(())
}
