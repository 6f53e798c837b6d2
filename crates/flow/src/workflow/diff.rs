//! What differs between two versions of a workflow.

use serde::Serialize;
use serde_json::Value;

use super::definition::{Definition, Edge};
use super::node::Node;

/// What differs between two definitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Diff {
    /// The digest of the first.
    pub from: String,
    /// The digest of the second.
    pub to: String,
    /// Fields of the workflow itself.
    pub fields: Vec<Changed>,
    /// Ids of nodes that only the second has.
    pub added: Vec<String>,
    /// Ids of nodes that only the first has.
    pub removed: Vec<String>,
    /// Fields of nodes that both have.
    pub changed: Vec<NodeChanged>,
    /// Edges that only the second has.
    pub connected: Vec<Edge>,
    /// Edges that only the first has.
    pub disconnected: Vec<Edge>,
}

/// A field that has another value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Its place, as a JSON pointer.
    pub at: String,
    /// What it was; `None` where it was not there.
    pub before: Option<Value>,
    /// What it is; `None` where it is gone.
    pub after: Option<Value>,
}

/// A node that has other fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeChanged {
    /// Its id.
    pub node_id: String,
    /// What is other.
    pub fields: Vec<Changed>,
}

/// Compares two definitions.
pub fn diff(before: &Definition, after: &Definition) -> Diff {
    let ids = |definition: &Definition| definition.nodes().iter().map(|node| node.node_id.clone()).collect::<Vec<_>>();
    let find = |definition: &Definition, id: &str| -> Option<Node> {
        definition.nodes().iter().find(|node| node.node_id == id).cloned()
    };
    let mut all = Diff { from: before.digest(), to: after.digest(), ..Diff::default() };
    let head = |definition: &Definition| serde_json::to_value(&definition.head).expect("its keys are texts");
    fields("", &head(before), &head(after), &mut all.fields);
    let (old, new) = (ids(before), ids(after));
    let known: std::collections::HashSet<&String> = old.iter().collect();
    all.added = new.iter().filter(|id| !known.contains(id)).cloned().collect();
    let kept: std::collections::HashSet<&String> = new.iter().collect();
    for id in &old {
        if !kept.contains(id) {
            all.removed.push(id.clone());
            continue;
        }
        let mut changed = Vec::new();
        fields("", &serde_json::json!(find(before, id)), &serde_json::json!(find(after, id)), &mut changed);
        if !changed.is_empty() {
            all.changed.push(NodeChanged { node_id: id.clone(), fields: changed });
        }
    }
    let had: std::collections::HashSet<&Edge> = before.edges().iter().collect();
    let has: std::collections::HashSet<&Edge> = after.edges().iter().collect();
    all.connected = after.edges().iter().filter(|edge| !had.contains(edge)).cloned().collect();
    all.disconnected = before.edges().iter().filter(|edge| !has.contains(edge)).cloned().collect();
    all
}

/// Members that differ, as deep as both sides are maps.
fn fields(at: &str, before: &Value, after: &Value, all: &mut Vec<Changed>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            all.push(Changed { at: at.to_owned(), before: Some(before.clone()), after: Some(after.clone()) });
        }
        return;
    };
    for (name, value) in old {
        let at = format!("{at}/{}", super::bounds::step(name));
        match new.get(name) {
            Some(other) => fields(&at, value, other, all),
            None => all.push(Changed { at, before: Some(value.clone()), after: None }),
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        let at = format!("{at}/{}", super::bounds::step(name));
        all.push(Changed { at, before: None, after: Some(value.clone()) });
    }
}
