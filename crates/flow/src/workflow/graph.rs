//! Nodes and edges as numbers: order, reach, and what lies behind which branch.

use std::collections::{HashMap, VecDeque};

use super::definition::{Definition, Edge};

/// The graph of a definition's outer nodes.
pub(super) struct Graph<'d> {
    pub(super) edges: &'d [Edge],
    index: HashMap<&'d str, usize>,
    /// For each edge, where it comes from and where it leads to.
    ends: Vec<(usize, usize)>,
    /// For each node, its edges by their place in the definition.
    pub(super) out: Vec<Vec<usize>>,
    pub(super) into: Vec<Vec<usize>>,
}

impl<'d> Graph<'d> {
    pub(super) fn of(definition: &'d Definition) -> Self {
        let index: HashMap<&str, usize> =
            definition.nodes().iter().enumerate().map(|(at, node)| (node.node_id.as_str(), at)).collect();
        let count = definition.nodes().len();
        let (mut out, mut into) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        let ends = definition.edges().iter().map(|edge| (index[edge.from.as_str()], index[edge.to.as_str()]));
        let ends: Vec<(usize, usize)> = ends.collect();
        for (at, (from, to)) in ends.iter().enumerate() {
            out[*from].push(at);
            into[*to].push(at);
        }
        Self { edges: definition.edges(), index, ends, out, into }
    }

    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn node(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    pub(super) fn from(&self, edge: usize) -> usize {
        self.ends[edge].0
    }

    pub(super) fn to(&self, edge: usize) -> usize {
        self.ends[edge].1
    }

    /// The nodes in an order in which each comes after those that lead to it, first come first: Kahn's algorithm.
    /// Those on a cycle, and behind one, are missing.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = self.into.iter().map(Vec::len).collect();
        let mut ready: VecDeque<usize> = (0..self.len()).filter(|node| waits[*node] == 0).collect();
        let mut order = Vec::with_capacity(self.len());
        while let Some(node) = ready.pop_front() {
            order.push(node);
            for edge in &self.out[node] {
                let to = self.to(*edge);
                waits[to] -= 1;
                if waits[to] == 0 {
                    ready.push_back(to);
                }
            }
        }
        order
    }

    /// Which nodes can be reached from these, over the edges that are open; they themselves are.
    pub(super) fn reached(&self, from: &[usize], is_open: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut next: Vec<usize> = from.to_vec();
        while let Some(node) = next.pop() {
            if std::mem::replace(&mut seen[node], true) {
                continue;
            }
            next.extend(self.out[node].iter().filter(|edge| is_open(**edge)).map(|edge| self.to(*edge)));
        }
        seen
    }

    /// Which nodes lead to this one; it itself is not among them.
    pub(super) fn before(&self, node: usize) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let mut next: Vec<usize> = self.into[node].iter().map(|edge| self.from(*edge)).collect();
        while let Some(node) = next.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                next.extend(self.into[node].iter().map(|edge| self.from(*edge)));
            }
        }
        seen
    }

    /// The nodes that no edge leads to.
    pub(super) fn roots(&self) -> Vec<usize> {
        (0..self.len()).filter(|node| self.into[*node].is_empty()).collect()
    }
}
