//! Whether a workflow can run: errors, warnings and suggestions, and what could not be undone.

mod branches;
mod data;
mod shape;
mod tools;
mod undoing;

use serde::Serialize;

use self::branches::Branches;
pub use self::undoing::Stuck;
use super::definition::Definition;
use super::facts::ToolFacts;
use super::graph::Graph;
use super::node::Node;

/// Messages of one kind that are told; the rest is counted.
const TOLD_MAX: usize = 100;

/// What there is to say of a workflow before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Validation {
    /// Whether it may run: there are no errors.
    pub valid: bool,
    /// What must be mended.
    pub errors: Vec<String>,
    /// What may surprise.
    pub warnings: Vec<String>,
    /// What could be better.
    pub suggestions: Vec<String>,
    /// For each step that may fail, what was done by then and could not be undone.
    pub not_undoable: Vec<Stuck>,
}

/// Collects what there is to say.
#[derive(Default)]
struct Told {
    errors: Vec<String>,
    warnings: Vec<String>,
    suggestions: Vec<String>,
}

impl Told {
    fn error(&mut self, text: impl Into<String>) {
        self.errors.push(text.into());
    }

    fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}

/// Looks at all of a workflow. Where tools are known, it says what they lack too.
pub fn validate(definition: &Definition, tools: Option<&dyn ToolFacts>) -> Validation {
    let graph = Graph::of(definition);
    let branches = Branches::of(definition, &graph);
    let mut told = Told::default();
    shape::check(definition, &graph, &mut told);
    data::check(definition, &graph, &branches, tools, &mut told);
    let not_undoable = undoing::stuck(definition, &graph, &branches, tools);
    told.warnings.extend(undoing::warnings(&not_undoable));
    if definition.nodes().len() > 20 {
        told.suggestions.push("Consider breaking this large workflow into smaller, reusable sub-workflows".to_owned());
    }
    Validation {
        valid: told.errors.is_empty(),
        errors: bounded(told.errors),
        warnings: bounded(told.warnings),
        suggestions: bounded(told.suggestions),
        not_undoable,
    }
}

fn bounded(mut texts: Vec<String>) -> Vec<String> {
    if texts.len() > TOLD_MAX {
        let more = texts.len() - TOLD_MAX;
        texts.truncate(TOLD_MAX);
        texts.push(format!("{more} more"));
    }
    texts
}

/// A node by its name; by its id too, where that says more.
fn named(node: &Node) -> String {
    format!("'{}'", node.name)
}
