//! A tool as a step of a run calls it: with the step's own retries and times.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::saga::Watched;
use crate::time::before;
use crate::tool::{Deed, Probed, Registry, Tool, ToolCall, ToolInfo};
use crate::workflow::node::Tool as ToolNode;
use crate::{Availability, Cause, Compensation, Error, Executor, Fault, Pending, Recovery, Secrets, Time};

/// What a step needs to call tools.
pub(super) struct Calls {
    pub(super) tenant: String,
    pub(super) tools: Arc<Registry>,
    pub(super) recovery: Recovery,
    pub(super) secrets: Arc<dyn Secrets>,
}

impl Calls {
    /// An executor for this step alone.
    ///
    /// Errors: there is no such tool.
    pub(super) fn executor(&self, node: &ToolNode) -> Result<Executor, Error> {
        let mut recovery = self.recovery.clone();
        recovery.journal = Arc::new(Watched { journal: Arc::clone(&self.recovery.journal), watch: None });
        recovery.retry.retries = node.retry_count;
        if let Some(seconds) = node.timeout_s {
            recovery.retry.deadline = Duration::from_secs(seconds);
        }
        let tools = match node.attempt_timeout_s {
            None => Arc::clone(&self.tools),
            Some(seconds) => {
                let mut timed = Registry::new();
                let (tool, time) = (Arc::clone(self.tool(node)?), Arc::clone(&recovery.time));
                timed.add(Arc::new(Timed { tool, time, most: Duration::from_secs(seconds) }))?;
                Arc::new(timed)
            }
        };
        Ok(Executor::new(self.tenant.clone(), tools, recovery, Arc::clone(&self.secrets)))
    }

    pub(super) fn tool(&self, node: &ToolNode) -> Result<&Arc<dyn Tool>, Error> {
        self.tools.get(&node.tool_name).ok_or_else(|| Error::ToolUnknown { tool: node.tool_name.clone() })
    }
}

/// A tool of which one attempt lasts no longer than this.
struct Timed {
    tool: Arc<dyn Tool>,
    time: Arc<dyn Time>,
    most: Duration,
}

impl Tool for Timed {
    fn info(&self) -> &ToolInfo {
        self.tool.info()
    }

    fn deed(&self, input: &Value) -> Deed {
        self.tool.deed(input)
    }

    fn availability(&self) -> Availability {
        self.tool.availability()
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            let ended = before(self.tool.call(call), self.time.wait(self.most)).await;
            ended.unwrap_or_else(|| Err(Fault::new(Cause::Timeout)))
        })
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        self.tool.probe(call)
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        self.tool.compensation(input, result)
    }
}
