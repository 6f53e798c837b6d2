//! Mermaid flowcharts.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Outline, colour, label};
use crate::workflow::definition::Definition;
use crate::workflow::node::NodeType;

pub(super) fn mermaid(definition: &Definition) -> String {
    let mut text = "flowchart TB\n".to_owned();
    // Ids of ours may be words of Mermaid (`end`); numbers after a letter are not.
    let ids: HashMap<&str, String> =
        definition.nodes().iter().enumerate().map(|(at, node)| (node.node_id.as_str(), format!("n{at}"))).collect();
    for node in definition.nodes() {
        let node_type = node.config.node_type();
        let lines: Vec<String> = label(node).iter().map(|line| escaped(line)).collect();
        let (open, close) = match Outline::of(node_type) {
            Outline::InvHouse => ("[\\", "/]"),
            Outline::House => ("[/", "\\]"),
            Outline::Diamond => ("{", "}"),
            Outline::Ellipse => ("([", "])"),
        };
        let class = class(node_type);
        let _ = writeln!(text, "  {}{open}\"{}\"{close}:::{class}", ids[node.node_id.as_str()], lines.join("<br/>"));
    }
    for edge in definition.edges() {
        let branch = edge.branch.as_ref().map_or(String::new(), |branch| format!("|\"{}\"|", escaped(branch)));
        let _ = writeln!(text, "  {} -->{branch} {}", ids[edge.from.as_str()], ids[edge.to.as_str()]);
    }
    for node_type in [NodeType::Input, NodeType::Output, NodeType::Condition, NodeType::Tool] {
        let _ = writeln!(text, "  classDef {} fill:{},stroke:#333,color:#000", class(node_type), colour(node_type).1);
    }
    text
}

const fn class(node_type: NodeType) -> &'static str {
    match node_type {
        NodeType::Input => "input",
        NodeType::Output => "output",
        NodeType::Condition => "condition",
        _ => "step",
    }
}

/// Mermaid shows a name as HTML and reads its own marks in it; as a code, a character is only itself.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '(' | ')' | '-' | '_' | '…') {
            escaped.push(c);
        } else if !super::is_unfit(c) {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
        escaped
    })
}
