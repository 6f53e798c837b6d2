//! What an analyzer saw, and breaches of named rules.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, PartName, Record, Severity, Timestamp};

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Path within the target.
    pub path: String,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Location {
    /// The whole file.
    pub fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None }
    }
}

/// What an analyzer saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// See [`Finding::key`]: the same for the same thing seen again.
    pub id: String,
    /// The rule or measure that saw it: `git.hotspot`.
    pub rule: String,
    /// What sort of thing, `hotspot`, `secret`, `drift`.
    pub kind: String,
    /// Weight.
    pub severity: Severity,
    /// What was seen, for people.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation: Option<String>,
    /// Ranges of sequence numbers, both ends included, of the records it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(u64, u64)>,
    /// Figures and whatever else belongs to it.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// What its key was made of beside rule and path; it is not stored, and empty in what was.
    #[serde(skip)]
    pub content: String,
}

/// Two findings are the same whether or not they came out of a book.
impl PartialEq for Finding {
    fn eq(&self, other: &Self) -> bool {
        let place = |it: &Self| (it.id.clone(), it.rule.clone(), it.kind.clone(), it.severity, it.location.clone());
        place(self) == place(other)
            && self.message == other.message
            && self.recommendation == other.recommendation
            && self.evidence == other.evidence
            && self.metadata == other.metadata
    }
}

impl Finding {
    /// A finding about a path (or the whole target, where none), told apart by `content`: the digest of the
    /// normalised content, or another text that stays while the thing stays.
    pub fn new(
        rule: impl Into<String>,
        kind: impl Into<String>,
        severity: Severity,
        message: impl Into<String>,
        path: Option<&str>,
        content: &str,
    ) -> Self {
        let rule = rule.into();
        Self {
            id: Self::key(&rule, path.unwrap_or_default(), content),
            rule,
            kind: kind.into(),
            severity,
            message: message.into(),
            location: path.map(Location::of),
            recommendation: None,
            evidence: Vec::new(),
            metadata: serde_json::Map::new(),
            content: content.to_owned(),
        }
    }

    /// A finding's key is rule, path and digest of the content, never a line number: 32 hex digits of
    /// SHA-256(`sealbook/finding/v1\0` ‖ rule ‖ `\0` ‖ path ‖ `\0` ‖ content).
    pub fn key(rule: &str, path: &str, content: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(b"sealbook/finding/v1");
        for field in [rule, path, content] {
            hash.update(b"\0");
            hash.update(field.as_bytes());
        }
        crate::json::hex(&hash.finalize()[..16])
    }
}

/// A breach of a named rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Identity, given by whoever found it.
    pub id: String,
    /// The rule that was broken.
    pub rule: String,
    /// Weight.
    pub severity: Severity,
    /// What is wrong, for people.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A signature as the audit-trail dialect names it. Our own are in the leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who signed.
    pub signer: String,
    /// The signature, as text.
    pub signature: String,
    /// `Ed25519` unless it says otherwise.
    #[serde(default = "ed25519")]
    pub algorithm: String,
    /// When, as claimed.
    pub timestamp: Timestamp,
}

fn ed25519() -> String {
    "Ed25519".to_owned()
}

impl Record {
    /// The findings in the part `findings`; empty where there is none.
    ///
    /// Errors: [`Error::Stored`] where the part is no list of findings.
    pub fn findings(&self) -> Result<Vec<Finding>, Error> {
        self.part(PartName::Findings).map_or(Ok(Vec::new()), |part| {
            serde_json::from_str(part.get()).map_err(|_| Error::Stored { what: "findings" })
        })
    }

    /// The violations in the part `violations`; empty where there is none.
    ///
    /// Errors: [`Error::Stored`] where the part is no list of violations.
    pub fn violations(&self) -> Result<Vec<Violation>, Error> {
        self.part(PartName::Violations).map_or(Ok(Vec::new()), |part| {
            serde_json::from_str(part.get()).map_err(|_| Error::Stored { what: "violations" })
        })
    }

    /// Sets the part `findings`.
    pub fn set_findings(&mut self, findings: &[Finding]) {
        self.set_part(PartName::Findings, findings).expect("findings have text keys only");
    }

    /// Sets the part `violations`.
    pub fn set_violations(&mut self, violations: &[Violation]) {
        self.set_part(PartName::Violations, violations).expect("violations have text keys only");
    }
}
