//! TypeScript and JavaScript.

use tree_sitter::Node;

use super::{Import, Role, Syntax};

pub(super) static ROLES: &[(&str, Role)] = &[
    ("function_declaration", Role::Function),
    ("generator_function_declaration", Role::Function),
    ("function_expression", Role::Function),
    ("generator_function", Role::Function),
    ("arrow_function", Role::Function),
    ("method_definition", Role::Function),
    ("class_declaration", Role::Container),
    ("abstract_class_declaration", Role::Container),
    ("class", Role::Container),
    ("internal_module", Role::Container),
    ("if_statement", Role::Decision),
    ("for_statement", Role::Decision),
    ("for_in_statement", Role::Decision),
    ("while_statement", Role::Decision),
    ("do_statement", Role::Decision),
    ("switch_case", Role::Case),
    ("switch_statement", Role::Switch),
    ("catch_clause", Role::Decision),
    ("ternary_expression", Role::Decision),
    ("&&", Role::Operator),
    ("||", Role::Operator),
    ("??", Role::Operator),
    ("import_statement", Role::Import),
    ("export_statement", Role::Import),
    ("call_expression", Role::Import),
    ("comment", Role::Comment),
];

/// `import … from "x"`, `export … from "x"`, `require("x")` and `import("x")`.
pub(super) fn imports(node: Node<'_>, source: &[u8], is_late: bool, syntax: &mut Syntax) {
    let text = |node: Node<'_>| node.utf8_text(source).unwrap_or_default();
    let (from, is_late) = if node.kind() == "call_expression" {
        let Some(function) = node.child_by_field_name("function") else { return };
        let called = text(function);
        if called != "require" && function.kind() != "import" {
            return;
        }
        let argument = node.child_by_field_name("arguments").and_then(|list| list.named_child(0));
        (argument.filter(|node| node.kind() == "string"), is_late || called != "require")
    } else {
        let whole = text(node);
        let is_type = whole.starts_with("import type ") || whole.starts_with("export type ");
        (node.child_by_field_name("source"), is_late || is_type)
    };
    if let Some(from) = from {
        let wanted = text(from).trim_matches(['"', '\'', '`']).to_owned();
        syntax.imports.push(Import { wanted, is_late });
    }
}
