//! What expressions and templates see: what the run was given, what nodes gave, and what is known at one place only.

use std::sync::Arc;

use serde_json::{Map, Value, json};

/// The names that expressions and templates may use. Which of them are known depends on the place.
pub(super) static NAMES: &[&str] =
    &["accumulator", "index", "inputs", "item", "nodes", "parameters", "result", "value"];

/// The data of a run at one of its places.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    shared: Arc<Shared>,
    own: Map<String, Value>,
}

#[derive(Debug, Clone, Default)]
struct Shared {
    inputs: Value,
    nodes: Map<String, Value>,
}

impl Scope {
    /// A run with these inputs, in which nothing was done yet.
    pub fn new(inputs: Map<String, Value>) -> Self {
        let shared = Shared { inputs: Value::Object(inputs), nodes: Map::new() };
        Self { shared: Arc::new(shared), own: Map::new() }
    }

    /// The same, where a name is known besides.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        let mut scope = self.clone();
        scope.own.insert(name.to_owned(), value);
        scope
    }

    /// Adds what a node gave.
    pub fn gave(&mut self, node_id: &str, value: Value) {
        Arc::make_mut(&mut self.shared).nodes.insert(node_id.to_owned(), value);
    }

    /// What a node gave.
    pub fn node(&self, node_id: &str) -> Option<&Value> {
        self.shared.nodes.get(node_id)
    }

    /// A member of a name, or a name that has no members of its own kind: what a path begins with.
    pub(super) fn begin<'s>(&'s self, name: &str, member: Option<&str>) -> Option<&'s Value> {
        match (name, member) {
            ("inputs", None) => Some(&self.shared.inputs),
            ("inputs", Some(member)) => self.shared.inputs.get(member),
            ("nodes", Some(member)) => self.shared.nodes.get(member),
            ("nodes", None) => None,
            (_, None) => self.own.get(name),
            (_, Some(member)) => self.own.get(name)?.get(member),
        }
    }

    /// All of a name.
    pub(super) fn whole(&self, name: &str) -> Option<Value> {
        match name {
            "inputs" => Some(self.shared.inputs.clone()),
            "nodes" => Some(Value::Object(self.shared.nodes.clone())),
            _ => self.own.get(name).cloned(),
        }
    }

    /// Those members of a name that are named, as far as they are there.
    pub(super) fn some(&self, name: &str, members: &[&str]) -> Option<Value> {
        if !matches!(name, "inputs" | "nodes") {
            return self.whole(name);
        }
        let found =
            members.iter().filter_map(|member| Some(((*member).to_owned(), self.begin(name, Some(member))?.clone())));
        Some(Value::Object(found.collect()))
    }

    /// Everything that the run knows.
    pub fn to_json(&self) -> Value {
        json!({"inputs": self.shared.inputs, "nodes": self.shared.nodes})
    }
}
