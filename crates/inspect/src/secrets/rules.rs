//! The rules, compiled: which words make a rule worth trying, and what it tries then.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use sealbook_record::Severity;
use sha2::{Digest as _, Sha256};

use super::check::Check;
use super::file::{AllowRead, Read, RuleRead};

/// Bytes of a compiled rule: hostile repetitions end here.
const COMPILED_BYTES: usize = 4 << 20;

/// Our own rules, in the form in which others' are read.
const BUILT_IN: [(&str, &str); 4] = [
    ("code.toml", include_str!("rules/code.toml")),
    ("cloud.toml", include_str!("rules/cloud.toml")),
    ("services.toml", include_str!("rules/services.toml")),
    ("general.toml", include_str!("rules/general.toml")),
];

/// Ways to write code that are wrong nearly wherever they stand.
const PATTERNS: &str = include_str!("rules/patterns.toml");

/// Rules that were loaded, and those that could not be.
pub(crate) struct RuleSet {
    pub(super) rules: Vec<Rule>,
    pub(super) allowed: Vec<Allowed>,
    pub(super) words: AhoCorasick,
    /// For each word the rules that it makes worth trying.
    pub(super) rules_of: Vec<Vec<u16>>,
    /// Rules without a word are always tried.
    pub(super) wordless: Vec<u16>,
    /// SHA-256 over the files that the rules were read from.
    pub(crate) digest: String,
    /// What of these files is not in force, and why.
    pub(crate) refused: Vec<Refused>,
}

/// A rule, or a part of a file of rules, that is not in force.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    /// The rule, or the key of the file.
    pub(crate) what: String,
    pub(crate) why: String,
    /// Whether something may be missed for it.
    pub(crate) weakens: bool,
}

/// One rule.
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) about: String,
    pub(crate) severity: Severity,
    /// What to do about what it finds.
    pub(crate) advice: Option<String>,
    pub(super) pattern: Option<Lazy>,
    pub(super) path: Option<Regex>,
    pub(super) group: usize,
    pub(super) entropy: f64,
    pub(super) window: Window,
    pub(super) check: Option<Check>,
    pub(super) generic: Option<Generic>,
    /// Only what has digits and letters of more than one kind.
    pub(super) is_mixed: bool,
    /// Whether what looks made up is passed over: our own rules; others say it themselves.
    pub(super) is_ours: bool,
    pub(super) words: Vec<String>,
    pub(super) allowed: Vec<Allowed>,
}

/// How much of the text about a word is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// The line.
    Line,
    /// From the line on, some thousand bytes.
    Block,
    /// All of it.
    Text,
}

/// What a rule that goes by the surroundings finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generic {
    /// The second or third group is what is assigned to a name, the first.
    Assigned,
    Password,
    Token,
}

/// What is no finding although a rule fits.
pub(super) struct Allowed {
    pub(super) needs_all: bool,
    pub(super) paths: RegexSet,
    pub(super) patterns: RegexSet,
    pub(super) on_line: bool,
    pub(super) on_match: bool,
    pub(super) words: Vec<String>,
    pub(super) commits: Vec<String>,
}

/// A pattern that is compiled when it is first needed: most are never.
pub(super) struct Lazy {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Lazy {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), compiled: OnceLock::new() }
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

impl RuleSet {
    /// Our own rules.
    pub(crate) fn built_in() -> Self {
        let mut all = Read::default();
        let mut digest = Sha256::new();
        for (name, text) in BUILT_IN {
            digest.update(text);
            all.add(Read::parse(text, true).unwrap_or_else(|cause| unreachable!("{name}: {cause}")));
        }
        Self::compile(all, digest)
    }

    /// The ways to write code that are found.
    pub(crate) fn patterns() -> Self {
        let mut read = Read::parse(PATTERNS, false).unwrap_or_else(|cause| unreachable!("patterns.toml: {cause}"));
        read.rules.iter_mut().for_each(|rule| rule.window = Some("line".to_owned()));
        Self::compile(read, Sha256::new_with_prefix(PATTERNS))
    }

    /// The rules of a file in gitleaks' form; ours too, where it extends what is there by default.
    ///
    /// Errors: what is wrong with the file as a whole, and where.
    pub(crate) fn of_file(text: &str) -> Result<Self, String> {
        let mut digest = Sha256::new();
        let mut all = Read::parse(text, false)?;
        if all.extends_default {
            let mut own = Read::default();
            for (_, text) in BUILT_IN {
                digest.update(text);
                own.add(Read::parse(text, true)?);
            }
            let disabled = std::mem::take(&mut all.disabled);
            own.rules.retain(|rule| !disabled.contains(&rule.id) && all.rules.iter().all(|it| it.id != rule.id));
            all.add(own);
        }
        digest.update(text);
        Ok(Self::compile(all, digest))
    }

    fn compile(read: Read, digest: Sha256) -> Self {
        let mut refused = read.refused;
        let mut rules: Vec<Rule> = Vec::new();
        for rule in &read.rules {
            match Rule::of(rule, &mut refused) {
                Ok(rule) => rules.push(rule),
                Err(why) => refused.push(Refused { what: format!("rule {:?}", rule.id), why, weakens: true }),
            }
        }
        let allowed = allowed(&read.allowed, "the file's allow list", &mut refused);
        let (mut words, mut rules_of, mut wordless): (Vec<String>, Vec<Vec<u16>>, Vec<u16>) = Default::default();
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.pattern.is_some()) {
            let at = u16::try_from(at).expect("a file of rules is bounded");
            if rule.words.is_empty() {
                wordless.push(at);
            }
            for word in &rule.words {
                if let Some(known) = words.iter().position(|known| known == word) {
                    rules_of[known].push(at);
                } else {
                    words.push(word.clone());
                    rules_of.push(vec![at]);
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .or_else(|_| AhoCorasick::builder().ascii_case_insensitive(true).build(&words))
            .expect("a bounded number of words");
        let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { rules, allowed, words: automaton, rules_of, wordless, digest, refused }
    }

    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// A rule, by the number that a hit gives.
    pub(crate) fn rule(&self, at: usize) -> &Rule {
        &self.rules[at]
    }
}

impl Rule {
    /// Whether it knows no format: what such a rule says is less than what any other does.
    pub(super) fn goes_by_surroundings(&self) -> bool {
        self.generic.is_some() || !self.is_ours && self.id.contains("generic")
    }

    fn of(read: &RuleRead, refused: &mut Vec<Refused>) -> Result<Self, String> {
        if read.regex.is_none() && read.path.is_none() {
            return Err("it has neither `regex` nor `path`".to_owned());
        }
        if !read.is_ours
            && let Some(pattern) = &read.regex
        {
            compile(pattern)?;
        }
        let severity = match read.severity.as_deref() {
            Some("critical") => Severity::Critical,
            Some("warning") => Severity::Warning,
            Some("info") => Severity::Info,
            _ => Severity::Error,
        };
        Ok(Self {
            about: read.description.clone().unwrap_or_else(|| format!("what rule {} finds", read.id)),
            severity,
            advice: read.advice.clone(),
            pattern: read.regex.as_deref().map(Lazy::new),
            path: read.path.as_deref().map(compile).transpose().map_err(|why| format!("`path`: {why}"))?,
            group: read.secret_group,
            entropy: read.entropy,
            window: match read.window.as_deref() {
                Some("block") => Window::Block,
                Some("line") => Window::Line,
                _ if read.is_ours => Window::Line,
                _ => Window::Text,
            },
            check: read.check.as_deref().map(Check::named).transpose()?,
            generic: match read.generic.as_deref() {
                None => None,
                Some("assigned") => Some(Generic::Assigned),
                Some("token") => Some(Generic::Token),
                Some(_) => Some(Generic::Password),
            },
            is_mixed: read.mixed,
            is_ours: read.is_ours,
            words: read.keywords.iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect(),
            allowed: allowed(&read.allowed, &format!("the allow list of rule {:?}", read.id), refused),
            id: read.id.clone(),
        })
    }
}

fn allowed(read: &[AllowRead], whose: &str, refused: &mut Vec<Refused>) -> Vec<Allowed> {
    let mut set = |patterns: &[String]| {
        let kept: Vec<&String> = patterns
            .iter()
            .filter(|pattern| match compile(pattern) {
                Ok(_) => true,
                Err(why) => {
                    // What is allowed no longer is found more, not less.
                    refused.push(Refused { what: format!("a pattern in {whose}"), why, weakens: false });
                    false
                }
            })
            .collect();
        RegexSetBuilder::new(kept)
            .unicode(false)
            .size_limit(COMPILED_BYTES)
            .build()
            .unwrap_or_else(|_| RegexSet::empty())
    };
    let make = |read: &AllowRead| Allowed {
        needs_all: read.condition.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("and") || it == "&&"),
        paths: set(&read.paths),
        patterns: set(&read.regexes),
        on_line: read.regex_target.as_deref() == Some("line"),
        on_match: read.regex_target.as_deref() == Some("match"),
        words: read.stopwords.iter().map(|word| word.to_lowercase()).collect(),
        commits: read.commits.clone(),
    };
    read.iter().map(make).collect()
}

/// In linear time: no reference back, nothing looked ahead or behind.
fn compile(pattern: &str) -> Result<Regex, String> {
    let with = |unicode| RegexBuilder::new(pattern).unicode(unicode).size_limit(COMPILED_BYTES).build();
    with(false).or_else(|_| with(true)).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        format!("the pattern cannot be used: {}", last.trim().trim_start_matches("error: "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_rules_all_compile_and_have_words() {
        let rules = RuleSet::built_in();
        assert!(rules.len() >= 60, "{}", rules.len());
        assert!(rules.refused.is_empty(), "{:?}", rules.refused);
        let mut ids = std::collections::BTreeSet::new();
        for rule in &rules.rules {
            assert!(ids.insert(&rule.id), "{} is there twice", rule.id);
            assert!(rule.pattern.as_ref().is_some_and(|pattern| pattern.regex().is_some()), "{}", rule.id);
            assert!(!rule.words.is_empty(), "{}", rule.id);
        }
        assert!(rules.wordless.is_empty());
    }

    #[test]
    fn our_own_patterns_all_compile_and_have_words() {
        let patterns = RuleSet::patterns();
        assert!(patterns.len() >= 20 && patterns.refused.is_empty(), "{:?}", patterns.refused);
        assert!(patterns.wordless.is_empty());
        assert!(patterns.rules.iter().all(|rule| rule.advice.is_some()));
    }

    #[test]
    fn what_takes_more_than_linear_time_is_refused_and_said() {
        let text = "[[rules]]\nid = \"a\"\nregex = '''(?=x)y'''\n[[rules]]\nid = \"b\"\nregex = '''ok[0-9]{4}'''\n\
                    [[rules]]\nid = \"c\"\nregex = '''(.)\\1'''\n[extend]\nurl = \"https://example.org\"\n";
        let rules = RuleSet::of_file(text).expect("a file of rules");
        assert_eq!(rules.len(), 1);
        let refused: Vec<&str> = rules.refused.iter().map(|it| it.what.as_str()).collect();
        assert_eq!(refused, ["`extend.url`", "rule \"a\"", "rule \"c\""]);
        assert!(rules.refused.iter().all(|it| it.weakens), "{:?}", rules.refused);
    }
}
