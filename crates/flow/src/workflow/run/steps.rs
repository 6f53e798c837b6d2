//! What other rooms do for a run: agents, approvals, sub-workflows.

use std::sync::Arc;

use sealbook_record::Uuid;
use serde_json::Value;
use tokio::sync::watch;

use super::runner::RunRequest;
use crate::workflow::node::Node;
use crate::{Fault, Pending};

/// Where in a run a step stands.
#[derive(Debug, Clone)]
pub struct Place {
    /// The run.
    pub run_id: String,
    /// The step.
    pub path: String,
    /// The same for each attempt of this step, and for no other: whoever did it already gives what it gave then.
    pub key: String,
    /// It was begun before, and how that ended is not on record.
    pub again: bool,
    /// Its record, from which others follow.
    pub intent: Uuid,
    /// The workflow.
    pub workflow_id: String,
    /// The digest of the definition that the run pins.
    pub digest: String,
    /// What the step is about: the run's inputs, and what the edges that lead to it bring.
    pub data: Value,
    /// What the run was begun with.
    pub request: Arc<RunRequest>,
    /// Whether the run is frozen. Whoever ends early for that says so here.
    pub(crate) frozen: watch::Sender<bool>,
}

impl Place {
    /// The step goes no further: the run is frozen, and goes on with it later.
    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }
}

/// Does the steps that are neither tools nor computed here.
pub trait Hands: Send + Sync {
    /// Does the step; `asked` is what its templates gave: a text for an agent and an approval, a map of inputs for a
    /// sub-workflow. An approval gives its answer, and fails where that is a no.
    ///
    /// Errors: it failed; or nobody knows ([`Cause::is_undecided`](crate::Cause::is_undecided)).
    fn step<'a>(&'a self, node: &'a Node, asked: Value, place: &'a Place) -> Pending<'a, Result<Value, Fault>>;
}

/// Nobody: such a step fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHands;

impl Hands for NoHands {
    fn step<'a>(&'a self, node: &'a Node, _: Value, _: &'a Place) -> Pending<'a, Result<Value, Fault>> {
        let why = format!("nothing here does steps of the type {}", node.config.node_type());
        Box::pin(std::future::ready(Err(Fault::permanent(why))))
    }
}
