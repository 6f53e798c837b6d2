//! `tool`: a tool is called.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{NAME_BYTES_MAX, check_retries, check_seconds, check_text};
use crate::executor::names_secret;
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::render;
use crate::workflow::uses::Uses;

/// The call that takes another back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The tool that is called.
    pub tool_name: String,
    /// What it is given, with templates over `result` and `parameters`, those of the call that is taken back.
    #[serde(default)]
    pub parameters: Map<String, Value>,
}

/// Calls a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The tool.
    pub tool_name: String,
    /// What it is given, with templates.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// How often a call that failed is tried again. 3 retries are 4 attempts; what may not be repeated is not.
    #[serde(default = "three")]
    pub retry_count: u32,
    /// How long all attempts may last together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// How long one attempt may last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_timeout_s: Option<u64>,
    /// What takes it back, where the tool itself does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Undo>,
}

pub(super) const fn three() -> u32 {
    3
}

impl Tool {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_text("/tool_name", &self.tool_name, NAME_BYTES_MAX)?;
        if self.tool_name.is_empty() {
            return Err("/tool_name: it is empty; name the tool".to_owned());
        }
        check_retries(self.retry_count)?;
        check_seconds("/timeout_s", self.timeout_s)?;
        check_seconds("/attempt_timeout_s", self.attempt_timeout_s)
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        uses.tool("/tool_name", &self.tool_name, Some(&self.parameters));
        for (name, value) in &self.parameters {
            uses.templates(&format!("/parameters/{name}"), value, &[]);
        }
        let Some(undo) = &self.compensation else { return };
        uses.tool("/compensation/tool_name", &undo.tool_name, Some(&undo.parameters));
        for (name, value) in &undo.parameters {
            uses.templates(&format!("/compensation/parameters/{name}"), value, &["result", "parameters"]);
        }
    }

    /// What the tool is given.
    pub fn given(&self, scope: &Scope) -> Result<Value, WorkflowError> {
        let members = self.parameters.iter();
        let members = members.map(|(name, template)| {
            let at = format!("parameters.{name}");
            let value = render(&at, template, scope)?;
            if names_another_secret(template, &value) {
                let why = "what came in here names a secret, and only the workflow's own words may".to_owned();
                return Err(WorkflowError::TemplateFailed { at, why });
            }
            Ok((name.clone(), value))
        });
        Ok(Value::Object(members.collect::<Result<_, WorkflowError>>()?))
    }

    pub(super) fn tells(&self) -> String {
        let mut told = format!("calls the tool `{}`", self.tool_name);
        if !self.parameters.is_empty() {
            let names: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
            let _ = write!(told, " with {}", names.join(", "));
        }
        if let Some(undo) = &self.compensation {
            let _ = write!(told, "; `{}` takes it back", undo.tool_name);
        }
        told
    }
}

/// Whether what a template gave names a secret that does not stand in the template itself.
fn names_another_secret(template: &Value, value: &Value) -> bool {
    match (template, value) {
        (Value::String(template), Value::String(text)) => template != text && names_secret(value),
        (Value::Array(templates), Value::Array(items)) if templates.len() == items.len() => {
            templates.iter().zip(items).any(|(template, item)| names_another_secret(template, item))
        }
        (Value::Object(templates), Value::Object(members)) => members.iter().any(|(name, item)| {
            templates.get(name).map_or_else(|| names_secret(item), |it| names_another_secret(it, item))
        }),
        _ => names_secret(value),
    }
}

/// The beginning of a text, on one line.
pub(super) fn brief(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut brief: String = line.chars().take(80).collect();
    if brief.len() < line.len() {
        brief.push('…');
    }
    brief
}
