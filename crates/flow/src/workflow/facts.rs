//! What is known of tools before a run: whoever has a registry says it.

use serde_json::Value;

use crate::tool::{Registry, Reversal};

/// How what a tool does can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoing {
    /// There is nothing to take back.
    Nothing,
    /// By another call.
    Call,
    /// Not at all.
    Irreversible,
}

/// What is declared of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// How what it does can be taken back.
    pub undoing: Undoing,
    /// What it takes, as JSON Schema, where that is declared.
    pub input_schema: Option<Value>,
}

/// Knows tools.
pub trait ToolFacts {
    /// What is declared of the tool of this name; `None` where there is none.
    fn facts(&self, name: &str) -> Option<Facts>;
}

impl ToolFacts for Registry {
    fn facts(&self, name: &str) -> Option<Facts> {
        let info = self.get(name)?.info();
        let undoing = match info.reversal {
            Reversal::Nothing => Undoing::Nothing,
            Reversal::Call => Undoing::Call,
            Reversal::Irreversible => Undoing::Irreversible,
        };
        Some(Facts { undoing, input_schema: serde_json::to_value(&info.input).ok() })
    }
}
