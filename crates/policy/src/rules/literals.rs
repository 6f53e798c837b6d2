//! Literals without which a pattern fits no text, read from its form: to compile it costs twenty times as much.
//!
//! Case is ignored throughout, and a text that is not ASCII is never judged by them: `(?i)k` fits a Kelvin sign.

use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange, parse::ParserBuilder};

use super::pattern::NEST_MAX;

/// Shorter ones are in nearly every text.
const BYTES_MIN: usize = 2;
/// More of them are not looked for one by one.
const COUNT_MAX: usize = 16;

/// Of these literals, lower case, one must be there.
#[derive(Debug, PartialEq)]
pub(crate) struct Literals(Vec<String>);

impl Literals {
    /// What the pattern asks for; `None` where nothing is certain.
    pub(crate) fn of(pattern: &str) -> Option<Self> {
        let ast = ParserBuilder::new().nest_limit(NEST_MAX).build().parse(pattern).ok()?;
        let mut found = needed(&ast)?;
        let all = found.clone();
        // What holds another of them is found by that one.
        found.retain(|literal| !all.iter().any(|other| other != literal && literal.contains(other.as_str())));
        found.sort_unstable();
        found.dedup();
        (shortest(&found) >= BYTES_MIN && found.len() <= COUNT_MAX).then_some(Self(found))
    }

    /// Whether a text may hold one of them.
    pub(crate) fn may_be_in(&self, text: &str) -> bool {
        !text.is_ascii() || self.0.iter().any(|literal| is_in(literal.as_bytes(), text.as_bytes()))
    }
}

fn is_in(literal: &[u8], text: &[u8]) -> bool {
    let (first, last) = (literal[0], (text.len() + 1).saturating_sub(literal.len()));
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), &text[..last])
        .any(|at| text[at..at + literal.len()].eq_ignore_ascii_case(literal))
}

fn needed(ast: &Ast) -> Option<Vec<String>> {
    match ast {
        Ast::Literal(literal) => literal.c.is_ascii().then(|| vec![literal.c.to_ascii_lowercase().to_string()]),
        Ast::Group(group) => needed(&group.ast),
        Ast::Repetition(repeated) if at_least_once(&repeated.op.kind) => needed(&repeated.ast),
        Ast::Alternation(all) => {
            let each: Option<Vec<_>> = all.asts.iter().map(needed).collect();
            each.map(|lists| lists.concat())
        }
        Ast::Concat(all) => best(&all.asts),
        _ => None,
    }
}

/// Of what stands one after the other, what is hardest to find: literals side by side are one.
fn best(asts: &[Ast]) -> Option<Vec<String>> {
    let (mut found, mut run) = (Vec::new(), String::new());
    for ast in asts {
        match ast {
            Ast::Literal(literal) if literal.c.is_ascii() => run.push(literal.c.to_ascii_lowercase()),
            other => {
                found.push(vec![std::mem::take(&mut run)]);
                found.extend(needed(other));
            }
        }
    }
    found.push(vec![run]);
    found.into_iter().max_by_key(|literals| (shortest(literals), std::cmp::Reverse(literals.len())))
}

fn shortest(literals: &[String]) -> usize {
    literals.iter().map(String::len).min().unwrap_or(0)
}

fn at_least_once(kind: &RepetitionKind) -> bool {
    match kind {
        RepetitionKind::OneOrMore => true,
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => false,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least) | RepetitionRange::AtLeast(least) | RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;
    use crate::Rule;
    use crate::rules::condition::{Condition, How};

    fn of(pattern: &str) -> Option<Vec<String>> {
        Literals::of(pattern).map(|literals| literals.0)
    }

    #[test]
    fn literals_are_those_without_which_nothing_fits() {
        for (pattern, literals) in [
            ("(?i)^/srv/7/[a-z]+$", &["/srv/7/"][..]),
            ("sudo|doas", &["doas", "sudo"]),
            ("(?:pass|word)s?", &["pass", "word"]),
            (r"a\.b{2,}cd?", &["a."]),
            ("(?x) a b # comment\n c", &["abc"]),
            ("(ab){2}|xab", &["ab"]),
            ("[Kk]ey", &["ey"]),
            (r"\x41BC", &["abc"]),
        ] {
            assert_eq!(
                of(pattern).as_deref(),
                Some(literals).map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref(),
                "{pattern}"
            );
        }
        for pattern in ["", "a", ".*", "ab|c?", "(ab)?", "(ab){0,3}", "ab|", r"\w+", "äö", "(", "x*y", "[a-c]"] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn what_folds_to_ascii_is_left_to_the_pattern() {
        let literals = Literals::of("(?i)key").expect("it names one");
        assert!(literals.may_be_in("\u{212a}ey") && Regex::new("(?i)key").unwrap().is_match("\u{212a}ey"));
        assert!(literals.may_be_in("a KEY") && !literals.may_be_in("k") && !literals.may_be_in(""));
    }

    fn patterns(condition: &Condition, all: &mut Vec<String>) {
        match condition {
            Condition::All(list) | Condition::Any(list) => list.iter().for_each(|it| patterns(it, all)),
            Condition::Not(inner) => patterns(inner, all),
            Condition::Test(test) => {
                if let How::Matches { pattern, .. } = &test.how {
                    all.push(pattern.clone());
                }
            }
            Condition::Cel(..) => {}
        }
    }

    #[test]
    fn nearly_every_built_in_pattern_names_some() {
        let mut all = Vec::new();
        let builtin: &[Rule] = crate::rules::builtin::rules();
        let guards = crate::rules::guarding(&["/x".to_owned()], &[]);
        builtin.iter().chain(&guards).filter_map(|rule| rule.condition.as_ref()).for_each(|it| patterns(it, &mut all));
        let without: Vec<_> = all.iter().filter(|pattern| Literals::of(pattern).is_none()).collect();
        assert!(all.len() >= 8 && without.is_empty(), "{without:?}");
    }

    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "a", "B", "ab", "k", "s", ".", "[ab]", r"\w", "^", "$", r"\.", r"\b", "(?i)", "ä",
        ]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.concat()),
                2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("(?:{})", all.join("|"))),
                1 => inner.clone().prop_map(|it| format!("(?i:{it})")),
                1 => (inner, prop::sample::select(vec!["?", "*", "+", "{2}", "{0,2}", "{1,}"])).prop_map(|(it, how)| format!("({it}){how}")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_text_that_fits_is_never_passed_over(pattern in pattern(), text in "[abABkKsS\u{212a}\u{17f}. ä]{0,12}") {
            let regex = Regex::new(&pattern).expect("it is made to be one");
            if let Some(literals) = Literals::of(&pattern) {
                prop_assert!(literals.may_be_in(&text) || !regex.is_match(&text), "{:?}", literals);
            }
        }
    }
}
