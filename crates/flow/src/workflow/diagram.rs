//! Pictures of a workflow, made in process: DOT, Mermaid and SVG. What comes out is the text; nothing is written.

mod dot;
mod layout;
mod mermaid;
mod svg;

use super::definition::Definition;
use super::error::WorkflowError;
use super::graph::Graph;
use super::node::{Node, NodeType};

/// Nodes that a layout is worked out for. Beyond it takes too long, and shows nothing to a person.
const NODES_MAX: usize = 300;
const LAYERS_MAX: usize = 1_500;
/// Letters of a name on one line of a picture, and lines.
const LINE_CHARS: usize = 22;
const LINES_MAX: usize = 3;

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiagramFormat {
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown shows it.
    Mermaid,
    /// Laid out here.
    Svg,
}

impl DiagramFormat {
    /// The format of this word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "dot" => Some(Self::Dot),
            "mermaid" => Some(Self::Mermaid),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

/// A picture of the workflow, from top to bottom.
///
/// Errors: there are more nodes or lines than a layout is worked out for.
pub fn diagram(definition: &Definition, format: DiagramFormat) -> Result<String, WorkflowError> {
    match format {
        DiagramFormat::Dot => Ok(dot::dot(definition)),
        DiagramFormat::Mermaid => Ok(mermaid::mermaid(definition)),
        DiagramFormat::Svg => {
            let nodes = definition.nodes().len();
            if nodes > NODES_MAX {
                return Err(WorkflowError::DiagramTooLarge { what: format!("{nodes} nodes"), limit: NODES_MAX });
            }
            // A line takes a place in each layer that it crosses.
            let layers = layers_crossed(definition);
            if layers > LAYERS_MAX {
                let what = format!("lines that cross {layers} layers");
                return Err(WorkflowError::DiagramTooLarge { what, limit: LAYERS_MAX });
            }
            Ok(svg::svg(definition))
        }
    }
}

fn layers_crossed(definition: &Definition) -> usize {
    let graph = Graph::of(definition);
    let mut layer = vec![0_usize; graph.len()];
    for node in graph.order() {
        for edge in &graph.out[node] {
            let to = graph.to(*edge);
            layer[to] = layer[to].max(layer[node] + 1);
        }
    }
    (0..graph.edges.len()).map(|edge| layer[graph.to(edge)].abs_diff(layer[graph.from(edge)]).max(1)).sum()
}

/// The outline of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outline {
    /// A house on its head.
    InvHouse,
    House,
    Diamond,
    Ellipse,
}

impl Outline {
    const fn of(node_type: NodeType) -> Self {
        match node_type {
            NodeType::Input => Self::InvHouse,
            NodeType::Output => Self::House,
            NodeType::Condition => Self::Diamond,
            _ => Self::Ellipse,
        }
    }

    const fn dot(self) -> &'static str {
        match self {
            Self::InvHouse => "invhouse",
            Self::House => "house",
            Self::Diamond => "diamond",
            Self::Ellipse => "ellipse",
        }
    }
}

/// The colour of a node: its name, and its value.
const fn colour(node_type: NodeType) -> (&'static str, &'static str) {
    match node_type {
        NodeType::Input => ("lightgreen", "#90ee90"),
        NodeType::Output => ("lightcoral", "#f08080"),
        NodeType::Condition => ("lightyellow", "#ffffe0"),
        _ => ("lightblue", "#add8e6"),
    }
}

/// The lines of a node's label: its name, then its type, then how many steps lie within.
fn label(node: &Node) -> Vec<String> {
    let mut lines = wrapped(&node.name);
    lines.push(format!("({})", node.config.node_type()));
    match node.config.body().len() {
        0 => {}
        1 => lines.push("1 step within".to_owned()),
        count => lines.push(format!("{count} steps within")),
    }
    lines
}

/// A text in lines that are not too long; what is too much is cut.
fn wrapped(text: &str) -> Vec<String> {
    let text: String = text.chars().map(|c| if is_unfit(c) { ' ' } else { c }).collect();
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is one");
            let used = line.chars().count();
            let room = LINE_CHARS.saturating_sub(if used == 0 { 0 } else { used + 1 });
            if word.len() <= room {
                if used > 0 {
                    line.push(' ');
                }
                line.extend(&word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
            } else {
                let rest = word.split_off(LINE_CHARS);
                line.extend(std::mem::replace(&mut word, rest));
                lines.push(String::new());
            }
        }
    }
    lines.retain(|line| !line.is_empty());
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

/// Control characters, and those that turn the direction of what follows.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
