//! What is asked of the executor, and what it answers.

use std::sync::Arc;

use sealbook_record::{Actor, Category, Record, Severity, Target, Uuid};
use serde::Serialize;
use serde_json::Value;

use crate::tool::Compensation;
use crate::{Error, Journal};

/// Says what takes a call back, from what it was given and what it gave, in the place of its tool.
#[derive(Clone)]
pub struct TakenBy(Arc<Says>);

type Says = dyn Fn(&Value, &Value) -> Compensation + Send + Sync;

impl TakenBy {
    /// What this says, of input and result.
    pub fn new(says: impl Fn(&Value, &Value) -> Compensation + Send + Sync + 'static) -> Self {
        Self(Arc::new(says))
    }

    pub(super) fn of(&self, input: &Value, result: &Value) -> Compensation {
        (self.0)(input, result)
    }
}

impl std::fmt::Debug for TakenBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TakenBy")
    }
}

/// A call that is to be made.
#[derive(Debug, Clone)]
pub struct Request {
    /// The tool's name.
    pub tool: String,
    /// What it is given. `secret://NAME` stands for a secret, which is put in when the call is made.
    pub input: Value,
    /// Who asks. Where nobody is named, the record says so.
    pub actor: Actor,
    /// Session.
    pub session: Option<String>,
    /// Conversation.
    pub conversation: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The operation that it belongs to; a new one where nothing is said.
    pub operation: Option<Uuid>,
    /// The record that it follows from.
    pub parent: Option<Uuid>,
    /// What the other side may recognise the call by; the operation where nothing is said.
    pub key: Option<String>,
    /// The pin that the tool must have: what is declared of it has not changed since.
    pub pin: Option<String>,
    /// The action that this call takes back.
    pub undoes: Option<String>,
    /// Which step of what it is, for the record.
    pub step: Option<Value>,
    /// What takes it back, where that is not what the tool says.
    pub taken_by: Option<TakenBy>,
    /// An answer that says `"success": false`, in itself or in its `body`, is a failure.
    pub heeds_success: bool,
    /// Labels of its records.
    pub tags: Vec<String>,
}

impl Request {
    /// A call of a tool, and nothing else said.
    pub fn new(tool: impl Into<String>, input: Value, actor: Actor) -> Self {
        Self {
            tool: tool.into(),
            input,
            actor,
            session: None,
            conversation: None,
            project: None,
            reason: None,
            operation: None,
            parent: None,
            key: None,
            pin: None,
            undoes: None,
            step: None,
            taken_by: None,
            heeds_success: false,
            tags: Vec::new(),
        }
    }

    /// An event about this request, for others to complete.
    pub(super) fn record(&self, journal: &dyn Journal, target: Target) -> Record {
        let mut record = Record::event(journal.next_id(), self.actor.clone(), "tool.call", target, journal.now());
        record.category = Category::ToolCall;
        "executor".clone_into(&mut record.source);
        record.session.clone_from(&self.session);
        record.conversation.clone_from(&self.conversation);
        record.project.clone_from(&self.project);
        record.reason.clone_from(&self.reason);
        record.tags.clone_from(&self.tags);
        if record.actor_unknown() {
            record.severity = Severity::Warning;
            record.tags.push("actor_unknown".to_owned());
        }
        record
    }
}

/// A call that was made, and went well.
#[derive(Debug)]
pub struct Called {
    /// What the tool gave.
    pub result: Value,
    /// What would take it back.
    pub compensation: Compensation,
    /// The operation that all attempts belong to.
    pub operation: Uuid,
    /// The intent of the attempt that went well.
    pub intent: Uuid,
    /// How many attempts it took.
    pub attempts: u32,
    /// Why its outcome could not be sealed. It was done all the same; the book shows an open intent.
    pub unsealed: Option<Error>,
}

/// An answer in the shape of the older tool executor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolAnswer {
    /// Whether it went well.
    pub success: bool,
    /// The tool's name.
    pub tool: String,
    /// What the tool gave; nothing where it failed.
    pub data: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The intent on record, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_id: Option<String>,
}

impl ToolAnswer {
    pub(super) fn of(tool: &str, called: Result<Called, Error>) -> Self {
        let tool = tool.to_owned();
        match called {
            Ok(called) => {
                let audit_id = Some(called.intent.to_string());
                Self { success: true, tool, data: Some(called.result), error: None, audit_id }
            }
            Err(error) => {
                let audit_id = match &error {
                    Error::GaveUp(gave_up) => Some(gave_up.last.to_string()),
                    Error::Refused { record, .. } => Some(record.to_string()),
                    _ => None,
                };
                Self { success: false, tool, data: None, error: Some(error.to_string()), audit_id }
            }
        }
    }
}
