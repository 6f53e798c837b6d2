//! What functions, and what they lie in, are called.

use tree_sitter::{Language, Node};

use super::Grammar;

/// What has no name of its own.
const NAMELESS: &str = "(anonymous)";

pub(super) fn of_function(grammar: Grammar, node: Node<'_>, source: &[u8]) -> String {
    let text = |node: Node<'_>| node.utf8_text(source).unwrap_or_default().to_owned();
    let named = node.child_by_field_name("name").map(text);
    match (grammar, named) {
        (Grammar::Go, Some(name)) => match node.child_by_field_name("receiver").map(text) {
            Some(receiver) => {
                let kind = receiver.trim_matches(['(', ')']).split_ascii_whitespace().last().unwrap_or_default();
                let kind = kind.trim_start_matches('*').split('[').next().unwrap_or_default();
                format!("{kind}.{name}")
            }
            None => name,
        },
        (_, Some(name)) => name,
        (Grammar::TypeScript | Grammar::Tsx, None) => of_place(node, source).unwrap_or_else(|| NAMELESS.to_owned()),
        (_, None) => NAMELESS.to_owned(),
    }
}

/// The name that a function is given: `const name = () => …`, `name: function …`, `this.name = …`.
fn of_place(node: Node<'_>, source: &[u8]) -> Option<String> {
    let parent = node.parent()?;
    let field = match parent.kind() {
        "variable_declarator" | "public_field_definition" => "name",
        "assignment_expression" => "left",
        "pair" => "key",
        _ => return None,
    };
    let name = parent.child_by_field_name(field)?.utf8_text(source).ok()?;
    (name.len() < 100 && !name.contains('\n')).then(|| name.to_owned())
}

pub(super) fn of_container(grammar: Grammar, node: Node<'_>, source: &[u8]) -> String {
    let field = if grammar == Grammar::Rust && node.kind() == "impl_item" { "type" } else { "name" };
    let name = node.child_by_field_name(field).and_then(|node| node.utf8_text(source).ok()).unwrap_or_default();
    name.split(['<', '\n']).next().unwrap_or_default().trim().to_owned()
}

/// Whether `&&` below a node of this kind stands between conditions, and is no reference or pattern.
pub(super) fn joins_conditions(language: &Language, parent: u16) -> bool {
    matches!(language.node_kind_for_id(parent), Some("binary_expression" | "let_chain" | "match_pattern"))
}
