//! DOT, the language of Graphviz.

use std::fmt::Write as _;

use super::{Outline, colour, is_unfit, label};
use crate::workflow::definition::Definition;

pub(super) fn dot(definition: &Definition) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=TB;\n", quoted(definition.name()));
    for node in definition.nodes() {
        let node_type = node.config.node_type();
        let lines: Vec<String> = label(node).iter().map(|line| escaped(line)).collect();
        let _ = writeln!(
            text,
            "  {} [label=\"{}\", shape={}, style=filled, fillcolor={}];",
            quoted(&node.node_id),
            lines.join("\\n"),
            Outline::of(node_type).dot(),
            colour(node_type).0
        );
    }
    for edge in definition.edges() {
        let branch = edge.branch.as_ref().map_or(String::new(), |branch| format!(" [label={}]", quoted(branch)));
        let _ = writeln!(text, "  {} -> {}{branch};", quoted(&edge.from), quoted(&edge.to));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Graphviz reads escapes and entities within quotes.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if is_unfit(c) => escaped.push(' '),
            c => escaped.push(c),
        }
        escaped
    })
}
