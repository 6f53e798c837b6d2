//! `output`: a value that a run gives.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{NAME_BYTES_MAX, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::{Template, render};
use crate::workflow::uses::Uses;

/// The form of what is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// A text.
    Text,
    /// Any JSON.
    #[default]
    Json,
    /// A map with `name` and `text`.
    File,
    /// A text in Markdown, with the name of the node as its title.
    Report,
}

/// Gives a value to the outside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The form of the value.
    #[serde(default)]
    pub output_format: OutputFormat,
    /// What it says: a text with templates; for `json` also a map or a list that holds some. Without one, everything
    /// the run knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Value>,
    /// The name of the file, for `file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
}

impl Output {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_text("/file_name", self.file_name.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
        let is_text = self.template.as_ref().is_none_or(Value::is_string);
        if !is_text && self.output_format != OutputFormat::Json {
            return Err("/template: this is no text; only `json` takes a map or a list".to_owned());
        }
        if self.file_name.is_some() && self.output_format != OutputFormat::File {
            return Err("/file_name: only `file` has a name; leave it out".to_owned());
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        if let Some(template) = &self.template {
            uses.templates("/template", template, &[]);
        }
        if let Some(name) = &self.file_name {
            uses.template("/file_name", name, &[]);
        }
    }

    /// What it gives; `title` is the node's name.
    pub fn value(&self, title: &str, scope: &Scope) -> Result<Value, WorkflowError> {
        let said = match &self.template {
            Some(template) => render("template", template, scope)?,
            None => scope.to_json(),
        };
        Ok(match self.output_format {
            OutputFormat::Json => said,
            OutputFormat::Text => Value::String(as_text(said)),
            OutputFormat::Report => Value::String(report(title, self.template.is_some(), said)),
            OutputFormat::File => {
                let name = match &self.file_name {
                    Some(name) => Template::read(name)
                        .and_then(|template| template.render(scope))
                        .map_err(|why| WorkflowError::TemplateFailed { at: "file_name".to_owned(), why })?,
                    None => json!("output.txt"),
                };
                json!({"name": as_text(name), "text": as_text(said)})
            }
        })
    }

    pub(super) fn tells(&self) -> String {
        let form = match self.output_format {
            OutputFormat::Text => "a text",
            OutputFormat::Json => "JSON",
            OutputFormat::File => "a file",
            OutputFormat::Report => "a report",
        };
        let of = if self.template.is_some() { "from its template" } else { "with everything the run knows" };
        format!("gives {form} {of}")
    }
}

/// A text as it is; anything else as JSON with an indent of 2.
pub(super) fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => serde_json::to_string_pretty(&other).expect("a JSON value is JSON"),
    }
}

fn report(title: &str, has_template: bool, said: Value) -> String {
    let mut text = format!("# {title}\n\n");
    match said {
        Value::Object(members) if !has_template => {
            for (name, value) in members {
                let _ = write!(text, "## {name}\n\n```json\n{}\n```\n\n", as_text(value));
            }
        }
        said => text.push_str(&as_text(said)),
    }
    text
}
