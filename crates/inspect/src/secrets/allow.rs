//! What is no finding although a rule fits: allow lists, and comments beside the line.

use super::rules::{Allowed, Rule};

/// Where a rule fitted.
pub(super) struct At<'a> {
    pub(super) path: &'a [u8],
    pub(super) secret: &'a [u8],
    pub(super) matched: &'a [u8],
    pub(super) line: &'a [u8],
    /// The name of what brought it; empty where nothing did.
    pub(super) commit: &'a dyn Fn() -> String,
}

impl Allowed {
    pub(super) fn covers(&self, at: &At<'_>) -> bool {
        let target = if self.on_line {
            at.line
        } else if self.on_match {
            at.matched
        } else {
            at.secret
        };
        let lower = || at.secret.to_ascii_lowercase();
        let has = |word: &String| memchr::memmem::find(&lower(), word.as_bytes()).is_some();
        let mut said = Vec::with_capacity(4);
        if !self.commits.is_empty() {
            let commit = (at.commit)();
            said.push(self.commits.contains(&commit));
        }
        if !self.paths.is_empty() {
            said.push(self.paths.is_match(at.path));
        }
        if !self.patterns.is_empty() {
            said.push(self.patterns.is_match(target));
        }
        if !self.words.is_empty() {
            said.push(self.words.iter().any(has));
        }
        if self.needs_all { !said.is_empty() && said.iter().all(|it| *it) } else { said.iter().any(|it| *it) }
    }
}

/// What a comment in a line says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comment {
    None,
    /// The rule is allowed here, for a reason.
    Allows(String),
    /// It would be, with a reason.
    NoReason,
}

/// Reads `sealbook:allow RULE reason` and `gitleaks:allow reason`; `*` stands for every rule.
pub(super) fn comment(line: &[u8], rule: &Rule) -> Comment {
    let (own, theirs) = (&b"sealbook:allow"[..], &b"gitleaks:allow"[..]);
    let after = |word: &[u8]| memchr::memmem::find(line, word).map(|at| &line[at + word.len()..]);
    let text = |rest: &[u8]| {
        let rest = String::from_utf8_lossy(&rest[..rest.len().min(500)]).into_owned();
        rest.trim().trim_end_matches("*/").trim_end_matches("-->").trim().to_owned()
    };
    if let Some(rest) = after(own) {
        let rest = text(rest);
        let (name, reason) = rest.split_once(char::is_whitespace).unwrap_or((&rest, ""));
        let reason = reason.trim_start_matches([':', '-', ' ']).trim();
        if name.trim_end_matches(':') != rule.id && name != "*" {
            return Comment::None;
        }
        return if reason.chars().count() < 4 { Comment::NoReason } else { Comment::Allows(reason.to_owned()) };
    }
    match after(theirs) {
        Some(rest) => {
            let reason = text(rest);
            let reason = reason.trim_start_matches([':', '-', ' ']);
            Comment::Allows(if reason.is_empty() { "gitleaks:allow".to_owned() } else { reason.to_owned() })
        }
        None => Comment::None,
    }
}
