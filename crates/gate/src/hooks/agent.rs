//! The agents there are, their events, and what each event is to us.

use std::fmt;

/// An agent whose hooks are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agent {
    /// Claude Code.
    ClaudeCode,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Cursor.
    Cursor,
}

/// What an event is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tool is about to be called: an intent. It can be refused.
    Before,
    /// A tool was called: an outcome.
    After,
    /// The agent or its user called a tool off: an outcome too.
    Denied,
    /// Something that can be refused and is no call: a prompt, a question to the user.
    Prompt,
    /// Something that happened.
    Told,
}

/// One event.
pub(super) struct EventKind {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether [`super::install`] adds a hook for it. Not where another event tells the same.
    pub(super) installed: bool,
}

const fn event(name: &'static str, kind: Kind, installed: bool) -> EventKind {
    EventKind { name, kind, installed }
}

/// Events that are not listed are told: an agent that has learned new ones is not stopped.
static CLAUDE_CODE: &[EventKind] = &[
    event("PreToolUse", Kind::Before, true),
    event("PostToolUse", Kind::After, true),
    event("PostToolUseFailure", Kind::After, true),
    event("PermissionDenied", Kind::Denied, true),
    event("PermissionRequest", Kind::Prompt, false),
    event("UserPromptSubmit", Kind::Prompt, true),
    event("UserPromptExpansion", Kind::Prompt, false),
    event("SessionStart", Kind::Told, true),
    event("SessionEnd", Kind::Told, true),
    event("Stop", Kind::Told, true),
    event("SubagentStart", Kind::Told, true),
    event("SubagentStop", Kind::Told, true),
    event("PreCompact", Kind::Told, true),
    event("ConfigChange", Kind::Told, true),
];

static CODEX: &[EventKind] = &[
    event("PreToolUse", Kind::Before, true),
    event("PostToolUse", Kind::After, true),
    event("PermissionRequest", Kind::Prompt, false),
    event("UserPromptSubmit", Kind::Prompt, true),
    event("SessionStart", Kind::Told, true),
    event("Stop", Kind::Told, true),
    event("SubagentStart", Kind::Told, true),
    event("SubagentStop", Kind::Told, true),
    event("PreCompact", Kind::Told, true),
];

static GEMINI: &[EventKind] = &[
    event("BeforeTool", Kind::Before, true),
    event("AfterTool", Kind::After, true),
    event("BeforeAgent", Kind::Prompt, true),
    event("BeforeModel", Kind::Prompt, false),
    event("SessionStart", Kind::Told, true),
    event("SessionEnd", Kind::Told, true),
    event("AfterAgent", Kind::Told, true),
    event("PreCompress", Kind::Told, true),
];

static CURSOR: &[EventKind] = &[
    event("preToolUse", Kind::Before, true),
    event("postToolUse", Kind::After, true),
    event("postToolUseFailure", Kind::After, true),
    event("beforeShellExecution", Kind::Before, false),
    event("afterShellExecution", Kind::After, false),
    event("beforeMCPExecution", Kind::Before, false),
    event("afterMCPExecution", Kind::After, false),
    event("beforeReadFile", Kind::Prompt, false),
    event("beforeTabFileRead", Kind::Prompt, true),
    event("afterFileEdit", Kind::After, false),
    event("afterTabFileEdit", Kind::After, true),
    event("beforeSubmitPrompt", Kind::Prompt, true),
    event("subagentStart", Kind::Prompt, true),
    event("subagentStop", Kind::Told, true),
    event("sessionStart", Kind::Told, true),
    event("sessionEnd", Kind::Told, true),
    event("preCompact", Kind::Told, true),
    event("stop", Kind::Told, true),
];

impl Agent {
    /// Every agent.
    pub const ALL: &'static [Self] = &[Self::ClaudeCode, Self::Codex, Self::Gemini, Self::Cursor];

    /// Its name on command lines and in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
            Self::Cursor => "cursor",
        }
    }

    pub(super) fn events(self) -> &'static [EventKind] {
        match self {
            Self::ClaudeCode => CLAUDE_CODE,
            Self::Codex => CODEX,
            Self::Gemini => GEMINI,
            Self::Cursor => CURSOR,
        }
    }

    pub(super) fn kind(self, event: &str) -> Kind {
        self.events().iter().find(|known| known.name == event).map_or(Kind::Told, |known| known.kind)
    }
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Agent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.iter().map(|agent| agent.as_str()).collect::<Vec<_>>().join(", ");
        Self::ALL
            .iter()
            .copied()
            .find(|agent| agent.as_str() == text)
            .ok_or_else(|| format!("choose one of {}", known()))
    }
}
