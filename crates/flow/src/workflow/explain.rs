//! What a workflow does, in words that follow from its graph: the same each time, and every node is in them.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::definition::Definition;
use super::facts::ToolFacts;
use super::graph::Graph;
use super::node::{Config, Node, NodeType, lasting, named};
use super::validate::{Validation, validate};

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// A few sentences for whoever uses it.
    Basic,
    /// Step by step.
    #[default]
    Medium,
    /// Step by step, with the data, what happens when a step fails, and what could be better.
    Detailed,
}

impl Detail {
    /// The level of this word; `medium` where there is none.
    pub fn of_word(word: &str) -> Self {
        match word {
            "basic" => Self::Basic,
            "detailed" => Self::Detailed,
            _ => Self::Medium,
        }
    }
}

/// Tells what a workflow does.
pub fn explain(definition: &Definition, detail: Detail, tools: Option<&dyn ToolFacts>) -> String {
    let explained = Explained { definition, graph: Graph::of(definition) };
    match detail {
        Detail::Basic => explained.basic(),
        Detail::Medium => explained.steps(None),
        Detail::Detailed => explained.steps(Some(&validate(definition, tools))),
    }
}

/// The graph as a list, for whoever explains it in other words: how many nodes, then each with its type, its config
/// and what it is connected to.
pub fn listing(definition: &Definition) -> String {
    let mut text = format!("Nodes ({}):\n", definition.nodes().len());
    for node in definition.nodes() {
        let _ = writeln!(text, "- {} ({}): {}", node.name, node.config.node_type(), node.config.to_json());
        for (what, ids) in
            [("Inputs from", definition.inputs(&node.node_id)), ("Outputs to", definition.outputs(&node.node_id))]
        {
            if !ids.is_empty() {
                let _ = writeln!(text, "  {what}: {}", ids.join(", "));
            }
        }
    }
    text
}

/// The names of nodes, those within others too, that a text does not mention.
pub fn not_mentioned(definition: &Definition, text: &str) -> Vec<String> {
    fn all<'n>(nodes: &'n [Node], names: &mut Vec<&'n str>) {
        for node in nodes {
            names.push(&node.name);
            all(node.config.body(), names);
        }
    }
    let mut names = Vec::new();
    all(definition.nodes(), &mut names);
    names.into_iter().filter(|name| !text.contains(name)).map(str::to_owned).collect()
}

struct Explained<'e> {
    definition: &'e Definition,
    graph: Graph<'e>,
}

impl Explained<'_> {
    /// Nodes in the order in which they run; those on a cycle at the end.
    fn ordered(&self) -> Vec<usize> {
        let mut order = self.graph.order();
        let known: std::collections::HashSet<usize> = order.iter().copied().collect();
        order.extend((0..self.graph.len()).filter(|node| !known.contains(node)));
        order
    }

    fn node(&self, at: usize) -> &Node {
        &self.definition.nodes()[at]
    }

    fn about(&self) -> String {
        let mut text = format!("“{}”", self.definition.name());
        let description = self.definition.description().trim().trim_end_matches('.');
        if !description.is_empty() {
            let _ = write!(text, " ({description})");
        }
        text
    }

    fn basic(&self) -> String {
        let order = self.ordered();
        let of = |wanted: fn(NodeType) -> bool| -> Vec<&Node> {
            order.iter().map(|at| self.node(*at)).filter(|node| wanted(node.config.node_type())).collect()
        };
        let inputs = of(|it| it == NodeType::Input);
        let outputs = of(|it| it == NodeType::Output);
        let between = of(|it| !matches!(it, NodeType::Input | NodeType::Output));
        if order.is_empty() {
            return format!("{} is empty: it has no steps yet.", self.about());
        }
        let mut text = self.about();
        let taken = if inputs.is_empty() { "nothing from outside".to_owned() } else { names(&inputs) };
        let given = if outputs.is_empty() { "no result".to_owned() } else { names(&outputs) };
        let _ = write!(text, " takes {taken} and gives {given}.");
        if !between.is_empty() {
            let _ = write!(text, " In between it goes through {}", names(&between));
            let inner: Vec<&Node> = between.iter().flat_map(|node| within(node)).collect();
            if !inner.is_empty() {
                let _ = write!(text, ", and in these through {}", names(&inner));
            }
            text.push('.');
        }
        let asks = between.iter().any(|node| node.config.node_type() == NodeType::Approval);
        let branches = between.iter().any(|node| node.config.node_type() == NodeType::Condition);
        match (asks, branches) {
            (true, true) => text.push_str(" Not every step is taken each time, and people have to say yes on the way."),
            (true, false) => text.push_str(" People have to say yes on the way."),
            (false, true) => text.push_str(" Not every step is taken each time: that depends on the data."),
            (false, false) => {}
        }
        text
    }

    fn steps(&self, detailed: Option<&Validation>) -> String {
        let order = self.ordered();
        let numbers: HashMap<usize, usize> = order.iter().enumerate().map(|(number, at)| (*at, number + 1)).collect();
        let count = order.len();
        let steps = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
        let mut text =
            format!("{} has {steps}, and at most {} for a run.\n", self.about(), lasting(self.definition.timeout_s()));
        for at in &order {
            self.step(*at, &numbers, detailed.is_some(), &mut text);
        }
        if let Some(validation) = detailed {
            failures(validation, &mut text);
        }
        text
    }

    fn step(&self, at: usize, numbers: &HashMap<usize, usize>, detailed: bool, text: &mut String) {
        let node = self.node(at);
        let _ =
            write!(text, "\n{}. “{}” ({}) {}.", numbers[&at], node.name, node.config.node_type(), node.config.tells());
        let mut ways: Vec<(Option<&str>, Vec<String>)> = Vec::new();
        for edge in &self.graph.out[at] {
            let branch = self.graph.edges[*edge].branch.as_deref();
            let to = self.graph.to(*edge);
            let step = format!("{} “{}”", numbers[&to], self.node(to).name);
            match ways.iter_mut().find(|(known, _)| *known == branch) {
                Some((_, steps)) => steps.push(step),
                None => ways.push((branch, vec![step])),
            }
        }
        for (branch, steps) in ways {
            let steps = listed(&steps);
            let _ = match branch {
                Some(branch) => write!(text, " “{branch}” leads to {steps}."),
                None => write!(text, " Then comes {steps}."),
            };
        }
        if detailed {
            text.push_str(&self.more(node));
        }
        text.push('\n');
        body(node, detailed, 1, text);
    }

    /// Where its data comes from, and how often and how long it is tried.
    fn more(&self, node: &Node) -> String {
        let mut text = String::new();
        let reads = reads(node);
        if !reads.is_empty() {
            let told: Vec<String> = reads.iter().map(|read| self.origin(read)).collect();
            let _ = write!(text, " It reads {}.", listed(&told));
        }
        text.push_str(&tried(node));
        text
    }

    fn origin(&self, read: &str) -> String {
        let node = read.strip_prefix("nodes.").and_then(|id| self.definition.node(id));
        node.map_or(format!("`{read}`"), |node| format!("what “{}” gave", node.name))
    }
}

/// What happens when something fails, and what could be better.
fn failures(validation: &Validation, text: &mut String) {
    text.push_str("\nWhen a step fails, the run fails, unless a merge bears it.");
    text.push_str(if validation.not_undoable.is_empty() {
        " Nothing is known that could not be undone then.\n"
    } else {
        " This could not be undone then:\n"
    });
    for stuck in &validation.not_undoable {
        let _ = writeln!(
            text,
            "- if “{}” fails: {}",
            stuck.name,
            stuck.stays.iter().map(|it| format!("“{it}”")).collect::<Vec<_>>().join(", ")
        );
    }
    for (title, items) in [
        ("What must be mended:", &validation.errors),
        ("What may surprise:", &validation.warnings),
        ("What could be better:", &validation.suggestions),
    ] {
        if !items.is_empty() {
            let _ = write!(text, "\n{title}\n");
            items.iter().for_each(|item| {
                let _ = writeln!(text, "- {item}");
            });
        }
    }
}

fn body(node: &Node, detailed: bool, depth: usize, text: &mut String) {
    for step in node.config.body() {
        let indent = "   ".repeat(depth);
        let _ = write!(text, "{indent}- “{}” ({}) {}.", step.name, step.config.node_type(), step.config.tells());
        if detailed {
            text.push_str(&tried(step));
        }
        text.push('\n');
        body(step, detailed, depth + 1, text);
    }
}

/// Inputs and nodes that a node reads, each once.
fn reads(node: &Node) -> Vec<String> {
    let mut uses = super::uses::Uses { around: super::scope::NAMES.to_vec(), ..super::uses::Uses::default() };
    node.config.uses(&mut uses);
    let mut reads: Vec<String> = uses
        .read
        .iter()
        .map(|used| &used.reading.path)
        .filter(|path| path.len() > 1 && (path[0] == "inputs" || path[0] == "nodes"))
        .map(|path| path[..2].join("."))
        .collect();
    reads.sort();
    reads.dedup();
    reads
}

fn tried(node: &Node) -> String {
    let (retries, timeout) = match &node.config {
        Config::Tool(tool) => (Some(tool.retry_count), tool.timeout_s),
        Config::Agent(agent) => (Some(agent.retry_count), agent.timeout_s),
        Config::Workflow(sub) => (None, sub.timeout_s),
        Config::Saga(saga) => (None, saga.timeout_s),
        _ => (None, None),
    };
    let mut text = match retries {
        Some(0) => " It is tried once.".to_owned(),
        Some(retries) => format!(" Where it fails and may be repeated, it is tried up to {} times.", retries + 1),
        None => String::new(),
    };
    if let Some(timeout) = timeout {
        let _ = write!(text, " It may last {}.", lasting(timeout));
    }
    text
}

fn within(node: &Node) -> Vec<&Node> {
    node.config.body().iter().flat_map(|step| std::iter::once(step).chain(within(step))).collect()
}

fn names(nodes: &[&Node]) -> String {
    named(nodes.iter().copied())
}

fn listed(items: &[String]) -> String {
    match items.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
