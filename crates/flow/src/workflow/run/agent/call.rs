//! One call that a model asks for: made where its node allows it, and answered in any case.

use std::sync::Arc;

use sealbook_record::{Category, Outcome, PartName, Target, TargetKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{CALL_ACTION, CALLS_MAX, Remembered, Work, fault};
use crate::executor::{Request, names_secret};
use crate::workflow::node::Tool as ToolNode;
use crate::workflow::run::tool::Again;
use crate::{Cause, Ending, Entered, Error, Fault, Said, ToolWish, enter, offload};

/// How much of what a tool gave is shown to a model.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// What a model is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answered {
    answer: String,
    failed: bool,
}

impl Answered {
    fn gave(value: &Value) -> Self {
        let mut answer = value.to_string();
        if answer.len() > ANSWER_BYTES_MAX {
            let mut end = ANSWER_BYTES_MAX;
            while !answer.is_char_boundary(end) {
                end -= 1;
            }
            let more = answer.len() - end;
            answer.truncate(end);
            answer.push_str(&format!(" … and {more} bytes more, which are left out"));
        }
        Self { answer, failed: false }
    }

    fn failed(why: impl Into<String>) -> Self {
        Self { answer: why.into(), failed: true }
    }
}

impl Work<'_> {
    /// Makes a call where that is allowed. When this returns, what came of it is sealed.
    ///
    /// Errors: nobody knows whether it took effect; a stop holds; the time is over.
    pub(super) async fn answered(&self, turn: u32, at: usize, wish: &ToolWish) -> Result<Said, Fault> {
        let path = format!("{}.call[{at}]", super::turn::path(&self.place.path, turn));
        let answered = match self.memory.answer(&path) {
            Remembered::Done(answered) => answered,
            Remembered::Hidden => {
                let why = "a tool was called before, and the record does not hold whole what it gave; a person decides";
                return Err(Fault::new(Cause::Lost).with_detail(why));
            }
            Remembered::No => self.call(path, at, wish).await?,
        };
        Ok(Said::Tool { id: wish.id.clone(), answer: answered.answer, failed: answered.failed })
    }

    async fn call(&self, path: String, at: usize, wish: &ToolWish) -> Result<Answered, Fault> {
        let left = self.left()?;
        let tool = self.offers.tool(&wish.tool);
        let target = Target::new(TargetKind::Tool, tool.unwrap_or("unknown"));
        let mut intent = self.record(CALL_ACTION, Category::AgentDecision, target);
        intent.set_part(PartName::Context, &self.note(path.clone())).expect("texts are JSON");
        intent.set_part(PartName::Input, wish).map_err(|_| Fault::permanent("what the model wants is no JSON"))?;
        let journal = Arc::clone(&self.agents.calls.recovery.journal);
        let entered = offload(move || enter(&journal, intent)).await;
        let entered = entered.and_then(|entered| entered).map_err(|error| fault(&error))?;
        let note = self.note(path.clone());
        let end = |entered: Entered, ending: Ending| async {
            let ending = ending.with(PartName::Context, &note);
            let ended = offload(move || entered.end(ending)).await;
            ended.and_then(|ended| ended).map_err(|error| fault(&error))
        };
        let refused = match tool {
            None => {
                Some(format!("There is no tool `{}` for you. There are: {}", shown(&wish.tool), self.offers.names()))
            }
            _ if at >= CALLS_MAX => Some(format!("More than {CALLS_MAX} calls at once are not made; call again")),
            // Those are the configuration's to place, and a text that a tool gave could ask for them.
            Some(_) if names_secret(&wish.input) => {
                Some("A call of yours cannot name a secret; those stand in the configuration of the tools".to_owned())
            }
            Some(tool) => self.misfit(tool, &wish.input),
        };
        if let Some(why) = refused {
            let answered = Answered::failed(why);
            end(entered, Ending::new(Outcome::Failed).with(PartName::Result, &answered)).await?;
            return Ok(answered);
        }
        let tool = tool.unwrap_or_default();
        match self.made(tool, &path, &wish.input, left, entered.id()).await {
            Ok(value) => {
                let answered = Answered::gave(&value);
                end(entered, Ending::new(Outcome::Ok).with(PartName::Result, &answered)).await?;
                Ok(answered)
            }
            Err(Broken::Told(why)) => {
                let answered = Answered::failed(why);
                end(entered, Ending::new(Outcome::Failed).with(PartName::Result, &answered)).await?;
                Ok(answered)
            }
            Err(Broken::Ends(fault)) => {
                let outcome = if fault.cause.is_undecided() { Outcome::Unknown } else { Outcome::Failed };
                end(entered, Ending::new(outcome).with(PartName::Error, &fault.to_string())).await?;
                Err(fault)
            }
        }
    }

    /// What is wrong with an input, for the model that wrote it.
    fn misfit(&self, tool: &str, input: &Value) -> Option<String> {
        let schema = &self.agents.calls.tools.get(tool)?.info().input;
        let misfit = schema.check(input).err()?;
        Some(format!("The input does not fit the tool's schema: {misfit}. Call it again with one that does."))
    }

    async fn made(
        &self,
        tool: &str,
        path: &str,
        input: &Value,
        left: std::time::Duration,
        intent: sealbook_record::Uuid,
    ) -> Result<Value, Broken> {
        let calls = &self.agents.calls;
        let node = ToolNode {
            tool_name: tool.to_owned(),
            parameters: Map::new(),
            retry_count: self.agent.retry_count,
            timeout_s: None,
            attempt_timeout_s: None,
            compensation: None,
        };
        let key = format!("{}/{path}", self.place.run_id);
        if self.memory.is_begun(path) {
            match calls.again(&node, &key, input).await.map_err(|error| Broken::Ends(fault(&error)))? {
                Again::Call => {}
                Again::Done(value) => return Ok(value),
                Again::Ask => {
                    let why = "a tool was called before, and nobody knows whether it took effect; a person decides";
                    return Err(Broken::Ends(Fault::new(Cause::Lost).with_detail(why)));
                }
            }
        }
        let mut request = Request::new(tool, input.clone(), self.actor.clone());
        request.session.clone_from(&self.place.request.session);
        request.project.clone_from(&self.place.request.project);
        request.reason.clone_from(&self.place.request.reason);
        request.parent = Some(intent);
        request.key = Some(key);
        request.step = Some(json!({"run": self.place.run_id, "path": path}));
        let mut timed = calls.clone();
        timed.recovery.retry.deadline = timed.recovery.retry.deadline.min(left);
        let executor = timed.executor(&node).map_err(|error| Broken::Ends(fault(&error)))?;
        match executor.call(&request).await {
            Ok(called) => match called.unsealed {
                Some(error) => Err(Broken::Ends(fault(&error))),
                None => Ok(called.result),
            },
            Err(error) => Err(match &error {
                Error::GaveUp(gave_up) if !gave_up.fault.cause.is_undecided() => {
                    Broken::Told(format!("The call failed: {}", gave_up.fault))
                }
                Error::Refused { .. } => Broken::Told("The rules do not allow this call.".to_owned()),
                Error::ToolInputInvalid { misfit, .. } => Broken::Told(format!("The input does not fit: {misfit}")),
                _ => Broken::Ends(fault(&error)),
            }),
        }
    }
}

/// How a call ended that gave nothing.
enum Broken {
    /// The model is told, and goes on.
    Told(String),
    /// The agent ends.
    Ends(Fault),
}

/// A name that a model made up.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
