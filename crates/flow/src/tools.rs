//! The tools that come with the program. Each speaks to what its configuration names and to nothing else.

mod absent;
mod api;
mod calendar;
mod config;
mod email;
mod http;
mod mcp;
mod undo;

pub use calendar::{Appointments, CalDav, Calendar, Google, GoogleLogin};
pub use config::{Keys, ToolsConfig};
pub use email::{EmailSender, Mailgun, Post, SendEmail, SendGrid};
pub use http::{HttpEndpoint, HttpTool, Network};
pub use mcp::{Launch, Launched, McpProgram};
pub use undo::ToolUndo;

use serde_json::Value;

use crate::digest::digest_of;
use crate::tool::ToolCall;

/// A name for what a call makes, the same for each of its attempts: 40 lower hex digits of a digest over tenant and
/// key.
fn name_of(call: &ToolCall<'_>) -> String {
    let digest = digest_of(&serde_json::json!(["sealbook/tool/v1", call.tenant, call.key]));
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
