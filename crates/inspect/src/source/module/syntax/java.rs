//! Java.

use tree_sitter::Node;

use super::{Import, Role, Syntax};

pub(super) static ROLES: &[(&str, Role)] = &[
    ("method_declaration", Role::Function),
    ("constructor_declaration", Role::Function),
    ("compact_constructor_declaration", Role::Function),
    ("class_declaration", Role::Container),
    ("interface_declaration", Role::Container),
    ("enum_declaration", Role::Container),
    ("record_declaration", Role::Container),
    ("if_statement", Role::Decision),
    ("for_statement", Role::Decision),
    ("enhanced_for_statement", Role::Decision),
    ("while_statement", Role::Decision),
    ("do_statement", Role::Decision),
    ("case", Role::Case),
    ("switch_expression", Role::Switch),
    ("catch_clause", Role::Decision),
    ("ternary_expression", Role::Decision),
    ("&&", Role::Operator),
    ("||", Role::Operator),
    ("import_declaration", Role::Import),
    ("package_declaration", Role::Import),
    ("line_comment", Role::Comment),
    ("block_comment", Role::Comment),
];

/// `import a.b.C;`, `import a.b.*;` and `import static a.b.C.d;` as what stands behind the words.
pub(super) fn imports(node: Node<'_>, source: &[u8], syntax: &mut Syntax) {
    let text = node.utf8_text(source).unwrap_or_default().trim_end_matches(';');
    let mut words = text.split_ascii_whitespace();
    let verb = words.next();
    let name: String = words.filter(|word| *word != "static").collect();
    if verb == Some("package") {
        syntax.package = Some(name);
    } else {
        syntax.imports.push(Import { wanted: name, is_late: false });
    }
}
