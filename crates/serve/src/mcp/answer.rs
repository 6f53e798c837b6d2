//! What a tool says: JSON text, and the same as a value where the protocol wants one.

use std::borrow::Cow;

use rmcp::model::{CallToolResult, ContentBlock};
use rmcp::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use sealbook_report::{View, shown};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::Error;

/// Deeper values are given as their text.
const DEPTH_MAX: usize = 100;

/// A tool's answer.
#[derive(Debug)]
pub(crate) struct Answer(String);

impl Answer {
    pub(crate) fn of(answer: &impl Serialize) -> Self {
        Self(serde_json::to_string(answer).expect("answers serialise: their keys are texts"))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Text for every client, and the value for those that read it.
    pub(crate) fn result(self) -> CallToolResult {
        let mut result = CallToolResult::structured(value(&self.0));
        // The text has every number as it was sealed; a value cannot hold all of them.
        result.content = vec![ContentBlock::text(self.0)];
        result
    }
}

/// The answer of a tool that could not do what was asked: a text that a model reads, with the stable code.
pub(crate) fn refusal(error: &Error) -> CallToolResult {
    let text = sealbook_policy::redact_text(&error.to_string()).into_owned();
    let (message, help) = match text.split_once("; ") {
        Some((message, help)) => (shown(message).into_owned(), Some(shown(help).into_owned())),
        None => (shown(&text).into_owned(), None),
    };
    let told = Refusal { status: "error", code: error.code(), message, help };
    let told = serde_json::to_value(&told).expect("texts are JSON");
    CallToolResult::structured_error(told)
}

#[derive(Serialize)]
struct Refusal {
    status: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// The word with which an answer begins.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Success,
}

/// JSON that a view made, as it is.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Told(Box<RawValue>);

impl Told {
    pub(crate) fn view(view: &dyn View) -> Self {
        Self::json(view.json())
    }

    pub(crate) fn json(text: String) -> Self {
        Self(RawValue::from_string(text).expect("views write JSON"))
    }

    pub(crate) fn list(view: &dyn View) -> Vec<Self> {
        view.json_lines().into_iter().map(Self::json).collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.get().len()
    }
}

impl JsonSchema for Told {
    fn schema_name() -> Cow<'static, str> {
        "Told".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

/// JSON text as a value. A number that a value would change is given as its text.
fn value(text: &str) -> Value {
    within(text, DEPTH_MAX)
}

fn within(text: &str, depth: usize) -> Value {
    let text = text.trim_ascii();
    let as_text = || Value::String(text.to_owned());
    if depth == 0 {
        return as_text();
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let Ok(Fields(fields)) = serde_json::from_str(text) else { return as_text() };
            let fields = fields.into_iter().map(|(name, raw)| (name, within(raw.get(), depth - 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some(b'[') => {
            let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else { return as_text() };
            Value::Array(items.into_iter().map(|raw| within(raw.get(), depth - 1)).collect())
        }
        Some(b'-' | b'0'..=b'9') => {
            let number = serde_json::from_str::<Number>(text).ok().filter(|number| number.to_string() == text);
            number.map_or_else(as_text, Value::Number)
        }
        _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
    }
}

/// The fields of an object in their order; of two of one name the last counts, as for every reader of JSON.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry::<String, &RawValue>()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_changes_no_number() {
        let json = r#"{"a":[1,-2.5,0.10,1e400,12345678901234567890123],"b":{"c":null,"d":"x"},"e":true}"#;
        let expected = serde_json::json!({
            "a": [1, -2.5, "0.10", "1e400", "12345678901234567890123"], "b": {"c": null, "d": "x"}, "e": true
        });
        assert_eq!(value(json), expected);
    }

    #[test]
    fn what_is_too_deep_is_text() {
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let mut found = &value(&deep);
        let mut levels = 0;
        while let Value::Array(items) = found {
            (found, levels) = (&items[0], levels + 1);
        }
        assert_eq!(levels, DEPTH_MAX);
        assert!(found.as_str().is_some_and(|text| text.starts_with("[[")));
    }

    #[test]
    fn a_refusal_has_a_code_and_a_mend() {
        let result = refusal(&Error::ModelMissing);
        let told = result.structured_content.unwrap_or_default();
        assert_eq!((&told["status"], &told["code"]), (&"error".into(), &"model_missing".into()));
        assert!(told["help"].as_str().is_some_and(|help| help.contains("model.toml")), "{told}");
        assert_eq!(result.is_error, Some(true));
    }
}
