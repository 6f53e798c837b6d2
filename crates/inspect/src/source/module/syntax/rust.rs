//! Rust.

use tree_sitter::Node;

use super::{Import, Role, Syntax};

pub(super) static ROLES: &[(&str, Role)] = &[
    ("function_item", Role::Function),
    ("impl_item", Role::Container),
    ("trait_item", Role::Container),
    ("mod_item", Role::TestModule),
    ("if_expression", Role::Decision),
    ("while_expression", Role::Decision),
    ("for_expression", Role::Decision),
    ("match_expression", Role::Choice),
    ("if", Role::Operator),
    ("&&", Role::Operator),
    ("||", Role::Operator),
    ("use_declaration", Role::Import),
    ("line_comment", Role::Comment),
    ("block_comment", Role::Comment),
];

/// Groups within groups, at most.
const DEPTH_MAX: usize = 32;
/// Names that one declaration brings in, at most.
const NAMES_MAX: usize = 2_000;

/// Whether `#[cfg(test)]` stands before it.
pub(super) fn is_for_tests(node: Node<'_>, source: &[u8]) -> bool {
    let mut before = node.prev_sibling();
    while let Some(attribute) = before.filter(|node| matches!(node.kind(), "attribute_item" | "line_comment")) {
        let text = attribute.utf8_text(source).unwrap_or_default();
        if text.starts_with("#[") && text.contains("cfg") && text.contains("test") && !text.contains("not(test") {
            return true;
        }
        before = attribute.prev_sibling();
    }
    false
}

pub(super) fn imports(node: Node<'_>, text: &str, syntax: &mut Syntax) {
    if node.kind() != "use_declaration" {
        return;
    }
    let Some(start) = text.find("use ").map(|at| at + 4) else { return };
    let tree: String = text[start..].trim_end_matches(';').split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let mut names = Vec::new();
    expand("", &tree, 0, &mut names);
    syntax.imports.extend(names.into_iter().map(|wanted| Import { wanted, is_late: false }));
}

/// `a::{b, c::{d as e}}` as `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, depth: usize, names: &mut Vec<String>) {
    let tree = tree.trim();
    if depth > DEPTH_MAX || names.len() >= NAMES_MAX || tree.is_empty() {
        return;
    }
    let Some(open) = tree.find('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        let name = name.strip_suffix("::*").or_else(|| name.strip_suffix("::self")).unwrap_or(name);
        let name = if name == "self" || name == "*" { "" } else { name };
        names.push(format!("{prefix}{name}").trim_end_matches("::").replace(' ', ""));
        return;
    };
    let before = format!("{prefix}{}", tree[..open].replace(' ', ""));
    let inner = tree[open + 1..].trim_end().strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let (mut start, mut nested) = (0, 0_u32);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'{' => nested += 1,
            b'}' => nested = nested.saturating_sub(1),
            b',' if nested == 0 => {
                expand(&before, &inner[start..at], depth + 1, names);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&before, &inner[start..], depth + 1, names);
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_are_spread() {
        let mut names = Vec::new();
        super::expand("", "crate::{a::{self, b as c}, d::*, {e}}", 0, &mut names);
        assert_eq!(names, ["crate::a", "crate::a::b", "crate::d", "crate::e"]);
    }
}
