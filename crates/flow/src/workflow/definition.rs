//! A workflow as it is written down: JSON, within bounds, and a digest over its canonical form.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use sealbook_record::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::bounds;
use super::bounds::{EDGES_MAX, NODES_MAX};
use super::error::{WorkflowError, shown};
use super::node::{self, Config, NAME_BYTES_MAX, Node};
use crate::canonical;

const TAGS_MAX: usize = 64;
const DESCRIPTION_BYTES_MAX: usize = 16_384;
/// Loops and sagas within each other.
const BODIES_MAX: usize = 4;
/// How long a run may last where nothing is said.
pub const TIMEOUT_S: u64 = 300;
const TIMEOUT_S_MAX: u64 = 31 * 24 * 3_600;

/// One step leads to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The node that it leaves.
    pub from: String,
    /// The node that it leads to.
    pub to: String,
    /// Which branch of a condition it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// A workflow. It does not change: an edit gives another, with the next version.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub(super) head: Head,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// What is said of a workflow besides its nodes and edges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) workflow_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default = "one")]
    pub(super) version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default = "timeout")]
    pub(super) timeout_s: u64,
    #[serde(default)]
    pub(super) metadata: Map<String, Value>,
}

const fn one() -> u64 {
    1
}

const fn timeout() -> u64 {
    TIMEOUT_S
}

impl Definition {
    /// Reads a definition. What may be wrong with the graph as a whole is for [`super::validate`] to say.
    ///
    /// Errors: it is no JSON, has a member that is not known or stands twice, a value of another type, an id that
    /// stands twice, an edge to nowhere, or more of anything than it may. The place is a JSON pointer.
    pub fn read(text: &str) -> Result<Self, WorkflowError> {
        bounds::check(text)?;
        let invalid = |at: String, why: String| WorkflowError::DefinitionInvalid { at, why };
        let value: Value = serde_json::from_str(text).map_err(|error| invalid(String::new(), error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(invalid(String::new(), "this is no map; a workflow is a JSON map".to_owned()));
        };
        let list = |members: &mut Map<String, Value>, name: &str, limit: usize| match members.remove(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) if items.len() <= limit => Ok(items),
            Some(Value::Array(items)) => Err(WorkflowError::DefinitionTooLarge {
                at: format!("/{name}"),
                what: format!("{} of them, where {limit} may be", items.len()),
            }),
            Some(_) => Err(invalid(format!("/{name}"), "this is no list".to_owned())),
        };
        let nodes = list(&mut members, "nodes", NODES_MAX)?;
        let edges = list(&mut members, "edges", EDGES_MAX)?;
        members.values_mut().for_each(canonical::settle);
        let head = node::typed(Value::Object(members)).map_err(|why| at(&why))?;
        let nodes = nodes
            .into_iter()
            .enumerate()
            .map(|(index, node)| node::typed(node).map_err(|why| at(&node::within(&format!("/nodes/{index}"), &why))));
        let nodes = nodes.collect::<Result<Vec<Node>, _>>()?;
        let edges = edges
            .into_iter()
            .enumerate()
            .map(|(index, edge)| node::typed(edge).map_err(|why| at(&node::within(&format!("/edges/{index}"), &why))));
        let edges = edges.collect::<Result<Vec<Edge>, _>>()?;
        let mut definition = Self { head, nodes, edges };
        definition.take_listed_edges();
        definition.check()?;
        Ok(definition)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.head.workflow_id
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// What it is for.
    pub fn description(&self) -> &str {
        &self.head.description
    }

    /// How often it was changed, from 1.
    pub const fn version(&self) -> u64 {
        self.head.version
    }

    /// When it was made.
    pub const fn created_at(&self) -> Option<Timestamp> {
        self.head.created_at
    }

    /// Labels.
    pub fn tags(&self) -> &[String] {
        &self.head.tags
    }

    /// How long a run may last.
    pub const fn timeout_s(&self) -> u64 {
        self.head.timeout_s
    }

    /// Its nodes; those within a loop or a saga are [`Config::body`].
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Its edges.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The node of this id, also one within a loop or a saga.
    pub fn node(&self, id: &str) -> Option<&Node> {
        fn find<'n>(nodes: &'n [Node], id: &str) -> Option<&'n Node> {
            nodes.iter().find_map(|node| if node.node_id == id { Some(node) } else { find(node.config.body(), id) })
        }
        find(&self.nodes, id)
    }

    /// Where this node's outgoing edges lead, each once, in their order.
    pub fn outputs(&self, id: &str) -> Vec<&str> {
        once(self.edges.iter().filter(|edge| edge.from == id).map(|edge| edge.to.as_str()))
    }

    /// Where this node's incoming edges come from, each once, in their order.
    pub fn inputs(&self, id: &str) -> Vec<&str> {
        once(self.edges.iter().filter(|edge| edge.to == id).map(|edge| edge.from.as_str()))
    }

    /// It as JSON, with every default written out.
    pub fn to_json(&self) -> Value {
        let mut all = serde_json::to_value(&self.head).expect("its keys are texts");
        all["nodes"] = json!(self.nodes);
        all["edges"] = json!(self.edges);
        all
    }

    /// It as JSON, each node with its `inputs` and `outputs` besides, for those who look for edges there.
    pub fn to_listed_json(&self) -> Value {
        let mut all = self.to_json();
        for node in all["nodes"].as_array_mut().into_iter().flatten() {
            let id = node["node_id"].as_str().unwrap_or_default().to_owned();
            node["inputs"] = json!(self.inputs(&id));
            node["outputs"] = json!(self.outputs(&id));
        }
        all
    }

    /// Its canonical text (RFC 8785).
    pub fn to_canonical(&self) -> String {
        canonical::text(&self.to_json())
    }

    /// SHA-256 over its canonical text, lower hex: what a run pins.
    pub fn digest(&self) -> String {
        canonical::digest(&self.to_json())
    }

    /// Makes edges of what nodes list as their inputs and outputs. An edge out of a condition whose branches are
    /// named by the nodes they lead to gets its branch so.
    fn take_listed_edges(&mut self) {
        let mut seen: HashSet<(String, String)> =
            self.edges.iter().map(|edge| (edge.from.clone(), edge.to.clone())).collect();
        let mut listed = Vec::new();
        for node in &mut self.nodes {
            let node::Listed { inputs, outputs } = std::mem::take(&mut node.listed);
            listed.extend(outputs.into_iter().map(|to| (node.node_id.clone(), to)));
            listed.extend(inputs.into_iter().map(|from| (from, node.node_id.clone())));
        }
        let branches: HashMap<&str, [&str; 2]> = self
            .nodes
            .iter()
            .filter_map(|node| match &node.config {
                Config::Condition(it) => {
                    Some((node.node_id.as_str(), [it.true_branch.as_str(), it.false_branch.as_str()]))
                }
                _ => None,
            })
            .collect();
        for (from, to) in listed {
            if seen.insert((from.clone(), to.clone())) {
                let is_branch = branches.get(from.as_str()).is_some_and(|branches| branches.contains(&to.as_str()));
                let branch = is_branch.then(|| to.clone());
                self.edges.push(Edge { from, to, branch });
            }
        }
    }

    /// Everything that holds of a definition whatever it does.
    pub(super) fn check(&self) -> Result<(), WorkflowError> {
        self.check_head().map_err(|why| at(&why))?;
        let mut ids = HashSet::new();
        check_nodes(&self.nodes, "/nodes", 0, &mut ids)?;
        let outer: HashSet<&str> = self.nodes.iter().map(|node| node.node_id.as_str()).collect();
        if self.edges.len() > EDGES_MAX {
            let what = format!("{} edges, where {EDGES_MAX} may be", self.edges.len());
            return Err(WorkflowError::DefinitionTooLarge { at: "/edges".to_owned(), what });
        }
        let mut seen = HashSet::new();
        for (index, edge) in self.edges.iter().enumerate() {
            for (end, id) in [("from", &edge.from), ("to", &edge.to)] {
                if !outer.contains(id.as_str()) {
                    let why = if ids.contains(id.as_str()) {
                        format!("/edges/{index}/{end}: `{}` lies within another node, and has no edges", shown(id))
                    } else {
                        format!("/edges/{index}/{end}: there is no node `{}`; name one that is there", shown(id))
                    };
                    return Err(at(&why));
                }
            }
            let branch = edge.branch.as_deref().unwrap_or_default();
            node::check_text(&format!("/edges/{index}/branch"), branch, NAME_BYTES_MAX).map_err(|why| at(&why))?;
            if !seen.insert(edge) {
                return Err(at(&format!("/edges/{index}: this edge stands twice; leave one out")));
            }
        }
        Ok(())
    }

    fn check_head(&self) -> Result<(), String> {
        let head = &self.head;
        node::check_id("/workflow_id", &head.workflow_id)?;
        node::check_text("/name", &head.name, NAME_BYTES_MAX)?;
        node::check_text("/description", &head.description, DESCRIPTION_BYTES_MAX)?;
        if head.version == 0 {
            return Err("/version: 0; the first version is 1".to_owned());
        }
        if !(1..=TIMEOUT_S_MAX).contains(&head.timeout_s) {
            return Err(format!("/timeout_s: {} seconds; say a time between 1 second and 31 days", head.timeout_s));
        }
        if head.tags.len() > TAGS_MAX {
            return Err(format!("/tags: {} tags, where {TAGS_MAX} may be; leave some out", head.tags.len()));
        }
        let mut tags = head.tags.iter().enumerate();
        tags.try_for_each(|(index, tag)| node::check_text(&format!("/tags/{index}"), tag, NAME_BYTES_MAX))
    }
}

fn check_nodes<'n>(
    nodes: &'n [Node],
    place: &str,
    depth: usize,
    ids: &mut HashSet<&'n str>,
) -> Result<(), WorkflowError> {
    if depth > BODIES_MAX {
        let what = format!("loops and sagas lie more than {BODIES_MAX} deep in each other");
        return Err(WorkflowError::DefinitionTooLarge { at: place.to_owned(), what });
    }
    for (index, node) in nodes.iter().enumerate() {
        let place = format!("{place}/{index}");
        if !ids.insert(&node.node_id) {
            return Err(at(&format!("{place}/node_id: `{}` stands twice; ids are unique", node.node_id)));
        }
        if ids.len() > NODES_MAX {
            let what = format!("more than {NODES_MAX} nodes");
            return Err(WorkflowError::DefinitionTooLarge { at: place, what });
        }
        let body = match &node.config {
            Config::Loop(_) => "loop_body",
            Config::Saga(_) => "saga_body",
            _ => continue,
        };
        check_nodes(node.config.body(), &format!("{place}/config/{body}"), depth + 1, ids)?;
    }
    Ok(())
}

/// An error from a text that begins with its place: `/place: why`.
pub(super) fn at(why: &str) -> WorkflowError {
    let (at, why) = why.split_once(": ").unwrap_or(("", why));
    WorkflowError::DefinitionInvalid { at: at.to_owned(), why: why.to_owned() }
}

fn once<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}
