//! Attributes by their names, as JSON.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Given;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Value, json};

/// Bytes of a text that goes into a statement.
const SHORT_BYTES_MAX: usize = 512;

/// Attributes of a span, a log or a resource; of those that have one name the last.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes(Map<String, Value>);

impl Attributes {
    pub(super) fn of(given: &[KeyValue]) -> Self {
        Self(given.iter().map(|pair| (pair.key.clone(), pair.value.as_ref().map_or(Value::Null, json_of))).collect())
    }

    /// Adds those that are not there.
    pub(super) fn add(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            self.0.entry(name).or_insert_with(|| value.clone());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that fits into a statement, under the first of the names that has one.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        let text = names.iter().find_map(|name| self.0.get(*name)?.as_str().filter(|text| !text.is_empty()))?;
        Some(short(text))
    }

    /// Takes out what stands under the first of the names that has something.
    pub(super) fn take(&mut self, names: &[&str]) -> Option<Value> {
        names.iter().find_map(|name| self.0.remove(*name)).filter(|value| !value.is_null())
    }

    /// Takes out all whose names begin like that, by the rest of their names.
    pub(super) fn take_all(&mut self, prefix: &str) -> Map<String, Value> {
        let names: Vec<String> = self.0.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        names.iter().filter_map(|name| Some((name[prefix.len()..].to_owned(), self.0.remove(name)?))).collect()
    }

    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }
}

/// A value as JSON: bytes as `{"b64": …}`, numbers that JSON has not as texts.
pub(super) fn json_of(value: &AnyValue) -> Value {
    match &value.value {
        Some(Given::StringValue(text)) => json!(text),
        Some(Given::BoolValue(is)) => json!(is),
        Some(Given::IntValue(number)) => json!(number),
        Some(Given::DoubleValue(number)) if number.is_finite() => json!(number),
        Some(Given::DoubleValue(number)) => json!(number.to_string()),
        Some(Given::ArrayValue(list)) => list.values.iter().map(json_of).collect(),
        Some(Given::KvlistValue(list)) => Attributes::of(&list.values).into_json(),
        Some(Given::BytesValue(bytes)) => {
            serde_json::from_str(sealbook_record::bytes_to_json(bytes).get()).unwrap_or_default()
        }
        // The rest is an index into a table that this signal does not have.
        None | Some(_) => Value::Null,
    }
}

/// Content that was put into an attribute as JSON text is that JSON.
pub(super) fn content(value: Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        value => value,
    }
}

/// The beginning of a text, as much as fits into a statement.
pub(super) fn short(text: &str) -> String {
    let mut end = text.len().min(SHORT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
