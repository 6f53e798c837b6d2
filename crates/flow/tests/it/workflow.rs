//! Workflows: what is read, what is refused, and what is said of them before they run.

#![expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]

mod agents;
mod bombs;
mod booking;
mod data;
mod definitions;
mod edits;
mod kept;
mod kills;
mod nodes;
mod people;
mod runs;
mod sagas;
mod travel;
mod validation;
mod world;

use sealbook_flow::workflow::Definition;
use serde_json::{Value, json};

/// A definition of these nodes and edges: `"a b"` leads from a to b, `"a b yes"` over a branch.
pub(crate) fn workflow(nodes: &Value, edges: &[&str]) -> Definition {
    read(&text(nodes, edges))
}

pub(crate) fn text(nodes: &Value, edges: &[&str]) -> String {
    let edges: Vec<Value> = edges
        .iter()
        .map(|edge| {
            let words: Vec<&str> = edge.split(' ').collect();
            match words[..] {
                [from, to] => json!({"from": from, "to": to}),
                [from, to, branch] => json!({"from": from, "to": to, "branch": branch}),
                _ => panic!("{edge}"),
            }
        })
        .collect();
    json!({"workflow_id": "orders", "name": "Orders", "nodes": nodes, "edges": edges}).to_string()
}

pub(crate) fn read(text: &str) -> Definition {
    Definition::read(text).unwrap_or_else(|error| panic!("{error}: {}", &text[..200.min(text.len())]))
}

/// A node of this type, named as its id.
pub(crate) fn node(id: &str, node_type: &str, config: Value) -> Value {
    json!({"node_id": id, "name": id, "node_type": node_type, "config": config})
}
