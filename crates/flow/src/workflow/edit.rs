//! Edits: each takes a definition and gives another, with the next version. What it was made from stays as it is.

use sealbook_record::Timestamp;
use serde_json::{Map, Value, json};

use super::definition::{Definition, Edge, Head, TIMEOUT_S};
use super::error::{WorkflowError, shown};
use super::node::{self, Node, NodeType, Position};

/// What is to be known of a workflow when it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewWorkflow {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Labels.
    pub tags: Vec<String>,
}

/// What changes in a node; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeChange {
    /// Another name.
    pub name: Option<String>,
    /// Another config; it takes the place of the whole old one.
    pub config: Option<Map<String, Value>>,
    /// Another place.
    pub position: Option<Position>,
    /// Other metadata.
    pub metadata: Option<Map<String, Value>>,
}

/// `workflow_<12 hex>`, from 48 bits of randomness.
pub fn workflow_id(random: u64) -> String {
    format!("workflow_{:012x}", random & 0xffff_ffff_ffff)
}

/// `node_<8 hex>`.
pub fn node_id(random: u32) -> String {
    format!("node_{random:08x}")
}

/// `exec_<12 hex>`.
pub fn run_id(random: u64) -> String {
    format!("exec_{:012x}", random & 0xffff_ffff_ffff)
}

impl Definition {
    /// An empty workflow, version 1.
    ///
    /// Errors: a name, a description or a label is too long.
    pub fn create(random: u64, new: NewWorkflow, now: Timestamp) -> Result<Self, WorkflowError> {
        let head = Head {
            workflow_id: workflow_id(random),
            name: new.name,
            description: new.description,
            version: 1,
            created_at: Some(now),
            tags: new.tags,
            timeout_s: TIMEOUT_S,
            metadata: Map::new(),
        };
        let made = Self { head, nodes: Vec::new(), edges: Vec::new() };
        made.check()?;
        Ok(made)
    }

    /// A copy of its own, version 1.
    ///
    /// Errors: the name is too long.
    pub fn clone_as(&self, random: u64, name: &str, now: Timestamp) -> Result<Self, WorkflowError> {
        let mut copy = self.clone();
        copy.head.workflow_id = workflow_id(random);
        copy.head.name = name.to_owned();
        copy.head.version = 1;
        copy.head.created_at = Some(now);
        copy.check()?;
        Ok(copy)
    }

    /// The same under another number.
    pub(super) fn at_version(&self, version: u64) -> Self {
        let mut other = self.clone();
        other.head.version = version;
        other
    }

    /// Adds a node, whose id comes from the randomness, and gives that id too.
    ///
    /// Errors: its config is not what its type takes; or there are as many nodes as there may be.
    pub fn with_node(
        &self,
        random: u32,
        node_type: NodeType,
        name: &str,
        config: &Map<String, Value>,
        position: Position,
    ) -> Result<(Self, String), WorkflowError> {
        let mut id = random;
        while self.node(&node_id(id)).is_some() {
            id = id.wrapping_add(1);
        }
        let id = node_id(id);
        let form = json!({
            "node_id": id,
            "name": name,
            "node_type": node_type,
            "config": config,
            "position": {"x": position.x, "y": position.y},
        });
        let node: Node = node::typed(form).map_err(|why| super::definition::at(&why))?;
        self.changed(|next| {
            next.nodes.push(node);
            Ok(())
        })
        .map(|next| (next, id))
    }

    /// Changes a node; one within a loop or a saga is changed with the config of that.
    ///
    /// Errors: there is no such node, or its config is not what its type takes.
    pub fn with_change(&self, id: &str, change: NodeChange) -> Result<Self, WorkflowError> {
        self.changed(|next| {
            let at = next.nodes.iter().position(|node| node.node_id == id);
            let old = &mut next.nodes[at.ok_or_else(|| not_found(id))?];
            let mut form = json!(old);
            if let Some(name) = change.name {
                form["name"] = json!(name);
            }
            if let Some(config) = change.config {
                form["config"] = Value::Object(config);
            }
            if let Some(position) = change.position {
                form["position"] = json!(position);
            }
            if let Some(metadata) = change.metadata {
                form["metadata"] = Value::Object(metadata);
            }
            *old = node::typed(form).map_err(|why| super::definition::at(&why))?;
            Ok(())
        })
    }

    /// Connects two nodes, over a branch where the first is a condition. An edge that is there already changes
    /// nothing, and the version stays.
    ///
    /// Errors: one of the two is not there.
    pub fn with_edge(&self, from: &str, to: &str, branch: Option<&str>) -> Result<Self, WorkflowError> {
        let is_there = |id: &str| self.nodes.iter().any(|node| node.node_id == id);
        if !is_there(from) || !is_there(to) {
            return Err(WorkflowError::EndNotFound);
        }
        let edge = Edge { from: from.to_owned(), to: to.to_owned(), branch: branch.map(str::to_owned) };
        if self.edges.contains(&edge) {
            return Ok(self.clone());
        }
        self.changed(|next| {
            next.edges.push(edge);
            Ok(())
        })
    }

    /// Takes away the edges between two nodes; only that of this branch, where one is given.
    ///
    /// Errors: there is no such edge.
    pub fn without_edge(&self, from: &str, to: &str, branch: Option<&str>) -> Result<Self, WorkflowError> {
        let goes = |edge: &Edge| {
            edge.from == from && edge.to == to && branch.is_none_or(|branch| edge.branch.as_deref() == Some(branch))
        };
        if !self.edges.iter().any(goes) {
            return Err(WorkflowError::EndNotFound);
        }
        self.changed(|next| {
            next.edges.retain(|edge| !goes(edge));
            Ok(())
        })
    }

    /// Takes away a node and all its edges.
    ///
    /// Errors: there is no such node.
    pub fn without_node(&self, id: &str) -> Result<Self, WorkflowError> {
        if !self.nodes.iter().any(|node| node.node_id == id) {
            return Err(not_found(id));
        }
        self.changed(|next| {
            next.nodes.retain(|node| node.node_id != id);
            next.edges.retain(|edge| edge.from != id && edge.to != id);
            Ok(())
        })
    }

    /// Renames it, says otherwise what it is for, or labels it otherwise; what is `None` stays.
    ///
    /// Errors: something is too long.
    pub fn renamed(
        &self,
        name: Option<&str>,
        description: Option<&str>,
        tags: Option<&[String]>,
    ) -> Result<Self, WorkflowError> {
        self.changed(|next| {
            if let Some(name) = name {
                next.head.name = name.to_owned();
            }
            if let Some(description) = description {
                next.head.description = description.to_owned();
            }
            if let Some(tags) = tags {
                next.head.tags = tags.to_vec();
            }
            Ok(())
        })
    }

    fn changed(&self, change: impl FnOnce(&mut Self) -> Result<(), WorkflowError>) -> Result<Self, WorkflowError> {
        let mut next = self.clone();
        change(&mut next)?;
        next.head.version += 1;
        next.check()?;
        super::bounds::check(&next.to_canonical())?;
        Ok(next)
    }
}

fn not_found(id: &str) -> WorkflowError {
    WorkflowError::NodeNotFound { id: shown(id) }
}
