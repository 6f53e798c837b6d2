//! The rules that are there without anyone adding them. They are written in the language of all rules.

use std::sync::LazyLock;

use crate::Rule;

static TEXT: &str = include_str!("builtin.yaml");

/// The rules that guard the directories of one book.
static PLACES_TEXT: &str = include_str!("places.yaml");

/// What keeps agents off these directories, whatever they are called; nothing where none is named. Variables name
/// directories, `HOME=/home/kim`: paths may begin with them.
pub(crate) fn guarding(places: &[String], variables: &[String]) -> Vec<Rule> {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| Rule::from_yaml(PLACES_TEXT).expect("the rules are tested"));
    let places: Vec<String> = places.iter().filter(|place| place.len() > 1).cloned().collect();
    let mut rules = if places.is_empty() { Vec::new() } else { RULES.clone() };
    rules.retain_mut(|rule| rule.condition.as_mut().is_some_and(|condition| condition.look_for(&places, variables)));
    rules
}

/// The built-in rules, in order.
pub(crate) fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| Rule::from_yaml(TEXT).expect("the built-in rules are tested"));
    &RULES
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_of_them_compiles() {
        let set = crate::RuleSet::compile(super::rules().to_vec()).expect("they are rules");
        assert_eq!(set.digest(), crate::RuleSet::builtin().digest());
    }
}
