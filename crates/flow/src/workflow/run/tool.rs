//! A tool as a step of a run calls it: with the step's own retries and times.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::saga::Watched;
use crate::time::before;
use crate::tool::{Deed, Effect, Probed, Registry, Tool, ToolCall, ToolInfo};
use crate::workflow::node::Tool as ToolNode;
use crate::{Availability, Cause, Compensation, Error, Executor, Fault, Pending, Recovery, Secrets, Time};

/// What a step needs to call tools.
#[derive(Clone)]
pub(super) struct Calls {
    pub(super) tenant: String,
    pub(super) tools: Arc<Registry>,
    pub(super) recovery: Recovery,
    pub(super) secrets: Arc<dyn Secrets>,
}

/// What is to be done with a call of which nobody knows whether it took effect.
pub(super) enum Again {
    /// It is made again, with the same key.
    Call,
    /// It took effect, and gave this.
    Done(Value),
    /// A person decides.
    Ask,
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
                if let Some(pin) = self.tools.required(&node.tool_name) {
                    timed.require(&node.tool_name, pin);
                }
                Arc::new(timed)
            }
        };
        Ok(Executor::new(self.tenant.clone(), tools, recovery, Arc::clone(&self.secrets)))
    }

    pub(super) fn tool(&self, node: &ToolNode) -> Result<&Arc<dyn Tool>, Error> {
        self.tools.get(&node.tool_name).ok_or_else(|| Error::ToolUnknown { tool: node.tool_name.clone() })
    }

    /// What comes of a call that was begun, and whose outcome is not on record.
    pub(super) async fn again(&self, node: &ToolNode, key: &str, input: &Value) -> Result<Again, Error> {
        let tool = self.tool(node)?;
        let operation = self.recovery.journal.next_id();
        let left = self.recovery.retry.deadline;
        let call = ToolCall { tenant: &self.tenant, operation, key, input, left };
        Ok(match tool.deed(input).effect {
            Effect::Pure | Effect::Read | Effect::Idempotent => Again::Call,
            Effect::Unsafe => Again::Ask,
            Effect::Probeable => match tool.probe(&call).await {
                Ok(Probed::Done(value)) => Again::Done(value),
                Ok(Probed::NotDone) => Again::Call,
                Err(_) => Again::Ask,
            },
        })
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
