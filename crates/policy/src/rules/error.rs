//! Why a text is no rule. Messages name the rule, the line and the mend; they quote words of the language only.

/// Why rules cannot be read or compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place(rule.as_deref(), *line))]
pub struct RuleError {
    /// The rule's id, where it has one.
    pub rule: Option<String>,
    /// The line it stands in, from 1, where there is a text.
    pub line: Option<usize>,
    /// What is wrong and the mend, separated by `; `.
    pub what: String,
}

impl RuleError {
    /// Stable name of the kind of error; `docs/errors/rule_invalid.md` explains it.
    pub const fn code(&self) -> &'static str {
        "rule_invalid"
    }

    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { rule: None, line: None, what: what.into() }
    }

    pub(crate) fn at(mut self, line: usize) -> Self {
        self.line = self.line.or(Some(line));
        self
    }

    pub(crate) fn of(mut self, rule: &str) -> Self {
        self.rule.get_or_insert_with(|| rule.to_owned());
        self
    }
}

fn place(rule: Option<&str>, line: Option<usize>) -> String {
    match (rule, line) {
        (Some(rule), Some(line)) => format!("rule `{rule}`, line {line}: "),
        (Some(rule), None) => format!("rule `{rule}`: "),
        (None, Some(line)) => format!("line {line}: "),
        (None, None) => String::new(),
    }
}
