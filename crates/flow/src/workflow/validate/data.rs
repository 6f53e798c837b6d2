//! What nodes read: whether it can be there by then.

use std::collections::{HashMap, HashSet};

use super::branches::Branches;
use super::{Told, named, tools};
use crate::workflow::definition::Definition;
use crate::workflow::error::shown;
use crate::workflow::facts::ToolFacts;
use crate::workflow::graph::Graph;
use crate::workflow::node::{Config, Node};
use crate::workflow::uses::{Used, Uses};

struct Look<'l> {
    definition: &'l Definition,
    graph: &'l Graph<'l>,
    branches: &'l Branches,
    tools: Option<&'l dyn ToolFacts>,
    inputs: Vec<&'l str>,
    /// Where each node within a body has its outer node.
    inner: HashMap<&'l str, usize>,
}

/// Where a node lies.
struct Place<'p> {
    /// The outer node.
    outer: usize,
    before: &'p [bool],
    /// The ids of nodes that ran earlier in the same body.
    earlier: HashSet<&'p str>,
    around: Vec<&'static str>,
    /// How many nodes lead directly to it.
    direct: usize,
}

pub(super) fn check(
    definition: &Definition,
    graph: &Graph,
    branches: &Branches,
    tools: Option<&dyn ToolFacts>,
    told: &mut Told,
) {
    let inputs = definition.nodes().iter().filter_map(|node| match &node.config {
        Config::Input(input) => Some(input.name_of(&node.node_id, &node.name)),
        _ => None,
    });
    let mut inner = HashMap::new();
    for (at, node) in definition.nodes().iter().enumerate() {
        within(node.config.body(), at, &mut inner);
    }
    let look = Look { definition, graph, branches, tools, inputs: inputs.collect(), inner };
    for (at, node) in definition.nodes().iter().enumerate() {
        let before = graph.before(at);
        let direct = graph.into[at].iter().map(|edge| graph.from(*edge)).collect::<HashSet<_>>().len();
        let place = Place { outer: at, before: &before, earlier: HashSet::new(), around: Vec::new(), direct };
        look.node(node, &place, told);
    }
}

fn within<'n>(body: &'n [Node], outer: usize, inner: &mut HashMap<&'n str, usize>) {
    for node in body {
        inner.insert(&node.node_id, outer);
        within(node.config.body(), outer, inner);
    }
}

impl<'l> Look<'l> {
    fn node<'n: 'l>(&self, node: &'n Node, place: &Place<'_>, told: &mut Told) {
        let mut uses = Uses { around: place.around.clone(), ..Uses::default() };
        node.config.uses(&mut uses);
        for (at, why) in &uses.problems {
            told.error(format!("{}, `{}`: {why}", named(node), field(at)));
        }
        if let Some(at) = &uses.wants_one_before
            && place.direct != 1
        {
            told.error(format!(
                "{}, `{}`: {} nodes lead to it; say what it works on, or connect one",
                named(node),
                field(at),
                place.direct
            ));
        }
        for used in &uses.read {
            self.reading(node, used, place, told);
        }
        if let Some(tools) = self.tools {
            uses.tools.iter().for_each(|used| tools::check(node, used, tools, told));
        }
        let around: Vec<&'static str> = match &node.config {
            Config::Loop(_) => vec!["item", "index"],
            _ => place.around.clone(),
        };
        let mut earlier = place.earlier.clone();
        for (index, step) in node.config.body().iter().enumerate() {
            let (around, direct) = (around.clone(), usize::from(index > 0));
            let place = Place { outer: place.outer, before: place.before, earlier: earlier.clone(), around, direct };
            self.node(step, &place, told);
            earlier.insert(&step.node_id);
        }
    }

    fn reading(&self, node: &Node, used: &Used, place: &Place<'_>, told: &mut Told) {
        let (name, field) = (named(node), field(&used.at));
        let path = &used.reading.path;
        let Some(member) = path.get(1) else { return };
        if path[0] == "inputs" && !self.inputs.contains(&member.as_str()) {
            let known = if self.inputs.is_empty() { "there is none".to_owned() } else { self.inputs.join(", ") };
            told.error(format!("{name}, `{field}`: there is no input `{}`; inputs: {known}", shown(member)));
        }
        if path[0] != "nodes" || place.earlier.contains(member.as_str()) {
            return;
        }
        let Some(other) = self.graph.node(member) else {
            let why = match self.inner.get(member.as_str()) {
                Some(outer) if *outer == place.outer => "it runs later in the same body, or in another one".to_owned(),
                Some(outer) => {
                    format!("it lies within {}; read what that gave", named(&self.definition.nodes()[*outer]))
                }
                None => "there is none of this id".to_owned(),
            };
            return told.error(format!("{name}, `{field}`: `nodes.{}` is not there: {why}", shown(member)));
        };
        let read = &self.definition.nodes()[other];
        if !place.before[other] {
            let mend = if other == place.outer { "it is the node itself" } else { "connect it so that it runs before" };
            told.error(format!("{name}, `{field}`: {} has given nothing by then: {mend}", named(read)));
        } else if let Some(condition) = self.branches.may_skip(other, place.outer)
            && !used.reading.asked
        {
            told.warning(format!(
                "{name}, `{field}`: {} may have been skipped by {}; write `| default(…)` or ask with `has`",
                named(read),
                named(&self.definition.nodes()[condition])
            ));
        }
    }
}

/// A pointer as people write a field: `transform_config.mapping`.
pub(super) fn field(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}
