//! Go.

use tree_sitter::Node;

use super::{Import, Role, Syntax};

pub(super) static ROLES: &[(&str, Role)] = &[
    ("function_declaration", Role::Function),
    ("method_declaration", Role::Function),
    ("if_statement", Role::Decision),
    ("for_statement", Role::Decision),
    ("expression_case", Role::Case),
    ("type_case", Role::Case),
    ("communication_case", Role::Case),
    ("expression_switch_statement", Role::Switch),
    ("type_switch_statement", Role::Switch),
    ("select_statement", Role::Switch),
    ("&&", Role::Operator),
    ("||", Role::Operator),
    ("import_spec", Role::Import),
    ("comment", Role::Comment),
];

pub(super) fn imports(node: Node<'_>, source: &[u8], syntax: &mut Syntax) {
    let path = node.child_by_field_name("path").and_then(|path| path.utf8_text(source).ok());
    if let Some(path) = path {
        syntax.imports.push(Import { wanted: path.trim_matches(['"', '`']).to_owned(), is_late: false });
    }
}
