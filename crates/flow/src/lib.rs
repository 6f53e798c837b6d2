//! How things are done, and what happens when they fail: attempts that are written down, retries, fallbacks,
//! clients of language models, and the review of an action by one.
//!
//! The book is the journal. Nothing is called before its intent is durable, and every attempt has an outcome of
//! its own, also when the future that made it was dropped. What is computed here (how long to wait, whether to
//! try again, what an answer means) is synchronous and takes clock and randomness as arguments; only [`Time`]
//! waits, and only `mail`, `model`, `probe`, `tools` and `webhook` speak to a network.
//!
//! What this crate never does: repeat what may not be repeated; send anything to a model that was not redacted;
//! take an answer of a model for more than advice; read the environment or a file.

mod binding;
mod canonical;
mod error;
mod executor;
mod journal;
mod mail;
mod model;
mod offload;
mod probe;
mod reconcile;
mod recovery;
mod review;
mod saga;
mod time;
mod tool;
mod tools;
mod undo;
mod webhook;
mod wire;

pub mod workflow;

pub use error::{Error, GaveUp};
pub use executor::{Called, Executor, NoSecrets, Recovered, Request, Secrets, TakenBy, ToolAnswer, Unfinished};
pub(crate) use journal::enter_undo;
pub use journal::{Ending, Entered, Journal, LedgerJournal, Unwritten, enter};
pub use mail::{Mail, MailRoute, MailServer, Security};
pub use model::{
    AnswerForm, ApiKey, Chat, Completion, Conversation, Endpoint, HttpModel, Model, Offer, Prompt, Provider, Said,
    ToolWish, Turn,
};
pub use offload::offload;
pub use probe::{Probe, ProbeAnswer, ProbeFault};
pub use reconcile::{Reconciled, Reconciler};
pub use recovery::{
    Answer, Attempt, Call, Cause, Done, DoneOrTask, Failed, Fault, ManualTask, Next, Recovery, Repeat, Retry,
    RetryAfter, Success, TRANSIENT, Why,
};
pub use review::{
    Advice, ComplianceStatus, ConditionsMet, Domain, Domains, Evidence, REVIEW_NAME, Review, ReviewRequest, Reviewed,
    Reviewer, RiskLevel, Standing, record_workflow,
};
pub use saga::{
    Action, ActionCall, ActionSaga, CANCEL_ACTION, Compensator, Control, FREEZE_ACTION, HELD_ACTION, Hold,
    Irreversible, KILL_ACTION, Order, RESUME_ACTION, SAGA_ACTION, STEP_ACTION, SagaAnswer, SagaDefinition, SagaManager,
    SagaPlan, SagaProblems, SagaRequest, SagaRun, SagaRunner, SagaStatus, SagaStep, SagaSummary, StepRun, StepState,
    Taken, Tempo, UndoState, WhenHeld, control, find_saga, sagas,
};
pub use time::{Pending, SystemTime, Time};
pub use tool::{
    Availability, Compensation, Deed, Effect, Listed, Misfit, Probed, Registry, Reversal, Schema, Tool, ToolCall,
    ToolInfo, ToolSource,
};
pub use tools::{
    AnalyzeImage, Appointments, CalDav, Calendar, Chatwoot, CreateTicket, EmailSender, Embeddings, Google, GoogleLogin,
    HttpEndpoint, HttpTool, Keys, KnowledgeBase, Launch, Launched, Mailgun, McpProgram, MediaFiles, Network, NoFiles,
    OpenAi, Passages, Places, Post, Qdrant, SendEmail, SendGrid, SendSms, SendWhatsapp, SmsSender, TextToSpeech,
    ToolUndo, Toolbox, ToolsConfig, TranscribeAudio,
};
pub use undo::{Doer, FileHow, FileUndo, Files, Performed, Scope, Undo, UndoItem, UndoPlan, Wanted};
pub use webhook::Webhook;
