//! What an agent is answered, in its own form.

use serde_json::json;

use super::agent::{Agent, Kind};
use super::event::Event;

/// What a hook writes and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// To standard output: one JSON object, or nothing.
    pub stdout: String,
    /// To standard error.
    pub stderr: String,
    /// The exit code.
    pub code: u8,
}

/// What is to be said.
pub(super) enum Say {
    /// Nothing stands against it. This never grants what the agent itself would ask its user for.
    Pass,
    /// It must not happen.
    Deny(String),
    /// The user must be asked.
    Ask(String),
}

/// Every agent takes this code as a refusal, and standard error as the reason.
const REFUSED: u8 = 2;
/// Every agent takes this code as a failed hook, shows the reason, and goes on.
const FAILED: u8 = 1;

impl Answer {
    pub(super) fn to(event: &Event, say: &Say) -> Self {
        let stdout = match event.agent() {
            Agent::ClaudeCode | Agent::Codex => claude(event.name(), say),
            Agent::Gemini => gemini(say),
            Agent::Cursor => cursor(event.name(), event.kind(), say),
        };
        Self { stdout, stderr: String::new(), code: 0 }
    }

    /// What is answered when it could not be judged or recorded: refused, where the event can be
    /// ([`Event::can_be_refused`]) or it is not known which it is.
    pub fn failed(refuses: bool, why: &str) -> Self {
        let (code, what) = if refuses {
            (REFUSED, "Refused: this call could not be recorded, and calls that cannot be recorded do not run")
        } else {
            (FAILED, "This event could not be recorded")
        };
        Self { stdout: String::new(), stderr: format!("Sealbook: {what} ({why}).\n"), code }
    }
}

/// Claude Code, and Codex, which took over its form. Nothing is said where nothing stands against it:
/// `allow` would skip the agent's own question to the user.
fn claude(event: &str, say: &Say) -> String {
    let (decision, reason) = match say {
        Say::Pass => return String::new(),
        Say::Deny(reason) => ("deny", reason),
        Say::Ask(reason) => ("ask", reason),
    };
    let answer = match event {
        "PreToolUse" => json!({"hookSpecificOutput": {
            "hookEventName": event, "permissionDecision": decision, "permissionDecisionReason": reason}}),
        "PermissionRequest" => json!({"hookSpecificOutput": {
            "hookEventName": event, "decision": {"behavior": "deny", "message": reason}}}),
        _ => json!({"decision": "block", "reason": reason}),
    };
    answer.to_string()
}

/// Gemini CLI.
fn gemini(say: &Say) -> String {
    match say {
        Say::Pass => "{}".to_owned(),
        Say::Deny(reason) | Say::Ask(reason) => json!({"decision": "deny", "reason": reason}).to_string(),
    }
}

/// Cursor.
fn cursor(event: &str, kind: Kind, say: &Say) -> String {
    let answer = match (event, say) {
        ("beforeSubmitPrompt", Say::Pass) => json!({"continue": true}),
        ("beforeSubmitPrompt", Say::Deny(reason) | Say::Ask(reason)) => {
            json!({"continue": false, "user_message": reason})
        }
        (_, Say::Pass) if matches!(kind, Kind::Before | Kind::Prompt) => json!({"permission": "allow"}),
        (_, Say::Pass) => json!({}),
        ("beforeReadFile" | "beforeTabFileRead" | "subagentStart", Say::Deny(reason) | Say::Ask(reason)) => {
            json!({"permission": "deny", "user_message": reason})
        }
        (_, Say::Deny(reason)) => json!({"permission": "deny", "user_message": reason, "agent_message": reason}),
        (_, Say::Ask(reason)) => json!({"permission": "ask", "user_message": reason, "agent_message": reason}),
    };
    answer.to_string()
}
