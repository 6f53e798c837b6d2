//! Findings that a person decided to live with: for a reason, under a name, until a day.
//!
//! A suppression is a record, `finding.suppressed`, whose target is the finding's key; `finding.unsuppressed` ends it.
//! It holds for that finding alone: when the content changes, the key does, and the finding is back. What a source
//! tells by itself (forged and damaged objects) is not suppressed.

use std::collections::BTreeMap;

use sealbook_record::{Finding, PartName, Record, Severity, Target, TargetKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Error, Prior, Sealed, Selection};

/// A finding is lived with from now on.
pub const SUPPRESSED: &str = "finding.suppressed";
/// It no longer is.
pub const LIFTED: &str = "finding.unsuppressed";

/// The rule of the finding that says what is not shown.
const RULE: &str = "suppression";

/// A decision to live with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The finding's key.
    pub finding: String,
    /// Why.
    pub reason: String,
    /// The day from which on it is found again.
    pub until: Timestamp,
}

impl Suppression {
    /// Puts it into a record.
    ///
    /// Errors: [`Error::Encoding`].
    pub fn write(&self, record: &mut Record) -> Result<(), Error> {
        SUPPRESSED.clone_into(&mut record.action);
        record.target = Target { id: self.finding.clone(), kind: TargetKind::Record };
        record.reason = Some(self.reason.clone());
        record.set_part(PartName::Input, self).map_err(|cause| Error::Encoding { action: SUPPRESSED, cause })
    }
}

#[derive(Debug)]
struct Held {
    seq: u64,
    by: String,
    what: Suppression,
}

/// The decisions of a project that were not taken back.
#[derive(Debug, Default)]
pub struct Suppressions(BTreeMap<String, Held>);

impl Suppressions {
    /// Reads them.
    ///
    /// Errors: of the book.
    pub(crate) fn read(prior: &dyn Prior, project: Option<&str>) -> Result<Self, Error> {
        let selection = Selection { actions: &[SUPPRESSED, LIFTED], project, ..Selection::default() };
        let mut held = BTreeMap::new();
        for sealed in prior.records(&selection)? {
            let Sealed { seq, record } = sealed?;
            let what = record.part(PartName::Input).and_then(|part| serde_json::from_str(part.get()).ok());
            if record.action == LIFTED {
                held.remove(&record.target.id);
            } else if let Some(what) = what {
                held.insert(record.target.id.clone(), Held { seq, by: record.actor.id.clone(), what });
            }
        }
        Ok(Self(held))
    }

    /// Whether a finding is lived with at this time.
    pub(crate) fn holds(&self, finding: &str, now: Timestamp) -> bool {
        self.0.get(finding).is_some_and(|held| held.what.until > now)
    }

    /// Takes out what is suppressed at this time, and says so in a finding of its own.
    pub(crate) fn apply(&self, findings: &mut Vec<Finding>, now: Timestamp) {
        let mut list = Vec::new();
        findings.retain_mut(|finding| {
            let Some(Held { seq, by, what }) = self.0.get(&finding.id) else { return true };
            if what.until <= now {
                finding.message = format!("{}; it was suppressed until {} by {by}", finding.message, what.until);
                finding.evidence.push((*seq, *seq));
                return true;
            }
            list.push((finding.clone(), *seq, by.clone(), what.clone()));
            false
        });
        if list.is_empty() {
            return;
        }
        let ids: Vec<&str> = list.iter().map(|(finding, ..)| finding.id.as_str()).collect();
        let shown: Vec<String> = list
            .iter()
            .take(5)
            .map(|(finding, _, by, what)| format!("{} ({} until {}: {})", finding.rule, by, what.until, what.reason))
            .collect();
        let more = list.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let several = if list.len() == 1 { "1 finding is".to_owned() } else { format!("{} findings are", list.len()) };
        let message = format!("{several} suppressed: {}{more}", shown.join(", "));
        let mut told = Finding::new(RULE, RULE, Severity::Info, message, None, &ids.join("\n"));
        told.evidence = list.iter().map(|(_, seq, ..)| (*seq, *seq)).collect();
        let list = list.iter().map(|(finding, seq, by, what)| {
            serde_json::json!({"finding": finding.id, "rule": finding.rule, "severity": finding.severity, "by": by, "reason": what.reason, "until": what.until, "record": seq})
        });
        told.metadata.insert("suppressed".to_owned(), list.collect());
        findings.push(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_holds_until_its_day() {
        let finding = Finding::new("ruff.F401", "violation", Severity::Error, "unused", Some("a.py"), "import os");
        let until = Timestamp::from_micros(1_000);
        let what = Suppression { finding: finding.id.clone(), reason: "a drill".to_owned(), until };
        let held = Held { seq: 7, by: "ann".to_owned(), what };
        let suppressed = Suppressions(BTreeMap::from([(finding.id.clone(), held)]));
        for (now, rules) in [(999, ["suppression"]), (1_000, ["ruff.F401"])] {
            let now = Timestamp::from_micros(now);
            let mut findings = vec![finding.clone()];
            suppressed.apply(&mut findings, now);
            assert_eq!(findings.iter().map(|it| it.rule.as_str()).collect::<Vec<_>>(), rules);
            assert_eq!(suppressed.holds(&finding.id, now), rules == ["suppression"]);
            assert_eq!(findings[0].evidence, [(7, 7)], "it names the decision");
            assert!(findings[0].message.contains("ann"), "{}", findings[0].message);
        }
        assert!(!suppressed.holds("another", Timestamp::from_micros(0)));
    }
}
