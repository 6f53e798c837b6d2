//! Python.

use tree_sitter::Node;

use super::{Import, Role, Syntax};

pub(super) static ROLES: &[(&str, Role)] = &[
    ("function_definition", Role::Function),
    ("class_definition", Role::Container),
    ("if_statement", Role::Condition),
    ("elif_clause", Role::Decision),
    ("while_statement", Role::Decision),
    ("for_statement", Role::Decision),
    ("except_clause", Role::Decision),
    ("except_group_clause", Role::Decision),
    ("conditional_expression", Role::Decision),
    ("boolean_operator", Role::Decision),
    ("for_in_clause", Role::Decision),
    ("if_clause", Role::Decision),
    ("match_statement", Role::Choice),
    ("import_statement", Role::Import),
    ("import_from_statement", Role::Import),
    ("comment", Role::Comment),
];

/// Whether it is `if TYPE_CHECKING:`.
pub(super) fn is_for_types(node: Node<'_>, source: &[u8]) -> bool {
    let condition = node.child_by_field_name("condition").and_then(|node| node.utf8_text(source).ok());
    condition.is_some_and(|text| text == "TYPE_CHECKING" || text.ends_with(".TYPE_CHECKING"))
}

/// `import a.b` is `a.b`, `from ..a import b` is `..a:b`.
pub(super) fn imports(node: Node<'_>, source: &[u8], is_late: bool, syntax: &mut Syntax) {
    let text = |node: Node<'_>| node.utf8_text(source).unwrap_or_default().to_owned();
    let mut cursor = node.walk();
    let names = node.children_by_field_name("name", &mut cursor).filter_map(bare).map(text);
    let mut take = |wanted: String| syntax.imports.push(Import { wanted, is_late });
    match node.child_by_field_name("module_name").map(text) {
        None => names.for_each(take),
        Some(module) => {
            let names: Vec<String> = names.collect();
            if names.is_empty() {
                take(format!("{module}:"));
            }
            for name in names {
                take(format!("{module}:{name}"));
            }
        }
    }
}

/// What is imported, without the name that it is given here.
fn bare(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "aliased_import" { node.child_by_field_name("name") } else { Some(node) }
}
