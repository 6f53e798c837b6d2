//! Texts of a declared input that stand for values: `$.result.order.id`, or with a JSON pointer (RFC 6901) behind the
//! root, `$.result/order/id`.
//!
//! A value that is put in is not looked at again: what a call gave cannot point anywhere.

use serde_json::Value;

/// What a text stands for.
pub(crate) enum Look<'v> {
    /// Itself.
    Plain,
    /// This value.
    Value(&'v Value),
    /// A place where there is nothing.
    Missing,
}

impl<'v> Look<'v> {
    /// What lies at `path` of a value: `.order.id`, `/order/id`, or nothing for the whole.
    pub(crate) fn at(value: Option<&'v Value>, path: &str) -> Self {
        value.and_then(|value| found(value, path)).map_or(Self::Missing, Self::Value)
    }
}

/// The template with each text in it replaced by what it stands for.
///
/// Errors: the text that stands for nothing.
pub(crate) fn bind<'v>(template: &Value, look: &impl Fn(&str) -> Look<'v>) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => match look(text) {
            Look::Plain => template.clone(),
            Look::Value(value) => value.clone(),
            Look::Missing => return Err(text.clone()),
        },
        Value::Array(items) => items.iter().map(|item| bind(item, look)).collect::<Result<_, _>>()?,
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| Ok((name.clone(), bind(value, look)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
        plain => plain.clone(),
    })
}

/// What is behind `root` in a text, where that is a path: `.order.id` of `$.result.order.id`.
pub(crate) fn path_of<'t>(text: &'t str, root: &str) -> Option<&'t str> {
    text.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with(['.', '/']))
}

/// The first text that does not fit.
pub(crate) fn misfit<'t>(template: &'t Value, fits: &impl Fn(&str) -> bool) -> Option<&'t str> {
    match template {
        Value::String(text) => (!fits(text)).then_some(text.as_str()),
        Value::Array(items) => items.iter().find_map(|item| misfit(item, fits)),
        Value::Object(members) => members.values().find_map(|item| misfit(item, fits)),
        _ => None,
    }
}

fn found<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let Some(names) = path.strip_prefix('.') else { return value.pointer(path) };
    names.split('.').try_fold(value, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}
