//! Calls tools, each on record: what is asked, what came of it, and what would take it back.

mod recover;
mod request;
mod secret;

use std::sync::Arc;

use sealbook_record::{
    COMPENSATION_PREFIX, Outcome, PartName, Phase, RECONCILED_ACTION, Record, Severity, Target, TargetKind, Uuid,
};
use serde::Serialize;
use serde_json::Value;

pub use self::recover::{Recovered, Unfinished};
pub use self::request::{Called, Request, TakenBy, ToolAnswer};
pub(crate) use self::secret::names_secret;
pub use self::secret::{NoSecrets, Secrets};
use crate::tool::{Compensation, Deed, Effect, Probed, Registry, Tool, ToolCall};
use crate::{Call, Cause, Error, Failed, Fault, GaveUp, Next, Recovery, Repeat, Success, offload};

/// Calls tools of a registry for one tenant.
#[derive(Clone)]
pub struct Executor {
    tenant: String,
    tools: Arc<Registry>,
    recovery: Recovery,
    secrets: Arc<dyn Secrets>,
}

/// What the part `context` of a call's intent says of the tool.
#[derive(Serialize)]
struct ToolNote<'a> {
    tool: &'a str,
    pin: &'a str,
    effect: Effect,
    reversal: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a Value>,
}

/// What the part `metadata` of a call's outcome says of its undo.
#[derive(Serialize)]
struct UndoNote<'a> {
    compensation: CompensationNote<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum CompensationNote<'a> {
    Nothing,
    Call { tool: &'a str, input: &'a Value },
    Irreversible { why: &'a str },
}

/// A call that was looked at, and can be made.
struct Ready<'r> {
    request: &'r Request,
    tool: &'r dyn Tool,
    deed: Deed,
    /// With its secrets.
    input: Value,
    key: String,
    operation: Uuid,
    tenant: &'r str,
}

/// What the other side says of a call, written down.
enum Asked {
    Done(Called),
    NotDone,
}

impl Executor {
    /// Calls these tools, as this recovery tries and writes down.
    pub fn new(tenant: impl Into<String>, tools: Arc<Registry>, recovery: Recovery, secrets: Arc<dyn Secrets>) -> Self {
        Self { tenant: tenant.into(), tools, recovery, secrets }
    }

    /// The tools that it calls.
    pub fn tools(&self) -> &Registry {
        &self.tools
    }

    /// Where it writes down.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Calls a tool, and tries again as its effect allows. When this returns, what came of it is sealed.
    ///
    /// Errors: the call cannot be made (no such tool, input that does not fit, a secret that is missing), which is on
    /// record as an event that failed; it failed for good ([`Error::GaveUp`]); rules or a stop forbid it; or the book
    /// could not be written.
    pub async fn call(&self, request: &Request) -> Result<Called, Error> {
        let operation = request.operation.unwrap_or_else(|| self.recovery.journal.next_id());
        let ready = match self.ready(request, operation) {
            Ok(ready) => ready,
            Err(error) => {
                self.write_refusal(request, operation, &error).await?;
                return Err(error);
            }
        };
        if ready.deed.effect == Effect::Probeable {
            return self.call_and_ask(&ready).await;
        }
        let repeat = ready.deed.effect.repeat(&ready.key);
        self.attempts(&ready, &self.recovery, repeat, request.parent).await
    }

    /// The same, told as the older tool executor told it: an error is an answer too.
    pub async fn execute_tool(&self, request: &Request) -> ToolAnswer {
        ToolAnswer::of(&request.tool, self.call(request).await)
    }

    fn ready<'r>(&'r self, request: &'r Request, operation: Uuid) -> Result<Ready<'r>, Error> {
        let name = &request.tool;
        let tool = self.tools.get(name).ok_or_else(|| Error::ToolUnknown { tool: name.clone() })?.as_ref();
        if let Some(why) = tool.availability().why {
            return Err(Error::ToolUnavailable { tool: name.clone(), why });
        }
        let mut expected = request.pin.as_deref().into_iter().chain(self.tools.required(name));
        if let Some(expected) = expected.find(|pin| self.tools.pin(name) != Some(*pin)) {
            return Err(Error::ToolChanged { tool: name.clone(), pin: expected.to_owned() });
        }
        tool.info()
            .input
            .check(&request.input)
            .map_err(|misfit| Error::ToolInputInvalid { tool: name.clone(), misfit })?;
        let input = secret::resolved(&request.input, &*self.secrets)?;
        let key = request.key.clone().unwrap_or_else(|| operation.to_string());
        Ok(Ready { request, tool, deed: tool.deed(&request.input), input, key, operation, tenant: &self.tenant })
    }

    async fn attempts(
        &self,
        ready: &Ready<'_>,
        recovery: &Recovery,
        repeat: Repeat,
        parent: Option<Uuid>,
    ) -> Result<Called, Error> {
        let call = Call { intent: self.intent(ready), repeat };
        let done = recovery
            .run_in(&call, ready.operation, parent, |attempt| async move {
                let result = ready.tool.call(&ready.tool_call(attempt.left)).await?;
                let compensation = ready.taken(&result)?;
                let noted = Success::new(()).recorded(&result).noting(PartName::Metadata, &UndoNote::of(&compensation));
                Ok(Success { value: (result, compensation), result: noted.result, also: noted.also })
            })
            .await?;
        let (result, compensation) = done.value;
        let (intent, attempts, unsealed) = (done.intent, done.attempts, done.unsealed);
        Ok(Called { result, compensation, operation: ready.operation, intent, attempts, unsealed })
    }

    /// One attempt after the other; after each of which nobody knows how it ended, the other side is asked.
    async fn call_and_ask(&self, ready: &Ready<'_>) -> Result<Called, Error> {
        let one = Recovery { retry: self.recovery.retry.never(), ..self.recovery.clone() };
        let (retry, time) = (&self.recovery.retry, &self.recovery.time);
        let began = time.passed();
        let (mut parent, mut attempt) = (ready.request.parent, 1);
        loop {
            let gave_up = match self.attempts(ready, &one, Repeat::No, parent).await {
                Err(Error::GaveUp(gave_up)) => gave_up,
                ended => return ended.map(|called| Called { attempts: attempt, ..called }),
            };
            if gave_up.fault.cause.is_undecided()
                && let Some(called) = self.ask(ready, &gave_up, attempt).await?
            {
                return Ok(called);
            }
            let passed = time.passed().saturating_sub(began);
            let failed =
                Failed { fault: &gave_up.fault, repeat: &Repeat::Idempotent, attempt, passed, now: time.now() };
            match retry.next(&failed, self.recovery.random()) {
                Next::Retry(wait) => time.pause(wait).await,
                Next::End(why) => return Err(Error::GaveUp(Box::new(GaveUp { why, attempts: attempt, ..*gave_up }))),
            }
            (parent, attempt) = (Some(gave_up.last), attempt + 1);
        }
    }

    /// Asks whether an attempt took effect, and writes down what the other side says; `None` where it did not.
    ///
    /// Errors: the failed attempt again, where it cannot be told: it stays `unknown`.
    async fn ask(&self, ready: &Ready<'_>, gave_up: &GaveUp, attempts: u32) -> Result<Option<Called>, Error> {
        let Some(probed) = self.probed(ready, gave_up.last, attempts).await? else {
            return Err(Error::GaveUp(Box::new(GaveUp { attempts, ..gave_up.clone() })));
        };
        Ok(match probed {
            Asked::Done(called) => Some(called),
            Asked::NotDone => None,
        })
    }

    /// Asks whether the attempt of this intent took effect, and writes down the answer; `None` where it cannot be told.
    async fn probed(&self, ready: &Ready<'_>, last: Uuid, attempts: u32) -> Result<Option<Asked>, Error> {
        let left = self.recovery.retry.deadline;
        let Ok(probed) = ready.tool.probe(&ready.tool_call(left)).await else { return Ok(None) };
        let mut told = self.intent(ready);
        RECONCILED_ACTION.clone_into(&mut told.action);
        told.phase = Phase::Event;
        told.operation = Some(ready.operation);
        told.parent = Some(last);
        told.parts.remove(&PartName::Input);
        let asked = match probed {
            Probed::NotDone => {
                told.outcome = Some(Outcome::Failed);
                Asked::NotDone
            }
            Probed::Done(result) => {
                let compensation = ready.compensation(&result);
                told.outcome = Some(Outcome::Ok);
                told.set_part(PartName::Result, &result).expect("a JSON value is JSON");
                told.set_part(PartName::Metadata, &UndoNote::of(&compensation)).expect("its keys are texts");
                let (operation, intent) = (ready.operation, last);
                Asked::Done(Called { result, compensation, operation, intent, attempts, unsealed: None })
            }
        };
        self.seal(told).await?;
        Ok(Some(asked))
    }

    fn intent(&self, ready: &Ready<'_>) -> Record {
        let request = ready.request;
        let mut record = request.record(&*self.recovery.journal, Target::new(TargetKind::Tool, &request.tool));
        record.action = match &request.undoes {
            Some(undone) => format!("{COMPENSATION_PREFIX}{undone}"),
            None => ready.deed.action.clone(),
        };
        record.category = ready.deed.category;
        record.set_part(PartName::Input, &request.input).expect("a JSON value is JSON");
        let note = ToolNote {
            tool: &request.tool,
            pin: self.tools.pin(&request.tool).unwrap_or_default(),
            effect: ready.deed.effect,
            reversal: ready.deed.reversal.as_str(),
            step: request.step.as_ref(),
        };
        record.set_part(PartName::Context, &note).expect("its keys are texts");
        record
    }

    /// Writes down that a call could not be made.
    async fn write_refusal(&self, request: &Request, operation: Uuid, error: &Error) -> Result<(), Error> {
        let mut record = request.record(&*self.recovery.journal, Target::new(TargetKind::Tool, &request.tool));
        record.action = match &request.undoes {
            Some(undone) => format!("{COMPENSATION_PREFIX}{undone}"),
            None => "tool.call".to_owned(),
        };
        if let Some(step) = &request.step {
            let note = serde_json::json!({"tool": request.tool, "step": step});
            record.set_part(PartName::Context, &note).expect("a JSON value is JSON");
        }
        record.operation = Some(operation);
        record.parent = request.parent;
        record.outcome = Some(Outcome::Failed);
        if matches!(error, Error::ToolChanged { .. }) {
            record.severity = Severity::Critical;
            record.tags.push("tool_changed".to_owned());
        }
        record.set_part(PartName::Input, &request.input).expect("a JSON value is JSON");
        let said = serde_json::json!({"code": error.code(), "message": error.to_string()});
        record.set_part(PartName::Error, &said).expect("texts are JSON");
        self.seal(record).await
    }

    async fn seal(&self, mut record: Record) -> Result<(), Error> {
        let journal = Arc::clone(&self.recovery.journal);
        record.id = journal.next_id();
        record.occurred = journal.now();
        offload(move || journal.seal(record)).await?
    }
}

impl Ready<'_> {
    fn tool_call(&self, left: std::time::Duration) -> ToolCall<'_> {
        ToolCall { tenant: self.tenant, operation: self.operation, key: &self.key, input: &self.input, left }
    }

    /// What takes the call back; first, whether it gave what it says it gives.
    fn taken(&self, result: &Value) -> Result<Compensation, Fault> {
        if let Some(schema) = &self.tool.info().output
            && let Err(misfit) = schema.check(result)
        {
            return Err(
                Fault::new(Cause::Unreadable).with_detail(format!("the answer does not fit its schema: {misfit}"))
            );
        }
        let says_no = |answer: &Value| answer.get("success") == Some(&Value::Bool(false));
        if self.request.heeds_success && (says_no(result) || result.get("body").is_some_and(says_no)) {
            return Err(Fault::permanent("it answered, and its answer says `success`: false"));
        }
        Ok(self.compensation(result))
    }

    /// What is recorded names no secret: the compensation is bound from what was asked, not from what was sent.
    fn compensation(&self, result: &Value) -> Compensation {
        let input = &self.request.input;
        let compensation = match &self.request.taken_by {
            Some(says) => says.of(input, result),
            None => self.tool.compensation(input, result),
        };
        match compensation {
            // A server could have a secret of others put into the call that takes its own back.
            Compensation::Call { input, .. } if names_secret(result) && names_secret(&input) => {
                let why = "what the tool gave names a secret, and would stand in the call that takes it back";
                Compensation::Irreversible { why: why.to_owned() }
            }
            other => other,
        }
    }
}

impl<'a> UndoNote<'a> {
    fn of(compensation: &'a Compensation) -> Self {
        let compensation = match compensation {
            Compensation::Nothing => CompensationNote::Nothing,
            Compensation::Call { tool, input } => CompensationNote::Call { tool, input },
            Compensation::Irreversible { why } => CompensationNote::Irreversible { why },
        };
        Self { compensation }
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor").field("tenant", &self.tenant).field("tools", &self.tools).finish_non_exhaustive()
    }
}
