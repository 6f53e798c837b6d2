//! A tool: what it says of itself, and how it is called.

use std::sync::Arc;

use rmcp::handler::server::tool::{schema_for_input, schema_for_output};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::JsonSchema;
use sealbook_gate::{Ended, Passage};
use sealbook_record::{Actor, Category, Outcome, PartName, Record, Target, TargetKind};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::Desk;
use super::answer::Answer;
use super::watch::Watch;
use crate::Error;

/// What this server is called in records.
pub(crate) const SERVER: &str = "sealbook";

/// What a call of a tool leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Reads,
    /// Records of what it saw.
    Records,
    /// What a person should look at is assigned or dealt with.
    Changes,
    /// What others do is halted.
    Halts,
}

/// One tool. Its name and schemas are the contract; the rest is for people and models.
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) effect: Effect,
    pub(crate) input: fn() -> Arc<JsonObject>,
    pub(crate) output: fn() -> Arc<JsonObject>,
    /// Whether a call with these arguments passes the gate, and so is on record.
    pub(crate) is_gated: fn(&JsonObject) -> bool,
    pub(crate) run: fn(&Call<'_>) -> Result<Answer, Error>,
}

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) desk: &'a Desk,
    pub(crate) actor: Actor,
    pub(crate) arguments: JsonObject,
    pub(crate) watch: &'a Watch,
}

pub(crate) fn input<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    schema_for_input::<T>().expect("the arguments of a tool are an object")
}

pub(crate) fn output<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    schema_for_output::<T>()
}

pub(crate) fn always(_: &JsonObject) -> bool {
    true
}

pub(crate) fn never(_: &JsonObject) -> bool {
    false
}

impl Definition {
    /// As clients see it.
    pub(crate) fn tool(&self) -> Tool {
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(self.effect == Effect::Reads)
            .destructive(self.effect == Effect::Halts)
            .idempotent(self.effect == Effect::Reads)
            .open_world(false);
        Tool::new(self.name, self.about, (self.input)())
            .with_title(self.title)
            .with_raw_output_schema((self.output)())
            .with_annotations(annotations)
    }

    /// Runs a call; what changes something is on record before and after.
    pub(crate) fn call(&self, call: &Call<'_>) -> Result<Answer, Error> {
        if !(self.is_gated)(&call.arguments) {
            return (self.run)(call);
        }
        let gate = &call.desk.gate;
        let entered = match gate.enter(self.intent(call))? {
            Passage::Entered(entered) => entered,
            Passage::Refused(refused) => return Err(Error::Refused { code: refused.code, text: refused.text }),
        };
        let answer = (self.run)(call);
        // What was done is told whatever becomes of its outcome: an open intent says that it is missing.
        let _ = gate.leave(entered, ended(&answer));
        answer
    }

    fn intent(&self, call: &Call<'_>) -> Record {
        let target = Target::new(TargetKind::Tool, format!("{SERVER}/{}", self.name));
        let mut record = call.desk.event(&call.actor, "tools.call", target);
        record.category = Category::McpCall;
        record.outcome = None;
        record.tags = ["tool_execution".to_owned(), self.name.to_owned()].to_vec();
        let arguments = Value::Object(call.arguments.clone()).to_string();
        let digest = call.desk.gate.digest(arguments.as_bytes());
        let context = serde_json::json!({
            "server": SERVER, "method": "tools/call", "arguments": { "digest": digest, "bytes": arguments.len() },
        });
        record.parts.insert(PartName::Input, raw(arguments));
        record.parts.insert(PartName::Context, raw(context.to_string()));
        record
    }
}

fn ended(answer: &Result<Answer, Error>) -> Ended {
    match answer {
        Ok(answer) => {
            Ended::new(Outcome::Ok).with(PartName::Metadata, raw(format!("{{\"result_bytes\":{}}}", answer.bytes())))
        }
        Err(error) => {
            let outcome = if matches!(error, Error::Cancelled) { Outcome::Cancelled } else { Outcome::Failed };
            let told = serde_json::json!({ "code": error.code(), "message": error.to_string() });
            Ended::new(outcome).with(PartName::Error, to_raw_value(&told).expect("texts are JSON"))
        }
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("it was written as JSON")
}

impl Call<'_> {
    /// The arguments as the tool takes them.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let read = serde_json::from_value(Value::Object(self.arguments.clone()));
        read.map_err(|cause| Error::Arguments { why: without_values(&cause.to_string()) })
    }
}

/// What serde says, without the values that it quotes: they may be secrets in the wrong place.
fn without_values(text: &str) -> String {
    let mut told = String::new();
    let mut pieces = text.split('"');
    told.push_str(pieces.next().unwrap_or_default());
    while let Some(_value) = pieces.next() {
        told.push('…');
        told.push_str(pieces.next().unwrap_or_default());
    }
    for unknown in ["unknown variant `", "unknown field `"] {
        if let Some(start) = told.find(unknown).map(|at| at + unknown.len())
            && let Some(end) = told[start..].find('`')
        {
            told.replace_range(start..start + end, "…");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_arguments_quote_no_value() {
        for (text, told) in [
            (r#"invalid type: string "hunter2", expected u64"#, "invalid type: string …, expected u64"),
            ("unknown variant `hunter2`, expected `a` or `b`", "unknown variant `…`, expected `a` or `b`"),
            ("missing field `file_path`", "missing field `file_path`"),
        ] {
            assert_eq!(without_values(text), told);
        }
    }
}
