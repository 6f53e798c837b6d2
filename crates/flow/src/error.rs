//! Why something was not done, or could not be written down.

use sealbook_policy::Decision;
use sealbook_record::{OperationStatus, Uuid};

use crate::recovery::{Fault, Why};
use crate::tool::Misfit;

/// An error of this room. No message quotes content: faults say what failed, never what was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The call failed, and is not tried again.
    #[error(transparent)]
    GaveUp(Box<GaveUp>),
    /// The emergency stop holds.
    #[error("{action} was not begun: {stop}; a person lifts it with `sealbook resume`")]
    Stopped {
        /// What was to be done.
        action: String,
        /// Which stop it is.
        stop: String,
    },
    /// An action that changes rules, stops, approvals or alerts.
    #[error("{action} is an action of the gate and of the commands made for it; name the action otherwise")]
    ActionReserved {
        /// The action.
        action: String,
    },
    /// The rules forbid it, or want a person to approve it first.
    #[error("{action} was not begun: the rules say `{decision}`; `sealbook show {record}` tells which")]
    Refused {
        /// What was to be done.
        action: String,
        /// What the rules say.
        decision: Decision,
        /// The record that says so.
        record: Uuid,
    },
    /// A thread for blocking work was not to be had, or ended early.
    #[error("the book could not be asked: {cause}; the executor is shutting down, or the system has no thread left")]
    Offload {
        /// What happened.
        cause: String,
    },
    /// A key of a provider that cannot be used.
    #[error("the API key in {name} cannot be used: {why}; put the key there, and nothing else")]
    ApiKeyUnusable {
        /// The file or the variable.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An endpoint that cannot be used.
    #[error("the model's endpoint cannot be used: {why}")]
    EndpointInvalid {
        /// What is wrong with it, and the mend.
        why: &'static str,
    },
    /// An address to be told that cannot be used.
    #[error("the webhook cannot be used: {why}; give an address of your own, as in https://…")]
    WebhookInvalid {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A mail, or the way that it is sent, that cannot be used.
    #[error("the mail cannot be sent: {why}; correct it in mail.toml")]
    MailInvalid {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A domain's file that cannot be read.
    #[error("the domain, line {line}: {why}; see the domains that come with the program for the form")]
    DomainInvalid {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A review rejected the action.
    #[error("Action blocked by compliance review: {notes}")]
    ReviewBlocked {
        /// What the review says, redacted.
        notes: String,
    },
    /// The conditions of a review are not shown to be met.
    #[error("the review's conditions are not met: {why}; give evidence for each, by a person who does not act here")]
    ConditionsUnmet {
        /// What is missing.
        why: String,
    },
    /// A schema of a tool that cannot be used.
    #[error("the schema cannot be used: {why}; give a JSON Schema that refers to nothing outside itself")]
    SchemaInvalid {
        /// What is wrong with it.
        why: String,
    },
    /// A tool that cannot be registered.
    #[error("the tool {tool} cannot be used: {why}")]
    ToolInvalid {
        /// The tool.
        tool: String,
        /// What is wrong with it, and the mend.
        why: &'static str,
    },
    /// A tool that nobody registered.
    #[error("there is no tool {tool}; `sealbook tool list` shows those there are")]
    ToolUnknown {
        /// What was asked for.
        tool: String,
    },
    /// A tool that cannot be called here and now.
    #[error("the tool {tool} cannot be called: {why}")]
    ToolUnavailable {
        /// The tool.
        tool: String,
        /// Why, and the mend.
        why: String,
    },
    /// What is declared of a tool is not what it was.
    #[error(
        "the tool {tool} is not what it was when it was pinned ({pin}); look at `sealbook tool show {tool}`, and pin it anew where the change is right"
    )]
    ToolChanged {
        /// The tool.
        tool: String,
        /// The pin that was expected.
        pin: String,
    },
    /// Input that a tool's schema does not take.
    #[error("the input of {tool} does not fit its schema: {misfit}; `sealbook tool show {tool}` shows it")]
    ToolInputInvalid {
        /// The tool.
        tool: String,
        /// Where, and why.
        misfit: Misfit,
    },
    /// A secret that nobody gave.
    #[error("there is no secret named {name}; put it where the tools' configuration says")]
    SecretMissing {
        /// Its name.
        name: String,
    },
    /// A configuration of tools that cannot be read.
    #[error("the configuration of the tools, line {line}: {why}; see docs/tools.md for what it may say")]
    ToolsInvalid {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it; no value of it.
        why: String,
    },
    /// Nothing on record belongs to what is to be taken back.
    #[error("nothing on record belongs to {scope}; `sealbook query` shows sessions and operations")]
    NothingToUndo {
        /// What was asked for.
        scope: String,
    },
    /// An operation of which it is known how it ended.
    #[error("it is known how operation {operation} ended: {status}; nothing needs to be found out")]
    NothingUnknown {
        /// The operation.
        operation: Uuid,
        /// How it stands.
        status: OperationStatus,
    },
    /// What the world shows does not say how an operation ended.
    #[error("nothing here shows how operation {operation} ended: {why}; find it out, and say it with `--as`")]
    CannotTell {
        /// The operation.
        operation: Uuid,
        /// Why.
        why: &'static str,
    },
    /// More than can be taken back at once.
    #[error("the session has more than {most} operations; take them back one by one")]
    UndoTooLarge {
        /// How many there may be.
        most: usize,
    },
    /// A text that is no saga.
    #[error("the saga cannot be read, at `{at}`: {why}")]
    SagaInvalid {
        /// The place.
        at: String,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// A saga that must not run.
    #[error("the saga {name} is not run: {}", errors.join("; "))]
    SagaRefused {
        /// The saga's name.
        name: String,
        /// What is wrong with it, and the mend.
        errors: Vec<String>,
    },
    /// No saga of this id.
    #[error("no saga {saga} is on record; `sealbook saga list` shows those there are")]
    SagaNotFound {
        /// What was asked for.
        saga: String,
    },
    /// Something that cannot be done to a saga as it stands.
    #[error("saga {saga}: {why}")]
    SagaStands {
        /// The saga.
        saga: String,
        /// How it stands, and the mend.
        why: String,
    },
    /// Somebody wants the saga to stop, or to hold.
    #[error("saga {saga} was told to stop or to hold; `sealbook saga show {saga}` tells by whom")]
    SagaHalted {
        /// The saga.
        saga: String,
    },
    /// A workflow.
    #[error(transparent)]
    Workflow(#[from] crate::workflow::WorkflowError),
    /// A record that is not admitted.
    #[error(transparent)]
    Policy(#[from] sealbook_policy::Error),
    /// The book.
    #[error(transparent)]
    Store(#[from] sealbook_store::Error),
}

/// What is known of a call that failed for good.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{action} failed: {fault} (attempts: {attempts}, {why}); `sealbook query --operation {operation}` shows each")]
pub struct GaveUp {
    /// What was to be done.
    pub action: String,
    /// How the last attempt failed.
    pub fault: Fault,
    /// Why there is no further attempt.
    pub why: Why,
    /// How many there were.
    pub attempts: u32,
    /// The operation that all attempts belong to.
    pub operation: Uuid,
    /// The intent of the last attempt.
    pub last: Uuid,
}

impl Error {
    /// The stable code; each has a page under `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::GaveUp(_) => "call_failed",
            Self::Stopped { .. } => "stopped",
            Self::ActionReserved { .. } => "action_reserved",
            Self::Refused { .. } => "refused_by_rules",
            Self::Offload { .. } => "offload_failed",
            Self::ApiKeyUnusable { .. } => "api_key_unusable",
            Self::EndpointInvalid { .. } => "endpoint_invalid",
            Self::WebhookInvalid { .. } => "webhook_invalid",
            Self::MailInvalid { .. } => "mail_invalid",
            Self::DomainInvalid { .. } => "domain_invalid",
            Self::ReviewBlocked { .. } => "review_blocked",
            Self::ConditionsUnmet { .. } => "conditions_unmet",
            Self::SchemaInvalid { .. } => "schema_invalid",
            Self::ToolInvalid { .. } => "tool_invalid",
            Self::ToolUnknown { .. } => "tool_unknown",
            Self::ToolUnavailable { .. } => "tool_unavailable",
            Self::ToolChanged { .. } => "tool_changed",
            Self::ToolInputInvalid { .. } => "tool_input_invalid",
            Self::SecretMissing { .. } => "secret_missing",
            Self::ToolsInvalid { .. } => "tools_invalid",
            Self::NothingToUndo { .. } => "nothing_to_undo",
            Self::NothingUnknown { .. } => "nothing_unknown",
            Self::CannotTell { .. } => "cannot_tell",
            Self::UndoTooLarge { .. } => "undo_too_large",
            Self::SagaInvalid { .. } => "saga_invalid",
            Self::SagaRefused { .. } => "saga_refused",
            Self::SagaNotFound { .. } => "saga_not_found",
            Self::SagaStands { .. } => "saga_stands",
            Self::SagaHalted { .. } => "saga_halted",
            Self::Workflow(e) => e.code(),
            Self::Policy(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }
}
