//! The graph: ends, cycles, branches, joins, and what may lie within what.

use std::collections::HashSet;

use super::{Told, named};
use crate::workflow::definition::Definition;
use crate::workflow::error::shown;
use crate::workflow::graph::Graph;
use crate::workflow::node::{Config, Join, Node, NodeType};

pub(super) fn check(definition: &Definition, graph: &Graph, told: &mut Told) {
    let nodes = definition.nodes();
    let has = |node_type| nodes.iter().any(|node| node.config.node_type() == node_type);
    if !has(NodeType::Input) {
        told.warning("No input nodes found - workflow may not accept external data");
    }
    if !has(NodeType::Output) {
        told.error("No output nodes found - workflow will not produce results");
    }
    for (at, node) in nodes.iter().enumerate() {
        let is_end = matches!(node.config.node_type(), NodeType::Input | NodeType::Output);
        if !is_end && graph.out[at].is_empty() && graph.into[at].is_empty() {
            told.warning(format!("Node {} is disconnected", named(node)));
        }
        edges_of(node, at, graph, told);
        body_of(node, told);
    }
    cycles(nodes, graph, told);
    unreachable(nodes, graph, told);
    names(nodes, told);
}

fn edges_of(node: &Node, at: usize, graph: &Graph, told: &mut Told) {
    let (into, out) = (graph.into[at].len(), graph.out[at].len());
    let name = named(node);
    match &node.config {
        Config::Condition(condition) => {
            let known = [condition.true_branch.as_str(), condition.false_branch.as_str()];
            for edge in &graph.out[at] {
                let edge = &graph.edges[*edge];
                match edge.branch.as_deref() {
                    None => told.error(format!(
                        "The edge from {name} to `{}` has no branch; say `{}` or `{}`",
                        edge.to, known[0], known[1]
                    )),
                    Some(branch) if !known.contains(&branch) => told.error(format!(
                        "The edge from {name} to `{}` has the branch `{}`, which {name} does not have; say `{}` or `{}`",
                        edge.to,
                        shown(branch),
                        known[0],
                        known[1]
                    )),
                    Some(_) => {}
                }
            }
            for branch in known {
                let leads = |edge: &usize| graph.edges[*edge].branch.as_deref() == Some(branch);
                if !graph.out[at].iter().any(leads) {
                    told.warning(format!("The branch `{}` of {name} leads nowhere", shown(branch)));
                }
            }
        }
        Config::Merge(_) if into == 0 => told.error(format!("{name} merges nothing; connect branches to it")),
        Config::Merge(merge) => {
            if into == 1 {
                told.warning(format!("{name} merges one branch only"));
            }
            if merge.join == Join::N && merge.wants(into) > into {
                told.error(format!("{name} waits for {} branches, and has {into}; lower its count", merge.wants(into)));
            }
        }
        Config::Parallel(_) if out == 0 => told.error(format!("{name} begins nothing; connect it to branches")),
        Config::Parallel(_) if out == 1 => told.warning(format!("{name} begins one branch only")),
        Config::Input(_) if into > 0 => {
            told.warning(format!("{name} takes its value from outside, whatever leads to it"));
        }
        Config::Output(_) if into == 0 && graph.len() > 1 => {
            told.warning(format!("Nothing leads to {name}: it gives its value when the run begins"));
        }
        _ => {}
    }
    if !matches!(node.config, Config::Condition(_)) {
        for edge in &graph.out[at] {
            if let Some(branch) = &graph.edges[*edge].branch {
                told.error(format!(
                    "The edge from {name} to `{}` has the branch `{}`; only conditions have branches",
                    graph.edges[*edge].to,
                    shown(branch)
                ));
            }
        }
    }
}

/// Steps within a loop or a saga run one after the other: what needs edges has no place there.
fn body_of(node: &Node, told: &mut Told) {
    for inner in node.config.body() {
        let node_type = inner.config.node_type();
        let needs_edges = matches!(
            node_type,
            NodeType::Input | NodeType::Output | NodeType::Condition | NodeType::Parallel | NodeType::Merge
        );
        if needs_edges {
            told.error(format!(
                "{} is of the type {node_type}, which has no place within {}; put it into a sub-workflow",
                named(inner),
                named(node)
            ));
        }
        body_of(inner, told);
    }
}

fn cycles(nodes: &[Node], graph: &Graph, told: &mut Told) {
    let order = graph.order();
    if order.len() == nodes.len() {
        return;
    }
    told.error("Workflow contains cycles - this may cause infinite loops");
    // Of what is not in order, what leads nowhere in it lies behind a cycle, not on one.
    let mut left = vec![true; nodes.len()];
    order.iter().for_each(|node| left[*node] = false);
    let mut ends: Vec<usize> = Vec::new();
    let leads = |node: usize, left: &[bool]| graph.out[node].iter().any(|edge| left[graph.to(*edge)]);
    ends.extend((0..nodes.len()).filter(|node| left[*node] && !leads(*node, &left)));
    while let Some(node) = ends.pop() {
        left[node] = false;
        let before = graph.into[node].iter().map(|edge| graph.from(*edge));
        ends.extend(before.filter(|before| left[*before] && !leads(*before, &left)).collect::<HashSet<_>>());
    }
    let on: Vec<String> = nodes.iter().enumerate().filter(|(at, _)| left[*at]).map(|(_, node)| named(node)).collect();
    let more = on.len().saturating_sub(10);
    let shown = on.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    told.error(format!("On a cycle: {shown}{more}; a `loop` node repeats within a bound"));
}

/// What only edges lead to that are never taken.
fn unreachable(nodes: &[Node], graph: &Graph, told: &mut Told) {
    let is_taken = |edge: usize| {
        let branch = graph.edges[edge].branch.as_ref();
        match &nodes[graph.from(edge)].config {
            Config::Condition(it) => {
                branch.is_some_and(|branch| *branch == it.true_branch || *branch == it.false_branch)
            }
            _ => branch.is_none(),
        }
    };
    let reached = graph.reached(&graph.roots(), is_taken);
    let in_order: HashSet<usize> = graph.order().into_iter().collect();
    for (at, node) in nodes.iter().enumerate() {
        if !reached[at] && in_order.contains(&at) {
            told.error(format!("{} can never run: no branch leads to it", named(node)));
        }
    }
}

/// Inputs are given by name: a name stands once.
fn names(nodes: &[Node], told: &mut Told) {
    let mut seen = HashSet::new();
    for node in nodes {
        let Config::Input(input) = &node.config else { continue };
        let name = input.name_of(&node.node_id, &node.name);
        if !seen.insert(name) {
            told.error(format!("Two inputs are called `{name}`; name one otherwise"));
        }
    }
}
