//! What an agent tells its hook: one JSON object, whose fields are kept as they came.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sealbook_record::{Outcome, push_string};
use serde_json::value::RawValue;

use super::agent::{Agent, Kind};
use crate::Error;

/// What an agent tells its hook.
#[derive(Debug)]
pub struct Event {
    agent: Agent,
    name: String,
    fields: BTreeMap<String, Box<RawValue>>,
}

/// Fields that say where and in what an event happened, and not what.
const AROUND: &[&str] = &[
    "agent_id",
    "agent_type",
    "composer_mode",
    "conversation_id",
    "cursor_version",
    "cwd",
    "effort",
    "generation_id",
    "hook_event_name",
    "model",
    "permission_mode",
    "prompt_id",
    "scratchpad_dir",
    "session_id",
    "timestamp",
    "transcript_path",
    "turn_id",
    "user_email",
    "workspace_roots",
];

impl Event {
    /// Reads what an agent wrote to its hook's standard input.
    ///
    /// Errors: it is not one JSON object that names its event.
    pub fn parse(agent: Agent, input: &[u8]) -> Result<Self, Error> {
        let invalid = |what| Error::HookInput { what };
        // Some agents end their input with a byte order mark or blanks on some systems.
        let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(input).map_err(|_| invalid("it is not one JSON object"))?;
        let name = fields.get("hook_event_name").and_then(|name| serde_json::from_str::<String>(name.get()).ok());
        let name = name.filter(|name| {
            !name.is_empty() && name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        Ok(Self { agent, name: name.ok_or_else(|| invalid("`hook_event_name` is missing"))?, fields })
    }

    /// Whose event it is.
    pub fn agent(&self) -> Agent {
        self.agent
    }

    /// What the agent calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the agent works, where it says so.
    pub fn cwd(&self) -> Option<PathBuf> {
        let roots = || self.json::<Vec<PathBuf>>("workspace_roots").and_then(|roots| roots.into_iter().next());
        self.text("cwd").filter(|cwd| !cwd.is_empty()).map(PathBuf::from).or_else(roots)
    }

    /// Whether the agent refuses what the event tells of when it is told to.
    pub fn can_be_refused(&self) -> bool {
        matches!(self.kind(), Kind::Before | Kind::Prompt)
    }

    pub(super) fn kind(&self) -> Kind {
        self.agent.kind(&self.name)
    }

    /// Whether the agent asks its user when it is told to.
    pub(super) fn can_ask(&self) -> bool {
        matches!(
            (self.agent, &*self.name),
            (Agent::ClaudeCode, "PreToolUse") | (Agent::Cursor, "beforeShellExecution" | "beforeMCPExecution")
        )
    }

    /// Whether something before announced what this ends.
    pub(super) fn has_intent(&self) -> bool {
        !matches!(&*self.name, "afterFileEdit" | "afterTabFileEdit")
    }

    pub(super) fn raw(&self, name: &str) -> Option<&RawValue> {
        self.fields.get(name).map(Box::as_ref).filter(|raw| raw.get() != "null")
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.json(name)
    }

    pub(super) fn json<T: for<'de> serde::Deserialize<'de>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    /// The session, in the agent's own word.
    pub(super) fn session(&self) -> Option<String> {
        self.text("session_id").or_else(|| self.text("conversation_id")).filter(|id| !id.is_empty())
    }

    /// The tool's name. Where an event is made for one tool only, that tool.
    pub(super) fn tool(&self) -> Option<String> {
        let by_event = match &*self.name {
            "beforeShellExecution" | "afterShellExecution" => Some("Shell"),
            "beforeReadFile" => Some("Read"),
            "beforeTabFileRead" => Some("TabRead"),
            "afterFileEdit" => Some("Edit"),
            "afterTabFileEdit" => Some("TabWrite"),
            _ => None,
        };
        let named = || self.text("tool_name").filter(|name| !name.is_empty());
        match &*self.name {
            "beforeMCPExecution" | "afterMCPExecution" => named().map(|tool| format!("MCP:{tool}")),
            _ => by_event.map(str::to_owned).or_else(named),
        }
    }

    /// `SERVER/TOOL`, where the agent says beside the tool's name which MCP server it belongs to.
    pub(super) fn of_server(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Context {
            server_name: String,
            tool_name: String,
        }
        let context: Context = self.json("mcp_context")?;
        let is_told = !context.server_name.is_empty() && !context.tool_name.is_empty();
        is_told.then(|| format!("{}/{}", context.server_name, context.tool_name))
    }

    /// What the tool is given, as the agent wrote it.
    pub(super) fn input(&self) -> Option<Box<RawValue>> {
        let of = |names: &[&str]| Some(self.object(|name| names.contains(&name)));
        match &*self.name {
            "beforeShellExecution" | "afterShellExecution" => of(&["command"]),
            "beforeReadFile" | "beforeTabFileRead" => of(&["file_path", "attachments"]),
            "afterFileEdit" | "afterTabFileEdit" => of(&["file_path", "edits"]),
            _ if self.raw("tool_input").is_some() => self.raw("tool_input").map(unwrapped),
            // What is no call is kept whole, but for where it happened.
            _ if self.tool().is_none() => Some(self.object(|name| !AROUND.contains(&name))),
            _ => None,
        }
    }

    /// Where it happened, and in what.
    pub(super) fn around(&self) -> Box<RawValue> {
        self.object(|name| AROUND.contains(&name) && name != "hook_event_name")
    }

    /// What tells this call from every other of the session.
    pub(super) fn call(&self) -> Option<String> {
        if let Some(id) = self.text("tool_use_id").filter(|id| !id.is_empty()) {
            return Some(format!("id\0{id}"));
        }
        // Some agents give a call no id: what is called, with what, within one turn, must do.
        let turn = self.text("generation_id").unwrap_or_default();
        let input = self.input().map_or(String::new(), |input| input.get().to_owned());
        self.tool().map(|tool| format!("call\0{turn}\0{tool}\0{input}"))
    }

    /// How the call ended.
    pub(super) fn outcome(&self) -> Outcome {
        if self.kind() == Kind::Denied || self.json::<bool>("is_interrupt") == Some(true) {
            return Outcome::Cancelled;
        }
        let by_name = matches!(&*self.name, "PostToolUseFailure" | "postToolUseFailure");
        if by_name || self.result().is_some_and(|result| says_failed(&result)) { Outcome::Failed } else { Outcome::Ok }
    }

    pub(super) fn result(&self) -> Option<Box<RawValue>> {
        ["tool_response", "tool_output", "result_json", "output"].iter().find_map(|name| self.raw(name)).map(unwrapped)
    }

    pub(super) fn error(&self) -> Option<Box<RawValue>> {
        ["error", "error_message", "reason"]
            .iter()
            .find_map(|name| self.raw(name))
            .filter(|_| self.outcome() != Outcome::Ok)
            .map(RawValue::to_owned)
    }

    /// Agents that say so give milliseconds.
    pub(super) fn duration_us(&self) -> Option<u64> {
        let millis: f64 = self.json("duration_ms").or_else(|| self.json("duration"))?;
        (0.0..1e12).contains(&millis).then_some((millis * 1e3) as u64)
    }

    /// The fields that are wanted, as one object.
    fn object(&self, wanted: impl Fn(&str) -> bool) -> Box<RawValue> {
        let mut out = vec![b'{'];
        for (name, raw) in self.fields.iter().filter(|(name, _)| wanted(name)) {
            if out.len() > 1 {
                out.push(b',');
            }
            push_string(&mut out, name);
            out.push(b':');
            out.extend_from_slice(raw.get().as_bytes());
        }
        out.push(b'}');
        let text = String::from_utf8(out).expect("it is made of texts");
        RawValue::from_string(text).expect("it is made of JSON values")
    }
}

/// JSON that comes within a text is taken out of it, so that rules see its fields.
fn unwrapped(raw: &RawValue) -> Box<RawValue> {
    let inner = serde_json::from_str::<String>(raw.get()).ok().filter(|text| text.starts_with(['{', '[']));
    inner.and_then(|text| RawValue::from_string(text).ok()).unwrap_or_else(|| raw.to_owned())
}

/// Whether a result says itself that the call failed, in one of the ways in which they do.
fn says_failed(result: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Said {
        #[serde(alias = "isError")]
        is_error: Option<bool>,
        success: Option<bool>,
        #[serde(alias = "exitCode")]
        exit_code: Option<i64>,
        error: Option<Box<RawValue>>,
    }
    serde_json::from_str::<Said>(result.get()).is_ok_and(|said| {
        said.is_error == Some(true)
            || said.success == Some(false)
            || said.exit_code.is_some_and(|code| code != 0)
            || said.error.is_some_and(|error| !matches!(error.get(), "null" | "\"\"" | "false"))
    })
}
