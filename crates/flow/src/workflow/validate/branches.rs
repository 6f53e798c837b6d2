//! What lies behind which branch of which condition: those nodes run only if that branch is taken.

use crate::workflow::definition::Definition;
use crate::workflow::graph::Graph;
use crate::workflow::node::Config;

/// For each branch of each condition, the nodes that cannot be reached without it.
pub(super) struct Branches {
    all: Vec<Branch>,
}

struct Branch {
    condition: usize,
    /// Nodes that run only if it is taken.
    behind: Vec<bool>,
}

impl Branches {
    pub(super) fn of(definition: &Definition, graph: &Graph) -> Self {
        let roots = graph.roots();
        let mut all = Vec::new();
        for (at, node) in definition.nodes().iter().enumerate() {
            let Config::Condition(condition) = &node.config else { continue };
            for label in [&condition.true_branch, &condition.false_branch] {
                let is_its = |edge: usize| {
                    graph.from(edge) == at && graph.edges[edge].branch.as_ref().is_some_and(|branch| branch == label)
                };
                let without = graph.reached(&roots, |edge| !is_its(edge));
                all.push(Branch { condition: at, behind: without.iter().map(|reached| !reached).collect() });
            }
        }
        Self { all }
    }

    /// Whether no run does both.
    pub(super) fn exclude(&self, left: usize, right: usize) -> bool {
        self.all.chunks(2).any(|pair| match pair {
            [yes, no] => yes.behind[left] && no.behind[right] || no.behind[left] && yes.behind[right],
            _ => false,
        })
    }

    /// A condition because of which `node` may be skipped in a run that does `other`.
    pub(super) fn may_skip(&self, node: usize, other: usize) -> Option<usize> {
        self.all.iter().find(|it| it.behind[node] && !it.behind[other]).map(|it| it.condition)
    }
}
