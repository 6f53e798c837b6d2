//! `transform`: data changes its form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{TEXT_BYTES_MAX, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::expression::{Code, source};
use crate::workflow::path::Path;
use crate::workflow::scope::Scope;
use crate::workflow::uses::Uses;

/// Elements that one node works on.
const ITEMS_MAX: usize = 10_000;

/// How it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransformType {
    /// Each element of a list becomes what `mapping` says.
    Map,
    /// The elements stay of which `filter` is true.
    Filter,
    /// A list becomes one value, by `reducer` over `accumulator` and `item`.
    Reduce,
    /// The value at `path`.
    Extract,
}

/// What a transformation works on, and by which expressions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransformConfig {
    /// What it works on: a path, or a CEL expression; without one, what the only node before it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_field: Option<String>,
    /// CEL over `item` and `index`, for `map`; `item` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// CEL over `item` and `index`, for `filter`; `true` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// CEL over `accumulator`, `item` and `index`, for `reduce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reducer: Option<String>,
    /// What `accumulator` is at first, for `reduce`; null without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<Value>,
    /// Members and indexes, as `rows[0].id`, for `extract`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Changes the form of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// How.
    pub transform_type: TransformType,
    /// What it works on, and by which expressions.
    #[serde(default)]
    pub transform_config: TransformConfig,
}

impl Transform {
    pub(super) fn bounds(&self) -> Result<(), String> {
        let config = &self.transform_config;
        let given = [
            ("source_field", config.source_field.is_some()),
            ("mapping", config.mapping.is_some()),
            ("filter", config.filter.is_some()),
            ("reducer", config.reducer.is_some()),
            ("initial", config.initial.is_some()),
            ("path", config.path.is_some()),
        ];
        let takes: &[&str] = match self.transform_type {
            TransformType::Map => &["source_field", "mapping"],
            TransformType::Filter => &["source_field", "filter"],
            TransformType::Reduce => &["source_field", "reducer", "initial"],
            TransformType::Extract => &["source_field", "path"],
        };
        if let Some((name, _)) = given.iter().find(|(name, given)| *given && !takes.contains(name)) {
            return Err(format!("/transform_config/{name}: this type does not use it; it takes {}", takes.join(", ")));
        }
        let missing = match self.transform_type {
            TransformType::Reduce if config.reducer.is_none() => Some("reducer"),
            TransformType::Extract if config.path.is_none() => Some("path"),
            _ => None,
        };
        if let Some(name) = missing {
            return Err(format!("/transform_config/{name}: it is missing; say how"));
        }
        for (name, text) in [
            ("source_field", &config.source_field),
            ("mapping", &config.mapping),
            ("filter", &config.filter),
            ("reducer", &config.reducer),
            ("path", &config.path),
        ] {
            check_text(&format!("/transform_config/{name}"), text.as_deref().unwrap_or_default(), TEXT_BYTES_MAX)?;
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        let config = &self.transform_config;
        match &config.source_field {
            Some(text) => uses.source("/transform_config/source_field", text),
            None => uses.wants_one_before("/transform_config/source_field"),
        }
        for (name, text) in [("mapping", &config.mapping), ("filter", &config.filter)] {
            if let Some(text) = text {
                uses.expression(&format!("/transform_config/{name}"), text, &["item", "index"]);
            }
        }
        if let Some(text) = &config.reducer {
            uses.expression("/transform_config/reducer", text, &["accumulator", "item", "index"]);
        }
        if let Some(Err(why)) = config.path.as_deref().map(Path::read_within) {
            uses.problem("/transform_config/path", &why);
        }
    }

    /// What it gives; `before` is what the only node before it gave.
    pub fn value(&self, before: Option<&Value>, scope: &Scope) -> Result<Value, WorkflowError> {
        let config = &self.transform_config;
        let unfit = |at: &str, why: String| WorkflowError::DataUnfit { at: format!("transform_config.{at}"), why };
        let data = match (&config.source_field, before) {
            (Some(text), _) => source(text, scope).map_err(|why| unfit("source_field", why))?,
            (None, Some(before)) => before.clone(),
            (None, None) => {
                return Err(unfit(
                    "source_field",
                    "there is not one node before this; say what it works on".to_owned(),
                ));
            }
        };
        if self.transform_type == TransformType::Extract {
            let path = config.path.as_deref().unwrap_or_default();
            return Path::read_within(path).and_then(|path| path.find_in(&data)).map_err(|why| unfit("path", why));
        }
        let Value::Array(items) = data else {
            return Err(unfit("source_field", format!("this is no list; `{}` works on a list", self.word())));
        };
        if items.len() > ITEMS_MAX {
            return Err(unfit(
                "source_field",
                format!("{} elements, where {ITEMS_MAX} may be; filter them before", items.len()),
            ));
        }
        self.over(items, scope)
    }

    fn over(&self, items: Vec<Value>, scope: &Scope) -> Result<Value, WorkflowError> {
        let config = &self.transform_config;
        let (field, text) = match self.transform_type {
            TransformType::Map => ("mapping", config.mapping.as_deref().unwrap_or("item")),
            TransformType::Filter => ("filter", config.filter.as_deref().unwrap_or("true")),
            _ => ("reducer", config.reducer.as_deref().unwrap_or_default()),
        };
        let failed = |index: Option<usize>, why: String| {
            let at = index.map_or(String::new(), |index| format!(", element {index}"));
            WorkflowError::ExpressionFailed { at: format!("transform_config.{field}{at}"), why }
        };
        let code = Code::compile(text).map_err(|why| failed(None, why))?;
        let mut kept = Vec::new();
        let mut accumulator = config.initial.clone().unwrap_or(Value::Null);
        for (index, item) in items.into_iter().enumerate() {
            let mut scope = scope.with("item", item.clone()).with("index", Value::from(index));
            if self.transform_type == TransformType::Reduce {
                scope = scope.with("accumulator", accumulator.clone());
            }
            let given = code.evaluate(&scope).map_err(|why| failed(Some(index), why))?;
            match (self.transform_type, given) {
                (TransformType::Map, given) => kept.push(given),
                (TransformType::Filter, Value::Bool(true)) => kept.push(item),
                (TransformType::Filter, Value::Bool(false)) => {}
                (TransformType::Filter, _) => {
                    return Err(failed(
                        Some(index),
                        "it says neither true nor false; compare something in it".to_owned(),
                    ));
                }
                (_, given) => accumulator = given,
            }
        }
        Ok(if self.transform_type == TransformType::Reduce { accumulator } else { Value::Array(kept) })
    }

    const fn word(&self) -> &'static str {
        match self.transform_type {
            TransformType::Map => "map",
            TransformType::Filter => "filter",
            TransformType::Reduce => "reduce",
            TransformType::Extract => "extract",
        }
    }

    pub(super) fn tells(&self) -> String {
        let config = &self.transform_config;
        let text = |text: &Option<String>, or: &str| super::tool::brief(text.as_deref().unwrap_or(or));
        let of = config
            .source_field
            .as_deref()
            .map_or("what came before".to_owned(), |text| format!("`{}`", super::tool::brief(text)));
        match self.transform_type {
            TransformType::Map => format!("makes `{}` of each element of {of}", text(&config.mapping, "item")),
            TransformType::Filter => format!("keeps the elements of {of} for which `{}`", text(&config.filter, "true")),
            TransformType::Reduce => format!("reduces {of} to one value by `{}`", text(&config.reducer, "")),
            TransformType::Extract => format!("takes `{}` out of {of}", text(&config.path, "")),
        }
    }
}
