//! A YAML or JSON text as a tree whose nodes know their lines.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::RuleError;

/// Longer than any file of rules that a person wrote.
const TEXT_BYTES_MAX: usize = 4 << 20;
const DEPTH_MAX: usize = 48;
const NODES_MAX: usize = 1 << 18;

/// A value and the line it stands in; 0 where there is no text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// What a node holds. Numbers are kept as text: nothing here reckons.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, usize, Node)>),
}

impl Node {
    /// Every document of a YAML text.
    pub(crate) fn from_yaml(text: &str) -> Result<Vec<Self>, RuleError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(RuleError::new("the text is longer than 4 MiB; split it"));
        }
        let text = text.to_owned();
        on_large_stack(move || Self::read_yaml(&text))
    }

    fn read_yaml(text: &str) -> Result<Vec<Self>, RuleError> {
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_depth: DEPTH_MAX,
                flow_nesting_limit: DEPTH_MAX,
                max_nodes: NODES_MAX,
                max_events: 2 * NODES_MAX,
            },
            with_snippet: false,
        };
        let trees: Vec<Spanned<Tree>> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            let line = error.location().map_or(0, |place| usize::try_from(place.line()).unwrap_or(0));
            let what = "this is not YAML that can be read, or it is nested too deep, or a key stands twice; \
                        check indentation, quotes and anchors";
            let error = RuleError::new(what);
            if line > 0 { error.at(line) } else { error }
        })?;
        Ok(trees.into_iter().map(Self::of).collect())
    }

    /// A JSON value, which has no lines.
    pub(crate) fn from_json(value: serde_json::Value) -> Self {
        let value = match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(it) => Value::Bool(it),
            serde_json::Value::Number(it) => Value::Number(it.to_string()),
            serde_json::Value::String(it) => Value::Text(it),
            serde_json::Value::Array(list) => Value::List(list.into_iter().map(Self::from_json).collect()),
            serde_json::Value::Object(map) => {
                Value::Map(map.into_iter().map(|(key, value)| (key, 0, Self::from_json(value))).collect())
            }
        };
        Self { line: 0, value }
    }

    fn of(tree: Spanned<Tree>) -> Self {
        Self { line: usize::try_from(tree.referenced.line()).unwrap_or(0), value: tree.value.0 }
    }

    /// An error about this node.
    pub(crate) fn error(&self, what: impl Into<String>) -> RuleError {
        error_at(self.line, what)
    }

    /// The text, or what stands for one.
    pub(crate) fn text(&self, field: &str) -> Result<&str, RuleError> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Ok(text),
            Value::Bool(true) => Ok("true"),
            Value::Bool(false) => Ok("false"),
            _ => Err(self.error(format!("`{field}` is a text; put it into quotes"))),
        }
    }

    /// One text or a list of texts.
    pub(crate) fn texts(&self, field: &str) -> Result<Vec<String>, RuleError> {
        match &self.value {
            Value::List(list) if !list.is_empty() => {
                list.iter().map(|node| node.text(field).map(str::to_owned)).collect()
            }
            Value::List(_) => Err(self.error(format!("`{field}` is an empty list; leave it out, or name something"))),
            _ => Ok(vec![self.text(field)?.to_owned()]),
        }
    }
}

/// Room for readers that call themselves; CEL's takes 170 KiB a level without optimisation.
const STACK_BYTES: usize = 128 << 20;

thread_local! {
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Reads a stranger's text where there is room for its depth.
pub(crate) fn on_large_stack<T: Send>(read: impl FnOnce() -> Result<T, RuleError> + Send) -> Result<T, RuleError> {
    if IS_LARGE.get() {
        return read();
    }
    std::thread::scope(|scope| {
        let read = || {
            IS_LARGE.set(true);
            read()
        };
        let reader = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, read);
        let reader =
            reader.map_err(|_| RuleError::new("there is no room for a thread to read rules in; free memory"))?;
        reader.join().unwrap_or_else(|_| Err(RuleError::new("the text cannot be read; simplify it")))
    })
}

/// An error at a line; 0 means that there is none.
pub(crate) fn error_at(line: usize, what: impl Into<String>) -> RuleError {
    let error = RuleError::new(what);
    if line > 0 { error.at(line) } else { error }
}

struct Tree(Value);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Tree)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Number(it.to_string()))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        Ok(Value::Number(it.to_string()))
    }

    fn visit_i128<E>(self, it: i128) -> Result<Value, E> {
        Ok(Value::Number(it.to_string()))
    }

    fn visit_u128<E>(self, it: u128) -> Result<Value, E> {
        Ok(Value::Number(it.to_string()))
    }

    fn visit_f64<E>(self, it: f64) -> Result<Value, E> {
        Ok(Value::Number(it.to_string()))
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(Value::Text(it.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element::<Spanned<Tree>>()? {
            list.push(Node::of(item));
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let value = Node::of(map.next_value::<Spanned<Tree>>()?);
            list.push((key.value, usize::try_from(key.referenced.line()).unwrap_or(0), value));
        }
        Ok(Value::Map(list))
    }
}
