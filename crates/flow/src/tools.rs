//! The tools that come with the program. Each speaks to what its configuration names and to nothing else.

mod absent;
mod api;
mod calendar;
mod chatwoot;
mod config;
mod email;
mod http;
mod knowledge;
mod mcp;
mod media;
mod openai;
mod sms;
mod ticket;
mod toolbox;
mod undo;
mod whatsapp;

pub use calendar::{Appointments, CalDav, Calendar, Google, GoogleLogin};
pub use chatwoot::Chatwoot;
pub use config::{Keys, Places, ToolsConfig};
pub use email::{EmailSender, Mailgun, Post, SendEmail, SendGrid};
pub use http::{HttpEndpoint, HttpTool, Network};
pub use knowledge::{Embeddings, KnowledgeBase, Passages, Qdrant};
pub use mcp::{Launch, Launched, McpProgram};
pub use media::{AnalyzeImage, MediaFiles, NoFiles, TextToSpeech, TranscribeAudio};
pub use openai::OpenAi;
pub use sms::{SendSms, SmsSender};
pub use ticket::CreateTicket;
pub use toolbox::Toolbox;
pub use undo::ToolUndo;
pub use whatsapp::SendWhatsapp;

use serde_json::Value;

use crate::canonical;
use crate::tool::ToolCall;
use crate::{Cause, Fault};

/// A name for what a call makes, the same for each of its attempts: 40 lower hex digits of a digest over tenant and
/// key.
fn name_of(call: &ToolCall<'_>) -> String {
    let digest = canonical::digest(&serde_json::json!(["sealbook/tool/v1", call.tenant, call.key]));
    digest[..40].to_owned()
}

/// A text of the input, where there is one.
fn text<'v>(input: &'v Value, name: &str) -> Option<&'v str> {
    input.get(name).and_then(Value::as_str)
}

/// A list of texts of the input; a text alone is a list of one.
fn texts(input: &Value, name: &str) -> Vec<String> {
    match input.get(name) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A fault of what is asked before anything is done: nothing took effect, and it may be tried again.
fn not_begun(fault: Fault) -> Fault {
    if !fault.cause.is_undecided() {
        return fault;
    }
    let detail = format!("nothing was done yet: {fault}");
    Fault { cause: Cause::NotNow, detail: Some(detail), ..fault }
}

/// A number as E.164 has it.
fn phone_schema() -> Value {
    serde_json::json!({"type": "string", "pattern": r"^\+[1-9][0-9]{6,14}$",
        "description": "A number with its country's: +41791234567"})
}
