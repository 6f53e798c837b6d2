//! One file that is not what it was, wherever that was learnt.

use std::cmp::Reverse;
use std::fmt::Write as _;

use sealbook_record::{Finding, PartName, Record, Severity};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::KIND;
use crate::source::file::{Known, known};
use crate::{Difference, FileDifference};

/// One change of one file.
pub(super) struct Change {
    /// Its path in the project.
    pub(super) path: String,
    pub(super) before: Option<Known>,
    pub(super) after: Option<Known>,
    /// The records that say so.
    pub(super) evidence: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Told {
    change: String,
}

impl Change {
    /// What a `file.observed` tells; nothing where the file did not change.
    pub(super) fn observed(seq: u64, record: &Record) -> Option<Self> {
        let told: Told = serde_json::from_str(record.part(PartName::Result)?.get()).ok()?;
        // One of the two records of a rename is enough.
        if !matches!(told.change.as_str(), "appeared" | "vanished" | "renamed" | "changed") {
            return None;
        }
        let entry = |name| record.part(name).and_then(|part| known(part.get()));
        let (before, after) = (entry(PartName::Before), entry(PartName::After));
        Some(Self { path: record.target.id.clone(), before, after, evidence: vec![(seq, seq)] })
    }

    /// What differs from a baseline.
    pub(super) fn since(difference: &Difference, file: &FileDifference) -> Option<Self> {
        let (_, now) = difference.between.as_ref()?;
        let entry = |part: &Option<Box<RawValue>>| part.as_ref().and_then(|part| known(part.get()));
        let evidence = vec![(now.seq, now.seq)];
        Some(Self { path: file.path.to_string(), before: entry(&file.before), after: entry(&file.after), evidence })
    }

    /// The last component of its path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// `appeared`, `vanished` or `changed`.
    pub(super) fn word(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "appeared",
            (_, None) => "vanished",
            _ => "changed",
        }
    }

    /// Whether it is a file whose content is another, was not there before or is gone.
    pub(super) fn is_of_content(&self) -> bool {
        let digest = |entry: &Option<Known>| entry.as_ref().and_then(|entry| entry.sha256.clone());
        let is_file = [&self.before, &self.after].into_iter().flatten().all(|entry| entry.kind == "file");
        is_file && digest(&self.before) != digest(&self.after)
    }

    /// A finding about it, which rests on the records that tell of it.
    pub(super) fn finding(&self, rule: &str, severity: Severity, message: String, advice: Option<&str>) -> Finding {
        let mut finding = Finding::new(rule, KIND, severity, message, Some(&self.path), &self.key());
        finding.recommendation = advice.map(str::to_owned);
        finding.evidence.clone_from(&self.evidence);
        finding
    }

    /// What tells one change of a file from another.
    fn key(&self) -> String {
        let side = |entry: &Option<Known>| {
            entry.as_ref().map_or_else(String::new, |entry| {
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                let rights: String = [&entry.attributes.acl, &entry.attributes.capabilities]
                    .into_iter()
                    .flatten()
                    .map(|it| format!(" {it}"))
                    .collect();
                format!("{} {} {:?} {:?}{rights}", text(&entry.sha256), text(&entry.mode), entry.uid, entry.gid)
            })
        };
        format!("{} {}", side(&self.before), side(&self.after))
    }
}

/// The weightiest findings of a rule, one by one; how many more there are stands with the last.
pub(super) fn listed(mut found: Vec<Finding>, most: usize) -> Vec<Finding> {
    found.sort_by_key(|finding| Reverse(finding.severity));
    let more = found.len().saturating_sub(most);
    found.truncate(most);
    if let Some(last) = found.last_mut().filter(|_| more > 0) {
        let _ = write!(last.message, "; and {more} more of {}", last.rule);
    }
    found
}
