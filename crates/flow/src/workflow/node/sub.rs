//! `workflow`: another workflow is run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{check_id, check_seconds};
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::render;
use crate::workflow::uses::Uses;

/// Runs another workflow, and gives what that gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubWorkflow {
    /// Its id.
    pub workflow: String,
    /// The digest of its definition; without one, the newest version when the run begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What it is given, with templates.
    #[serde(default)]
    pub inputs: Map<String, Value>,
    /// How long it may last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
}

impl SubWorkflow {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_id("/workflow", &self.workflow)?;
        check_seconds("/timeout_s", self.timeout_s)?;
        let is_digest =
            |text: &String| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if self.digest.as_ref().is_some_and(|text| !is_digest(text)) {
            return Err("/digest: this is no SHA-256; write 64 hex digits in lower case".to_owned());
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        for (name, value) in &self.inputs {
            uses.templates(&format!("/inputs/{name}"), value, &[]);
        }
    }

    /// What it is given.
    pub fn given(&self, scope: &Scope) -> Result<Map<String, Value>, WorkflowError> {
        let members = self.inputs.iter();
        members.map(|(name, value)| Ok((name.clone(), render(&format!("inputs.{name}"), value, scope)?))).collect()
    }

    pub(super) fn tells(&self) -> String {
        let names: Vec<&str> = self.inputs.keys().map(String::as_str).collect();
        let with = if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) };
        format!("runs the workflow `{}`{with}", self.workflow)
    }
}
