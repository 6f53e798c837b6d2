//! `input`: a value that a run is given.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NAME_BYTES_MAX, check_id, check_text};
use crate::workflow::error::{WorkflowError, shown};
use crate::workflow::expression::Code;
use crate::workflow::scope::Scope;
use crate::workflow::uses::Uses;

/// The form of a value that is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// A text.
    #[default]
    Text,
    /// A map with `name` and either `text` or `b64`.
    File,
    /// Any JSON.
    Json,
    /// A number.
    Number,
}

/// Takes a value from outside, as `inputs.<name>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The form of the value.
    #[serde(default)]
    pub input_type: InputType,
    /// The name under which it is given; without one, the node's name where that is an identifier, else its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is, for whoever gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A CEL expression over `value` that must be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// What it is where nothing is given. Without one, something must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Value>,
}

impl Input {
    pub(super) fn bounds(&self) -> Result<(), String> {
        if let Some(name) = &self.name {
            check_id("/name", name)?;
        }
        check_text("/description", self.description.as_deref().unwrap_or_default(), NAME_BYTES_MAX)
    }

    /// The name under which its value is given and read.
    pub fn name_of<'a>(&'a self, node_id: &'a str, node_name: &'a str) -> &'a str {
        match &self.name {
            Some(name) => name,
            None if check_id("", node_name).is_ok() => node_name,
            None => node_id,
        }
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        if let Some(text) = &self.validation {
            uses.expression("/validation", text, &["value"]);
        }
        if let Some(value) = &self.default_value
            && let Err(error) = self.check("default_value", value)
        {
            uses.problem("/default_value", &error.to_string());
        }
    }

    /// The value of a run: what was given, or the default.
    pub fn value(&self, name: &str, given: Option<&Value>) -> Result<Value, WorkflowError> {
        let value = given.or(self.default_value.as_ref());
        let value = value.ok_or_else(|| unfit(name, "it is not given, and has no default; give it a value"))?;
        self.check(name, value)?;
        Ok(value.clone())
    }

    fn check(&self, name: &str, value: &Value) -> Result<(), WorkflowError> {
        match self.input_type {
            InputType::Text if !value.is_string() => return Err(unfit(name, "this is no text; quote it")),
            InputType::Number if !value.is_number() => {
                return Err(unfit(name, "this is no number; write it without quotes"));
            }
            InputType::File if !is_file(value) => {
                return Err(unfit(name, "this is no file; give a map with `name` and either `text` or `b64`"));
            }
            _ => {}
        }
        let Some(text) = &self.validation else { return Ok(()) };
        let code = Code::compile(text).map_err(|why| unfit(name, &format!("its validation cannot be read: {why}")))?;
        let scope = Scope::default().with("value", value.clone());
        match code.evaluate(&scope) {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(Value::Bool(false)) => {
                Err(unfit(name, &format!("it does not pass its validation `{}`; give another value", shown(text))))
            }
            Ok(_) => Err(unfit(name, "its validation says neither true nor false; compare something in it")),
            Err(why) => Err(unfit(name, &format!("its validation cannot be worked out: {why}"))),
        }
    }

    pub(super) fn tells(&self) -> String {
        let form = match self.input_type {
            InputType::Text => "a text",
            InputType::File => "a file",
            InputType::Json => "JSON",
            InputType::Number => "a number",
        };
        let mut told = format!("takes {form} from outside");
        if let Some(text) = &self.validation {
            let _ = write!(told, ", which must pass `{text}`");
        }
        told.push_str(if self.default_value.is_some() {
            "; without one, its default holds"
        } else {
            "; it must be given"
        });
        told
    }
}

fn unfit(name: &str, why: &str) -> WorkflowError {
    WorkflowError::InputInvalid { name: shown(name), why: why.to_owned() }
}

fn is_file(value: &Value) -> bool {
    let text = |member: &str| value.get(member).is_some_and(Value::is_string);
    text("name") && (text("text") != text("b64"))
}
