//! The call that takes another back, as configuration declares it: a tool, and an input whose texts may point into
//! what the first call was given and what it gave.

use serde_json::Value;

use crate::Error;
use crate::binding::{Look, bind, misfit, path_of};
use crate::tool::Compensation;

/// A declared compensation.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUndo {
    tool: String,
    input: Value,
}

impl ToolUndo {
    /// This tool with this input. A text of it that begins with `$.input` or `$.result` stands for what lies there:
    /// `$.result.order.id`, or a JSON pointer (RFC 6901) after it, `$.result/order/id`.
    ///
    /// Errors: [`Error::ToolInvalid`], where such a text points nowhere.
    pub fn new(tool: &str, input: Value) -> Result<Self, Error> {
        let undo = Self { tool: tool.to_owned(), input };
        let points = |text: &str| path_of(text, "$.input").or_else(|| path_of(text, "$.result")).is_some();
        if misfit(&undo.input, &|text| !text.starts_with("$.") || points(text)).is_none() {
            return Ok(undo);
        }
        let why = "`compensate.input` points neither into `$.input` nor into `$.result`";
        Err(Error::ToolInvalid { tool: undo.tool, why })
    }

    /// The call, bound.
    pub(super) fn bind(&self, input: &Value, result: &Value) -> Compensation {
        let look = |text: &str| match (path_of(text, "$.input"), path_of(text, "$.result")) {
            (Some(path), _) => Look::at(Some(input), path),
            (None, Some(path)) => Look::at(Some(result), path),
            (None, None) => Look::Plain,
        };
        match bind(&self.input, &look) {
            Ok(input) => Compensation::Call { tool: self.tool.clone(), input },
            Err(place) => {
                let why = format!("what takes it back needs {place}, and there is no such thing");
                Compensation::Irreversible { why }
            }
        }
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
