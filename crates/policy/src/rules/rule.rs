//! One rule, as it is written.

use sealbook_record::Severity;

use crate::{Decision, Fail, Mode, RuleError};

/// Whom and what a rule is about. An empty list means everyone and everything; each holds globs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Scope {
    pub tenants: Vec<String>,
    pub actors: Vec<String>,
    pub sessions: Vec<String>,
    pub projects: Vec<String>,
    pub sources: Vec<String>,
    pub tools: Vec<String>,
    pub actions: Vec<String>,
}

/// One rule: what it looks at, and what it asks for where it fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// A slug, unique in a set.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// What it is there for.
    pub description: Option<String>,
    /// What it asks for.
    pub effect: Decision,
    /// Whether it decides.
    pub mode: Mode,
    /// Weight of its hits and alerts.
    pub severity: Severity,
    /// What it says of a book that cannot be written.
    pub fail: Fail,
    /// For how many years what it matched is to be kept.
    pub retention_years: Option<u32>,
    /// Whom and what it is about.
    pub scope: Scope,
}

impl Rule {
    /// Reads rules from YAML.
    pub fn from_yaml(_text: &str) -> Result<Vec<Self>, RuleError> {
        Ok(Vec::new())
    }

    /// The rule as one JSON object on one line; [`Rule::from_json`] undoes it.
    pub fn to_json(&self) -> String {
        String::new()
    }

    /// Reads what [`Rule::to_json`] wrote.
    pub fn from_json(_text: &str) -> Result<Self, RuleError> {
        Err(RuleError::new("it is no rule; give one JSON object"))
    }
}
