//! What takes a call back, as its outcome on record says.

use sealbook_record::{PartName, Record, Redaction};
use serde::Deserialize;
use serde_json::Value;

/// What takes a step back.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// There is nothing to take back.
    Nothing,
    /// This call does.
    Call {
        /// The tool.
        tool: String,
        /// What it is given.
        input: Value,
    },
    /// Nothing does, and why.
    Impossible(String),
}

#[derive(Deserialize)]
struct Metadata {
    compensation: Declared,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Declared {
    Nothing,
    Call { tool: String, input: Value },
    Irreversible { why: String },
}

/// What takes back what this outcome ended.
pub(crate) fn taken(record: &Record, redactions: &[Redaction]) -> Taken {
    declared(record, redactions)
        .unwrap_or_else(|| Taken::Impossible("nothing on record says what would take it back".to_owned()))
}

/// What the executor sealed of how the call is taken back.
pub(crate) fn declared(record: &Record, redactions: &[Redaction]) -> Option<Taken> {
    let Metadata { compensation } = serde_json::from_str(record.part(PartName::Metadata)?.get()).ok()?;
    let is_redacted = redactions.iter().any(|gone| gone.path.starts_with("metadata/compensation"));
    Some(match compensation {
        Declared::Nothing => Taken::Nothing,
        Declared::Call { .. } if is_redacted => {
            Taken::Impossible("redaction changed what the call that takes it back needs".to_owned())
        }
        Declared::Call { tool, input } => Taken::Call { tool, input },
        Declared::Irreversible { why } => Taken::Impossible(why),
    })
}
