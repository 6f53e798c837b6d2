//! The compliance report: what was recorded in a time, and which alerts nobody has resolved.

use std::collections::BTreeMap;

use sealbook_record::{Severity, Timestamp};

use crate::Alert;

/// More unresolved alerts than this are many.
const VIOLATIONS_MANY: usize = 10;
/// More unresolved warnings than this are a pattern.
const WARNINGS_MANY: usize = 5;

const MANY: &str =
    "High number of compliance violations detected. Consider reviewing access controls and user training.";
const CRITICAL: &str = "Critical compliance violations require immediate attention and remediation.";
const WARNINGS: &str = "Multiple warning-level violations suggest process improvements may be needed.";

/// A fold over the records of a time, and over its alerts.
#[derive(Debug, Clone, Default)]
pub struct Compliance {
    levels: BTreeMap<Severity, u64>,
    violations: Vec<Alert>,
}

impl Compliance {
    /// A record of the time that is reported on.
    pub fn count(&mut self, severity: Severity) {
        *self.levels.entry(severity).or_default() += 1;
    }

    /// An alert that was raised in that time; one that is resolved is left out.
    pub fn alert(&mut self, alert: &Alert) {
        if alert.resolved.is_none() {
            self.violations.push(alert.clone());
        }
    }

    /// How many records of each severity there are.
    pub fn levels(&self) -> impl Iterator<Item = (Severity, u64)> {
        self.levels.iter().map(|(severity, count)| (*severity, *count))
    }

    /// The unresolved alerts, newest first.
    pub fn violations(&self) -> Vec<&Alert> {
        let mut violations: Vec<&Alert> = self.violations.iter().collect();
        violations.sort_by_key(|alert| std::cmp::Reverse((alert.raised, alert.seq)));
        violations
    }

    /// What to do about them.
    pub fn recommendations(&self) -> Vec<&'static str> {
        let of = |severity| self.violations.iter().filter(|alert| alert.severity == severity).count();
        let said = [
            (self.violations.len() > VIOLATIONS_MANY, MANY),
            (of(Severity::Critical) > 0, CRITICAL),
            (of(Severity::Warning) > WARNINGS_MANY, WARNINGS),
        ];
        said.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
    }
}

/// `compliance_<seconds>`.
pub fn report_id(now: Timestamp) -> String {
    format!("compliance_{}", now.as_millis().div_euclid(1_000))
}
