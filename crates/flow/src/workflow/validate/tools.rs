//! What tools are given: whether they are there, and take what is written down.

use serde_json::Value;

use super::data::field;
use super::{Told, named};
use crate::workflow::error::shown;
use crate::workflow::facts::ToolFacts;
use crate::workflow::node::Node;
use crate::workflow::uses::ToolUse;

pub(super) fn check(node: &Node, used: &ToolUse, tools: &dyn ToolFacts, told: &mut Told) {
    let name = named(node);
    let tool = shown(&used.name);
    let Some(facts) = tools.facts(&used.name) else {
        return told.error(format!("{name}, `{}`: there is no tool `{tool}`; see which there are", field(&used.at)));
    };
    let (Some(schema), Some(given)) = (&facts.input_schema, &used.parameters) else { return };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for missing in required.filter(|name| !given.contains_key(*name)) {
        told.error(format!("{name}: the tool `{tool}` wants `{}`, which it is not given", shown(missing)));
    }
    let is_closed = schema["additionalProperties"] == Value::Bool(false);
    for (member, value) in given {
        match schema["properties"].get(member) {
            None if is_closed => {
                told.error(format!("{name}: the tool `{tool}` does not take `{}`; leave it out", shown(member)));
            }
            None => {}
            Some(property) => {
                if let Some(wanted) = misfit(value, property) {
                    told.error(format!("{name}: the tool `{tool}` takes a {wanted} as `{}`", shown(member)));
                }
            }
        }
    }
}

/// The type that is wanted, where a value that is written down surely has another. A template may give anything.
fn misfit<'s>(value: &Value, schema: &'s Value) -> Option<&'s str> {
    let wanted = schema["type"].as_str()?;
    let fits = match value {
        Value::String(text) => wanted == "string" || text.contains("{{") || text.contains("{%"),
        Value::Number(number) => wanted == "number" || wanted == "integer" && !number.is_f64(),
        Value::Bool(_) => wanted == "boolean",
        Value::Null => wanted == "null",
        Value::Array(_) => wanted == "array",
        Value::Object(_) => wanted == "object",
    };
    (!fits).then_some(wanted)
}
