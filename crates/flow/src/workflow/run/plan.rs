//! What comes next in a run: which nodes begin, which are skipped, and whether it is over.

use std::collections::{BTreeMap, BTreeSet};

use super::event::StepEnd;
use super::state::{NodeStatus, Run, RunStatus, Step};
use crate::workflow::definition::Definition;
use crate::workflow::graph::Graph;
use crate::workflow::node::{Config, Join, Merge};

/// Nodes that run at the same time, whatever the workflow says.
const RUNNING_MAX: usize = 64;

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The ids of nodes that can begin now, in the order of the definition.
    pub begin: Vec<String>,
    /// How the run ends, where it does.
    pub end: Option<RunStatus>,
    /// How each node stands.
    pub nodes: BTreeMap<String, NodeStatus>,
}

/// How a node stands, for those behind it.
#[derive(Debug, Clone, PartialEq)]
enum Stand {
    /// It may still give something.
    Open {
        begun: bool,
    },
    Ready,
    /// It is done; a condition says which branch.
    Done(Option<String>),
    /// Another branch was taken.
    Skipped,
    /// It failed itself.
    Failed,
    /// Nobody knows how it ended.
    Unknown,
    /// What leads to it failed.
    Cut,
}

/// How an edge stands, for the node that it leads to.
#[derive(PartialEq)]
enum Way {
    Open,
    Taken,
    Dead,
    Failed,
}

impl Run {
    /// What comes next, from what is known of the run and nothing else.
    pub fn next(&self, definition: &Definition) -> Plan {
        let planner = Planner::new(definition, self);
        let (needed, end) = planner.needed_and_end(self);
        let begin = if end.is_some() { Vec::new() } else { planner.begin(&needed) };
        let nodes = definition.nodes().iter().enumerate().map(|(at, node)| {
            let status = match &planner.stands[at] {
                Stand::Open { begun: true } => NodeStatus::Running,
                Stand::Open { .. } | Stand::Ready if !needed[at] || end.is_some() => NodeStatus::Skipped,
                Stand::Open { .. } | Stand::Ready => NodeStatus::Pending,
                Stand::Done(_) => NodeStatus::Completed,
                Stand::Skipped | Stand::Cut => NodeStatus::Skipped,
                Stand::Failed | Stand::Unknown => NodeStatus::Failed,
            };
            (node.node_id.clone(), status)
        });
        let begin = begin.into_iter().map(|at| definition.nodes()[at].node_id.clone()).collect();
        Plan { begin, end, nodes: nodes.collect() }
    }
}

/// Knows what comes next while a run goes on: what a step changes is worked out again, and no more.
pub(super) struct Planner<'d> {
    definition: &'d Definition,
    graph: Graph<'d>,
    order: Vec<usize>,
    /// For each node, its place in the order.
    place: Vec<usize>,
    /// How many may run behind each fork, and which nodes lie there.
    forks: Vec<(usize, Vec<bool>)>,
    stands: Vec<Stand>,
}

impl<'d> Planner<'d> {
    pub(super) fn new(definition: &'d Definition, run: &Run) -> Self {
        let graph = Graph::of(definition);
        let order = graph.order();
        let mut place = vec![usize::MAX; graph.len()];
        for (at, node) in order.iter().enumerate() {
            place[*node] = at;
        }
        let forks = definition.nodes().iter().enumerate().filter_map(|(at, node)| match &node.config {
            Config::Parallel(fork) => Some((fork.max_concurrent as usize, graph.reached(&[at], |_| true))),
            _ => None,
        });
        let forks = forks.collect();
        let stands = vec![Stand::Skipped; graph.len()];
        let mut planner = Self { definition, graph, order, place, forks, stands };
        for at in 0..planner.order.len() {
            let node = planner.order[at];
            planner.stands[node] = planner.stand(run, node);
        }
        planner
    }

    /// The step of this node is another one now.
    pub(super) fn changed(&mut self, run: &Run, id: &str) {
        let Some(node) = self.graph.node(id) else { return };
        let mut next = BTreeSet::from([self.place[node]]);
        while let Some(at) = next.pop_first() {
            let Some(node) = self.order.get(at).copied() else { continue };
            let stand = self.stand(run, node);
            if stand != self.stands[node] {
                self.stands[node] = stand;
                next.extend(self.graph.out[node].iter().map(|edge| self.place[self.graph.to(*edge)]));
            }
        }
    }

    /// Which nodes begin now, by their place in the definition; or how the run ends.
    pub(super) fn plan(&self, run: &Run) -> Result<Vec<usize>, RunStatus> {
        let (needed, end) = self.needed_and_end(run);
        end.map_or_else(|| Ok(self.begin(&needed)), Err)
    }

    fn needed_and_end(&self, run: &Run) -> (Vec<bool>, Option<RunStatus>) {
        let needed = needed(&self.graph, &self.order, &self.stands);
        let end = self.end(run, &needed);
        (needed, end)
    }

    fn stand(&self, run: &Run, at: usize) -> Stand {
        let node = &self.definition.nodes()[at];
        match run.steps.get(&node.node_id) {
            Some(Step::Open) => return Stand::Open { begun: true },
            Some(Step::Ended(StepEnd::Completed(value))) => {
                let is_condition = matches!(node.config, Config::Condition(_));
                return Stand::Done(value.as_str().filter(|_| is_condition).map(str::to_owned));
            }
            Some(Step::Ended(StepEnd::Hidden)) => return Stand::Done(None),
            Some(Step::Ended(StepEnd::Failed(_) | StepEnd::Cancelled)) => return Stand::Failed,
            Some(Step::Ended(StepEnd::Unknown(_))) => return Stand::Unknown,
            None => {}
        }
        let graph = &self.graph;
        let ways: Vec<Way> =
            graph.into[at].iter().map(|edge| way(graph, self.definition, &self.stands, *edge)).collect();
        match &node.config {
            Config::Merge(merge) => joined(merge, &ways),
            _ if ways.contains(&Way::Failed) => Stand::Cut,
            _ if ways.is_empty() => Stand::Ready,
            _ if ways.contains(&Way::Open) => Stand::Open { begun: false },
            _ if ways.contains(&Way::Taken) => Stand::Ready,
            _ => Stand::Skipped,
        }
    }

    /// Whether it is over: a failure that no merge bears ends it at once; else when there is nothing left.
    fn end(&self, run: &Run, needed: &[bool]) -> Option<RunStatus> {
        if !run.status.is_open() {
            return Some(run.status);
        }
        let stands = &self.stands;
        let is_end = |at: usize| self.graph.out[at].is_empty();
        let fails = |stand: &Stand| matches!(stand, Stand::Failed | Stand::Cut);
        if stands.contains(&Stand::Unknown) {
            return Some(RunStatus::Unknown);
        }
        if stands.iter().enumerate().any(|(at, stand)| is_end(at) && fails(stand)) {
            return Some(RunStatus::Failed);
        }
        let goes_on = |at: usize, stand: &Stand| match stand {
            Stand::Ready => needed[at],
            Stand::Open { begun } => *begun || needed[at],
            _ => false,
        };
        let any = stands.iter().enumerate().any(|(at, stand)| goes_on(at, stand));
        (!any).then_some(RunStatus::Completed)
    }

    fn begin(&self, needed: &[bool]) -> Vec<usize> {
        let stands = &self.stands;
        let mut running: Vec<usize> =
            (0..stands.len()).filter(|at| stands[*at] == Stand::Open { begun: true }).collect();
        let mut begin = Vec::new();
        for at in 0..stands.len() {
            let is_full = |(most, behind): &(usize, Vec<bool>)| {
                behind[at] && running.iter().filter(|other| behind[**other]).count() >= *most
            };
            if stands[at] == Stand::Ready
                && needed[at]
                && running.len() < RUNNING_MAX
                && !self.forks.iter().any(is_full)
            {
                running.push(at);
                begin.push(at);
            }
        }
        begin
    }
}

fn way(graph: &Graph<'_>, definition: &Definition, stands: &[Stand], edge: usize) -> Way {
    let from = graph.from(edge);
    match &stands[from] {
        Stand::Done(Some(taken)) if graph.edges[edge].branch.as_ref() != Some(taken) => Way::Dead,
        // A condition whose branch is not known leads nowhere.
        Stand::Done(None) if matches!(definition.nodes()[from].config, Config::Condition(_)) => Way::Failed,
        Stand::Done(_) => Way::Taken,
        Stand::Skipped => Way::Dead,
        Stand::Failed | Stand::Cut | Stand::Unknown => Way::Failed,
        Stand::Open { .. } | Stand::Ready => Way::Open,
    }
}

/// A merge, from its branches. Those that were not taken do not count.
fn joined(merge: &Merge, ways: &[Way]) -> Stand {
    let count = |wanted: &Way| ways.iter().filter(|way| *way == wanted).count();
    let (taken, open, failed) = (count(&Way::Taken), count(&Way::Open), count(&Way::Failed));
    if taken + open + failed == 0 {
        return Stand::Skipped;
    }
    if !merge.bears_failure() && failed > 0 {
        return Stand::Cut;
    }
    let all = taken + open + failed;
    let wants = merge.wants(all).min(all);
    match merge.join {
        Join::All | Join::Settled if open > 0 => Stand::Open { begun: false },
        Join::All | Join::Settled => Stand::Ready,
        Join::Any | Join::N if taken >= wants => Stand::Ready,
        Join::Any | Join::N if taken + open >= wants => Stand::Open { begun: false },
        Join::Any | Join::N => Stand::Cut,
    }
}

/// Which nodes can still change what the run gives: a branch of a merge that went on without it cannot.
fn needed(graph: &Graph<'_>, order: &[usize], stands: &[Stand]) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for node in order.iter().rev() {
        let leads = |edge: &usize| {
            let to = graph.to(*edge);
            needed[to] && stands[to] == Stand::Open { begun: false }
        };
        needed[*node] = graph.out[*node].is_empty() || graph.out[*node].iter().any(leads);
    }
    needed
}
