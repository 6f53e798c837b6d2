//! Where nodes and edges lie: Sugiyama's method, by a library, in layers from top to bottom.

use std::collections::{HashMap, HashSet};

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};

use super::label;
use crate::workflow::definition::Definition;
use crate::workflow::node::{Node, NodeType};

const CHAR_WIDTH: f64 = 7.4;
const LINE_HEIGHT: f64 = 16.0;
const GAP: f64 = 44.0;
/// Between parts that no edge connects, and around all of it.
const MARGIN: f64 = 24.0;

/// A node's middle and its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// The whole picture.
pub(super) struct Layout {
    pub(super) spots: Vec<Spot>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// How large a node must be for its label.
fn size(node: &Node) -> (f64, f64) {
    let lines = label(node);
    let chars = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let (width, height) = (chars as f64 * CHAR_WIDTH, lines.len() as f64 * LINE_HEIGHT);
    match node.config.node_type() {
        // A rhombus holds a rectangle of half its sides.
        NodeType::Condition => (width * 1.6 + 40.0, height * 1.7 + 28.0),
        NodeType::Input | NodeType::Output => (width + 32.0, height + 32.0),
        _ => (width * 1.25 + 34.0, height * 1.3 + 18.0),
    }
}

pub(super) fn layout(definition: &Definition) -> Layout {
    let nodes = definition.nodes();
    let sizes: Vec<(f64, f64)> = nodes.iter().map(size).collect();
    let index: HashMap<&str, u32> = nodes.iter().zip(0..).map(|(node, at)| (node.node_id.as_str(), at)).collect();
    let mut seen = HashSet::new();
    let edges: Vec<(u32, u32)> = definition
        .edges()
        .iter()
        .map(|edge| (index[edge.from.as_str()], index[edge.to.as_str()]))
        .filter(|(from, to)| from != to && seen.insert((*from, *to)))
        .collect();
    // The library measures a node's height along the layers; ours are all as high as the highest.
    let highest = sizes.iter().map(|(_, height)| *height).fold(0.0, f64::max);
    let vertices: Vec<(u32, (f64, f64))> =
        sizes.iter().zip(0..).map(|((width, _), at)| (at, (*width, highest))).collect();
    let config = Config {
        minimum_length: 1,
        vertex_spacing: GAP,
        dummy_vertices: true,
        dummy_size: 0.5,
        ranking_type: RankingType::Up,
        c_minimization: CrossingMinimization::Barycenter,
        transpose: edges.len() < 150,
    };
    let mut spots: Vec<Spot> =
        sizes.iter().map(|(width, height)| Spot { x: 0.0, y: 0.0, width: *width, height: *height }).collect();
    let (mut right, mut bottom) = (MARGIN, 0.0_f64);
    let mut parts = rust_sugiyama::from_vertices_and_edges(&vertices, &edges, &config);
    // Their order is that of a hash map: the first node of each says which comes first.
    parts.sort_by_key(|(part, ..)| part.iter().map(|(at, _)| *at).min());
    for (part, ..) in parts {
        let left = part.iter().map(|(at, (x, _))| x - spots[*at].width / 2.0).fold(f64::INFINITY, f64::min);
        let top = part.iter().map(|(_, (_, y))| *y).fold(f64::INFINITY, f64::min);
        let mut width = 0.0_f64;
        for (at, (x, y)) in part {
            let spot = &mut spots[at];
            spot.x = right + x - left;
            spot.y = MARGIN + highest / 2.0 + (y - top);
            width = width.max(spot.x + spot.width / 2.0 - right);
            bottom = bottom.max(spot.y + highest / 2.0);
        }
        right += width + GAP;
    }
    Layout { spots, width: (right - GAP + MARGIN).max(2.0 * MARGIN), height: bottom + MARGIN }
}
