//! One pass over a text: its words say which rules are tried, and where.

use regex::bytes::Captures;

use super::allow::{At, Comment, comment};
use super::likeness;
use super::rules::{Generic, Rule, RuleSet, Window};

/// How far a rule looks in a line that has no end in sight, before and after its word.
const LINE_BEFORE: usize = 256;
const LINE_AFTER: usize = 4_096;
/// How far a rule for several lines looks.
const BLOCK: usize = 16 * 1024;
/// A line longer than this was written by a program: what goes by surroundings alone finds nothing true in it.
const WRITTEN_BY_HAND: usize = 2_000;
/// Hits in one text, at most.
const HITS_MOST: usize = 1_000;

/// A secret, by its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The rule's number in its set.
    pub(crate) rule: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Why a comment beside it allows it.
    pub(crate) allowed: Option<String>,
    /// A comment would allow it, but gives no reason.
    pub(crate) lacks_reason: bool,
}

/// Looks through texts, one after the other, with the tables of one thread.
pub(crate) struct Scanner<'r> {
    rules: &'r RuleSet,
    /// For each rule how far the text was looked through.
    done: Vec<usize>,
    found: Vec<Hit>,
}

impl Hit {
    /// A file that a rule finds by its path alone.
    pub(crate) fn of_file(rule: usize) -> Self {
        Self { rule, start: 0, end: 0, allowed: None, lacks_reason: false }
    }
}

impl<'r> Scanner<'r> {
    pub(crate) fn new(rules: &'r RuleSet) -> Self {
        Self { rules, done: vec![0; rules.len()], found: Vec::new() }
    }

    /// What a text holds, in order. `path` is where it lies, `commit` what brought it.
    pub(crate) fn scan(&mut self, path: &[u8], text: &[u8], commit: &dyn Fn() -> String) -> Vec<Hit> {
        self.begin();
        let rules = self.rules;
        for word in rules.words.find_overlapping_iter(text) {
            for rule in &rules.rules_of[word.pattern().as_usize()] {
                self.about(usize::from(*rule), path, text, word.start(), commit);
            }
        }
        for rule in &rules.wordless {
            self.about(usize::from(*rule), path, text, 0, commit);
        }
        self.end()
    }

    /// The rule that made a hit.
    pub(crate) fn rule(&self, hit: &Hit) -> &'r Rule {
        self.rules.rule(hit.rule)
    }

    /// Rules that go by the path alone, which fit a file as a whole.
    pub(crate) fn of_path(&self, path: &[u8]) -> Vec<usize> {
        let fits = |rule: &Rule| rule.pattern.is_none() && rule.path.as_ref().is_some_and(|it| it.is_match(path));
        (0..self.rules.len()).filter(|at| fits(&self.rules.rules[*at])).collect()
    }

    fn begin(&mut self) {
        self.done.fill(0);
        self.found.clear();
    }

    fn about(&mut self, at: usize, path: &[u8], text: &[u8], word: usize, commit: &dyn Fn() -> String) {
        if word < self.done[at] || self.found.len() >= HITS_MOST {
            return;
        }
        let rule = &self.rules.rules[at];
        let (start, end) = window(rule.window, text, word);
        self.done[at] = end;
        if rule.path.as_ref().is_some_and(|it| !it.is_match(path)) {
            return;
        }
        let Some(pattern) = rule.pattern.as_ref().and_then(|pattern| pattern.regex()) else { return };
        for captures in pattern.captures_iter(&text[start..end]) {
            let Some((from, to)) = secret_of(rule, &captures) else { continue };
            let whole = captures.get(0).map_or((from, to), |it| (it.start(), it.end()));
            let place = Place { from: start + from, to: start + to, matched: (start + whole.0, start + whole.1) };
            self.take(at, &place, path, text, commit);
        }
    }

    fn take(&mut self, at: usize, place: &Place, path: &[u8], text: &[u8], commit: &dyn Fn() -> String) {
        let rule = &self.rules.rules[at];
        let secret = &text[place.from..place.to];
        let line = line_of(text, place.from);
        if !fits(rule, secret, line.len()) {
            return;
        }
        let seen = At { path, secret, matched: &text[place.matched.0..place.matched.1], line, commit };
        if rule.allowed.iter().chain(&self.rules.allowed).any(|list| list.covers(&seen)) {
            return;
        }
        let (allowed, lacks_reason) = match comment(line, rule) {
            Comment::None => (None, false),
            Comment::Allows(reason) => (Some(reason), false),
            Comment::NoReason => (None, true),
        };
        self.found.push(Hit { rule: at, start: place.from, end: place.to, allowed, lacks_reason });
    }

    /// Where several rules see the same text, the one that knows the format keeps it.
    fn end(&mut self) -> Vec<Hit> {
        let mut found = std::mem::take(&mut self.found);
        let rank = |hit: &Hit| (self.rules.rules[hit.rule].goes_by_surroundings(), hit.rule, hit.start);
        found.sort_by_key(rank);
        let mut kept: Vec<Hit> = Vec::with_capacity(found.len());
        for hit in found {
            if kept.iter().all(|other| hit.end <= other.start || other.end <= hit.start) {
                kept.push(hit);
            }
        }
        kept.sort_by_key(|hit| (hit.start, hit.rule));
        kept
    }
}

struct Place {
    from: usize,
    to: usize,
    matched: (usize, usize),
}

/// Whether what a rule matched is what it looks for.
fn fits(rule: &Rule, secret: &[u8], line: usize) -> bool {
    if secret.is_empty() || rule.entropy > 0.0 && likeness::entropy(secret) < rule.entropy {
        return false;
    }
    if rule.is_mixed && !likeness::is_mixed(secret) {
        return false;
    }
    if rule.check.is_some_and(|check| !check.holds(secret)) {
        return false;
    }
    match rule.generic {
        None => !rule.is_ours || rule.check.is_some() || !likeness::is_made_up(secret),
        Some(_) if line > WRITTEN_BY_HAND => false,
        Some(Generic::Assigned) => true,
        Some(Generic::Password) => {
            !likeness::is_made_up(secret)
                && !matches!(secret[0], b'$' | b'<' | b'{' | b'%')
                && likeness::entropy(secret) >= 2.5
                && is_no_word(secret)
        }
        Some(Generic::Token) => likeness::is_value(secret, true) && likeness::entropy(secret) >= 3.2,
    }
}

/// Whether it is more than one of the words that stand for a password.
fn is_no_word(secret: &[u8]) -> bool {
    const WORDS: [&str; 16] = [
        "password", "passwd", "passw", "secret", "pass", "pwd", "token", "user", "admin", "guest", "postgres", "mysql",
        "rabbitmq", "minio", "hunter2", "root",
    ];
    let lower = secret.to_ascii_lowercase();
    let bare: Vec<u8> = lower.iter().copied().filter(u8::is_ascii_alphabetic).collect();
    let is_plain = secret.iter().all(|byte| byte.is_ascii_lowercase() || b"_-".contains(byte));
    !is_plain && !WORDS.iter().any(|word| bare == word.as_bytes()) && secret.len() >= 8
}

/// The group that holds the secret, by the rules of gitleaks: the one that is named, or the first that took part.
fn secret_of(rule: &Rule, captures: &Captures<'_>) -> Option<(usize, usize)> {
    let span = |at: usize| captures.get(at).map(|it| (it.start(), it.end()));
    if rule.generic == Some(Generic::Assigned) {
        let name = captures.get(1)?;
        // The fourth stands in quotes that are written within a text: a notebook's source, JSON in JSON.
        let (value, quoted) = match (captures.get(2).or_else(|| captures.get(4)), captures.get(3)) {
            (Some(value), third) => (value, third.is_none()),
            (None, third) => (third?, false),
        };
        // In XML and where it is quoted, the value ends where it was said to.
        let fits = likeness::names_a_secret(name.as_bytes()) && likeness::is_value(value.as_bytes(), quoted);
        return fits.then(|| (value.start(), value.end()));
    }
    match rule.group {
        0 => (1..captures.len()).find_map(span).or_else(|| span(0)),
        group => span(group),
    }
}

/// What is looked at about a word.
fn window(window: Window, text: &[u8], word: usize) -> (usize, usize) {
    if window == Window::Text {
        return (0, text.len());
    }
    let least = word.saturating_sub(LINE_BEFORE);
    let start = memchr::memrchr(b'\n', &text[least..word]).map_or(least, |at| least + at + 1);
    let most = (word + if window == Window::Block { BLOCK } else { LINE_AFTER }).min(text.len());
    let end = match window {
        Window::Block => most,
        _ => memchr::memchr(b'\n', &text[word..most]).map_or(most, |at| word + at),
    };
    (start, end)
}

/// The line around a place, within bounds.
fn line_of(text: &[u8], at: usize) -> &[u8] {
    let least = at.saturating_sub(LINE_AFTER);
    let start = memchr::memrchr(b'\n', &text[least..at]).map_or(least, |nl| least + nl + 1);
    let most = (at + LINE_AFTER).min(text.len());
    let end = memchr::memchr(b'\n', &text[at..most]).map_or(most, |nl| at + nl);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    static RULES: LazyLock<[RuleSet; 2]> = LazyLock::new(|| [RuleSet::built_in(), RuleSet::patterns()]);

    proptest! {
        #[test]
        fn whatever_is_read_hits_lie_within_it_and_do_not_overlap(
            pieces in prop::collection::vec(prop_oneof![
                any::<Vec<u8>>(),
                "(password|secret|token|key|AKIA|eyJ|://|ghp_|-----BEGIN PRIVATE KEY-----|Q~|sealbook:allow|[=:\"'\n ]){1,4}[A-Za-z0-9+/=_.@-]{0,50}"
                    .prop_map(String::into_bytes),
            ], 0..12)
        ) {
            let text = pieces.concat();
            for rules in &*RULES {
                let hits = Scanner::new(rules).scan(b"a.py", &text, &String::new);
                for pair in hits.windows(2) {
                    prop_assert!(pair[0].end <= pair[1].start);
                }
                prop_assert!(hits.iter().all(|hit| hit.start <= hit.end && hit.end <= text.len()));
            }
        }
    }
}
