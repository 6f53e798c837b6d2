//! More change than usual.

use sealbook_record::{Finding, PartName, Record, Severity};
use serde::Deserialize;

use super::KIND;

const RULE: &str = "drift.velocity";
/// Fewer earlier runs say nothing about what is usual.
const RUNS_MIN: usize = 5;
/// So many runs are looked back at.
const RUNS_MAX: usize = 50;
/// Fewer changes are never unusual.
const CHANGES_MIN: u64 = 50;
/// So many times the median is unusual.
const TIMES: u64 = 5;

/// Counts the changes of runs.
#[derive(Default)]
pub(super) struct Velocity {
    runs: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Told {
    compared: Compared,
}

#[derive(Deserialize)]
struct Compared {
    previous: Option<String>,
    appeared: u64,
    vanished: u64,
    renamed: u64,
    changed: u64,
}

impl Velocity {
    /// A manifest ends a run; one that was compared with nothing says nothing.
    pub(super) fn run(&mut self, seq: u64, record: &Record) {
        let told = record.part(PartName::Result).and_then(|part| serde_json::from_str::<Told>(part.get()).ok());
        let Some(Told { compared }) = told.filter(|told| told.compared.previous.is_some()) else { return };
        let changes = compared.appeared + compared.vanished + compared.renamed + compared.changed;
        self.runs.push((seq, changes));
    }

    pub(super) fn finish(self) -> Option<Finding> {
        let ((seq, now), earlier) = self.runs.split_last()?;
        let recent = &earlier[earlier.len().saturating_sub(RUNS_MAX)..];
        if recent.len() < RUNS_MIN || *now < CHANGES_MIN {
            return None;
        }
        let mut counts: Vec<u64> = recent.iter().map(|(_, changes)| *changes).collect();
        counts.sort_unstable();
        let median = counts[counts.len() / 2];
        if *now < median.saturating_mul(TIMES) {
            return None;
        }
        let message = format!(
            "{now} files changed since the audit before; between the {} audits before that it was {median} at the median",
            recent.len()
        );
        let mut finding = Finding::new(RULE, KIND, Severity::Warning, message, None, &seq.to_string());
        finding.recommendation =
            Some("A branch that was switched, a generated tree or an upgrade explains it; if nothing does, look at what appeared first.".to_owned());
        finding.evidence = vec![(*seq, *seq)];
        finding.metadata.insert("changes".to_owned(), (*now).into());
        finding.metadata.insert("median".to_owned(), median.into());
        Some(finding)
    }
}
