//! Who imports whom within a module, and where that goes round in circles.
//!
//! A node is a file, or a package where the language's unit is one (Go, Java). What is brought in from elsewhere is
//! kept by name.

mod cycles;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::resolve::Resolver;
use super::syntax::{Grammar, Import};

/// A file with what it imports.
#[derive(Debug)]
pub(super) struct File {
    /// Below the module's directory.
    pub(super) path: String,
    pub(super) grammar: Grammar,
    pub(super) package: Option<String>,
    pub(super) imports: Vec<Import>,
}

/// The graph of one module.
#[derive(Debug, Default, Serialize)]
pub(super) struct Graph {
    /// Files or packages that import or are imported.
    pub(super) nodes: usize,
    /// Who imports whom.
    pub(super) edges: usize,
    /// As `[from, to]`; fewer than there are where they would not fit.
    pub(super) listed: Vec<[String; 2]>,
    /// Names of what is brought in from elsewhere.
    pub(super) external: BTreeSet<String>,
    /// How many circles there are, listed or not.
    pub(super) count: usize,
    /// The largest first.
    pub(super) cycles: Vec<Cycle>,
}

/// Files that cannot do without one another.
#[derive(Debug, Serialize)]
pub(super) struct Cycle {
    pub(super) language: &'static str,
    /// All that are tied together, in order.
    pub(super) members: Vec<String>,
    /// One of the shortest ways round.
    pub(super) way: Vec<String>,
}

/// Edges that are listed, at most, by their bytes.
const LISTED_BYTES: usize = 96 * 1024;
/// Circles that are listed, at most, by their bytes.
const CYCLES_BYTES: usize = 96 * 1024;
/// Longer names from elsewhere are no names.
const NAME_BYTES: usize = 200;
/// Files of one way round that are told.
const WAY_MAX: usize = 50;
/// Names from elsewhere, at most.
const EXTERNAL_MAX: usize = 500;
/// Members that are listed of one cycle.
const MEMBERS_MAX: usize = 100;

impl Graph {
    /// `name` is what the module is called by its own code, where its manifest says so.
    pub(super) fn of(files: &[File], names: &[String]) -> Self {
        let resolver = Resolver::new(files, names);
        let mut graph = Self::default();
        let mut edges: BTreeMap<(usize, usize), bool> = BTreeMap::new();
        let mut nodes: Vec<String> = Vec::new();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut grammars: Vec<Grammar> = Vec::new();
        let mut number = |node: &str, grammar: Grammar, nodes: &mut Vec<String>| {
            *numbers.entry(node.to_owned()).or_insert_with(|| {
                nodes.push(node.to_owned());
                grammars.push(grammar);
                nodes.len() - 1
            })
        };
        for (at, file) in files.iter().enumerate() {
            let own = resolver.node(at);
            for import in &file.imports {
                match resolver.find(at, &import.wanted) {
                    resolve::Found::Inside(to) if to != own => {
                        let (from, to) =
                            (number(&own, file.grammar, &mut nodes), number(&to, file.grammar, &mut nodes));
                        *edges.entry((from, to)).or_insert(true) &= import.is_late;
                    }
                    resolve::Found::Outside(name)
                        if graph.external.len() < EXTERNAL_MAX && name.len() <= NAME_BYTES =>
                    {
                        graph.external.insert(name);
                    }
                    _ => {}
                }
            }
        }
        (graph.nodes, graph.edges) = (nodes.len(), edges.len());
        let mut bytes = 0;
        for (from, to) in edges.keys() {
            bytes += nodes[*from].len() + nodes[*to].len() + 6;
            if bytes > LISTED_BYTES {
                break;
            }
            graph.listed.push([nodes[*from].clone(), nodes[*to].clone()]);
        }
        let binding = edges.iter().filter(|((from, to), is_late)| {
            !(**is_late || grammars[*from] == Grammar::Rust && resolve::is_related(&nodes[*from], &nodes[*to]))
        });
        let binding: Vec<(usize, usize)> = binding.map(|(edge, _)| *edge).collect();
        for (members, way) in cycles::of(nodes.len(), &binding) {
            let language = match grammars[members[0]] {
                Grammar::Rust => "Rust",
                Grammar::Python => "Python",
                Grammar::TypeScript | Grammar::Tsx => "TypeScript or JavaScript",
                Grammar::Go => "Go",
                Grammar::Java => "Java",
            };
            let named = |list: &[usize]| list.iter().map(|at| nodes[*at].clone()).collect::<Vec<_>>();
            let mut members = named(&members);
            members.sort();
            members.truncate(MEMBERS_MAX);
            let mut way = named(&way);
            way.truncate(WAY_MAX);
            graph.cycles.push(Cycle { language, members, way });
        }
        graph.count = graph.cycles.len();
        graph.cycles.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then_with(|| a.members.cmp(&b.members)));
        let mut bytes = 0;
        graph.cycles.retain(|cycle| {
            bytes += cycle.members.iter().chain(&cycle.way).map(|name| name.len() + 4).sum::<usize>();
            bytes <= CYCLES_BYTES
        });
        graph
    }
}
