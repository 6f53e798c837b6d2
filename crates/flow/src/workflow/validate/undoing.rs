//! What could not be undone if a step fails: everything irreversible that may be done by then.

use serde::Serialize;

use super::branches::Branches;
use crate::workflow::definition::Definition;
use crate::workflow::facts::{ToolFacts, Undoing};
use crate::workflow::graph::Graph;
use crate::workflow::node::{Config, Node, NodeType, Tool};

/// Steps that are told.
const TOLD_MAX: usize = 200;

/// A step that may fail, and what would stay done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// The step that may fail.
    pub node_id: String,
    /// Its name.
    pub name: String,
    /// The names of the steps that may be done by then, and cannot be undone.
    pub stays: Vec<String>,
}

pub(super) fn stuck(
    definition: &Definition,
    graph: &Graph,
    branches: &Branches,
    tools: Option<&dyn ToolFacts>,
) -> Vec<Stuck> {
    let nodes = definition.nodes();
    let irreversible: Vec<(usize, Vec<String>, Vec<bool>)> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (at, stays_of(node, tools)))
        .filter(|(_, stays)| !stays.is_empty())
        .map(|(at, stays)| (at, stays, graph.before(at)))
        .collect();
    let mut all = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        // It was not done where it comes after what fails, or where no run does both.
        let done = irreversible.iter().filter(|(it, _, before)| *it != at && !before[at] && !branches.exclude(*it, at));
        let done: Vec<String> = done.flat_map(|(_, stays, _)| stays.clone()).collect();
        if can_fail(node) && !done.is_empty() {
            all.push(stuck_at(node, done.clone()));
        }
        within(node, &done, tools, &mut all);
        if all.len() >= TOLD_MAX {
            break;
        }
    }
    all.truncate(TOLD_MAX);
    all
}

/// One line for each step that stays done.
pub(super) fn warnings(all: &[Stuck]) -> Vec<String> {
    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for stuck in all {
        for stays in &stuck.stays {
            match steps.iter_mut().find(|(name, _)| name == stays) {
                Some((_, after)) => after.push(&stuck.name),
                None => steps.push((stays, vec![&stuck.name])),
            }
        }
    }
    let told = |(name, after): &(&str, Vec<&str>)| {
        let shown: Vec<String> = after.iter().take(5).map(|name| format!("'{name}'")).collect();
        let more = after.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" or {more} more") } else { String::new() };
        format!("'{name}' cannot be undone if {}{more} fails; put it last, or ask a person before it", shown.join(", "))
    };
    steps.iter().map(told).collect()
}

/// Steps of a body: what is irreversible before one in the same body, and in a loop in earlier rounds too.
fn within(outer: &Node, done: &[String], tools: Option<&dyn ToolFacts>, all: &mut Vec<Stuck>) {
    let body = outer.config.body();
    let mut done = done.to_vec();
    if matches!(outer.config, Config::Loop(_)) {
        done.extend(body.iter().flat_map(|step| stays_of(step, tools)));
    }
    for step in body {
        if can_fail(step) && !done.is_empty() {
            all.push(stuck_at(step, done.clone()));
        }
        within(step, &done, tools, all);
        for stays in stays_of(step, tools) {
            if !done.contains(&stays) {
                done.push(stays);
            }
        }
    }
}

fn stuck_at(node: &Node, stays: Vec<String>) -> Stuck {
    Stuck { node_id: node.node_id.clone(), name: node.name.clone(), stays }
}

fn can_fail(node: &Node) -> bool {
    !matches!(node.config.node_type(), NodeType::Input | NodeType::Parallel)
}

/// The names of the steps of a node that cannot be undone.
fn stays_of(node: &Node, tools: Option<&dyn ToolFacts>) -> Vec<String> {
    let stays = match &node.config {
        Config::Tool(tool) => tool_stays(tool, tools),
        Config::Agent(agent) => agent.tools.iter().any(|tool| is_irreversible(tool, tools)),
        config => return config.body().iter().flat_map(|step| stays_of(step, tools)).collect(),
    };
    if stays { vec![node.name.clone()] } else { Vec::new() }
}

fn tool_stays(tool: &Tool, tools: Option<&dyn ToolFacts>) -> bool {
    tool.compensation.is_none() && is_irreversible(&tool.tool_name, tools)
}

/// Of a tool that nobody knows, nobody knows how to take it back.
fn is_irreversible(name: &str, tools: Option<&dyn ToolFacts>) -> bool {
    tools.is_some_and(|tools| tools.facts(name).is_none_or(|facts| facts.undoing == Undoing::Irreversible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_told_once_for_each_step() {
        let stuck =
            |name: &str| Stuck { node_id: name.to_owned(), name: name.to_owned(), stays: vec!["Pay".to_owned()] };
        let warnings = warnings(&[stuck("Ship"), stuck("Tell")]);
        assert_eq!(
            warnings,
            ["'Pay' cannot be undone if 'Ship', 'Tell' fails; put it last, or ask a person before it"]
        );
    }
}
