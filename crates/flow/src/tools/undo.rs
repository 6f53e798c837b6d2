//! The call that takes another back, as configuration declares it: a tool, and an input whose texts may point into
//! what the first call was given and what it gave.

use serde_json::Value;

use crate::Error;
use crate::tool::Compensation;

/// A declared compensation.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUndo {
    tool: String,
    input: Value,
}

/// Where a text points.
enum Source<'t> {
    Input(&'t str),
    Result(&'t str),
}

impl ToolUndo {
    /// This tool with this input. A text of it that begins with `$.input` or `$.result` stands for what lies there:
    /// `$.result.order.id`, or a JSON pointer (RFC 6901) after it, `$.result/order/id`.
    ///
    /// Errors: [`Error::ToolInvalid`], where such a text points nowhere.
    pub fn new(tool: &str, input: Value) -> Result<Self, Error> {
        let undo = Self { tool: tool.to_owned(), input };
        if every_text(&undo.input, &mut |text| !text.starts_with("$.") || source(text).is_some()) {
            return Ok(undo);
        }
        let why = "`compensate.input` points neither into `$.input` nor into `$.result`";
        Err(Error::ToolInvalid { tool: undo.tool, why })
    }

    /// The call, bound.
    pub(super) fn bind(&self, input: &Value, result: &Value) -> Compensation {
        match bound(&self.input, input, result) {
            Ok(input) => Compensation::Call { tool: self.tool.clone(), input },
            Err(place) => {
                let why = format!("what takes it back needs {place}, and there is no such thing");
                Compensation::Irreversible { why }
            }
        }
    }
}

fn bound(template: &Value, input: &Value, result: &Value) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => match source(text) {
            Some(Source::Input(rest)) => found(input, rest).ok_or_else(|| text.clone())?.clone(),
            Some(Source::Result(rest)) => found(result, rest).ok_or_else(|| text.clone())?.clone(),
            None => template.clone(),
        },
        Value::Array(items) => items.iter().map(|item| bound(item, input, result)).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), bound(value, input, result)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
        plain => plain.clone(),
    })
}

fn source(text: &str) -> Option<Source<'_>> {
    let is_path = |rest: &&str| rest.is_empty() || rest.starts_with(['.', '/']);
    let input = text.strip_prefix("$.input").filter(is_path).map(Source::Input);
    input.or_else(|| text.strip_prefix("$.result").filter(is_path).map(Source::Result))
}

fn found<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let Some(names) = path.strip_prefix('.') else { return value.pointer(path) };
    names.split('.').try_fold(value, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}

fn every_text(value: &Value, fits: &mut impl FnMut(&str) -> bool) -> bool {
    match value {
        Value::String(text) => fits(text),
        Value::Array(items) => items.iter().all(|item| every_text(item, fits)),
        Value::Object(members) => members.values().all(|value| every_text(value, fits)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_point_into_what_was_given_and_what_came_of_it() {
        let template = json!({"id": "$.result.order.id", "first": "$.result/items/0/a~1b", "why": "undone",
            "of": ["$.input.day", "$.input", "$price"], "second": "$.result.items.1"});
        let undo = ToolUndo::new("cancel", template).unwrap();
        let (input, result) = (json!({"day": 7}), json!({"order": {"id": "o1"}, "items": [{"a/b": null}, 2]}));
        let expected =
            json!({"id": "o1", "first": null, "why": "undone", "of": [7, {"day": 7}, "$price"], "second": 2});
        assert_eq!(undo.bind(&input, &result), Compensation::Call { tool: "cancel".to_owned(), input: expected });
    }

    #[test]
    fn what_points_nowhere_is_refused_and_what_is_missing_is_said() {
        for text in ["$.results.id", "$.output", "$.inputs", "$."] {
            assert_eq!(ToolUndo::new("cancel", json!({"id": [text]})).unwrap_err().code(), "tool_invalid", "{text}");
        }
        let undo = ToolUndo::new("cancel", json!({"id": "$.result.id"})).unwrap();
        let Compensation::Irreversible { why } = undo.bind(&json!({}), &json!({"name": "x"})) else { panic!() };
        assert!(why.contains("$.result.id"), "{why}");
    }
}
