//! The rules that are there without anyone adding them. They are written in the language of all rules.

use crate::Rule;

static TEXT: &str = include_str!("builtin.yaml");

/// The built-in rules, in order.
pub(crate) fn rules() -> Vec<Rule> {
    Rule::from_yaml(TEXT).expect("the built-in rules are tested")
}
