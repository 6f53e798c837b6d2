//! Logs that are not what they were, as the source told of them: once, in the run that saw it.
//!
//! What was sealed of such a log is not what lies there, and no later run can say otherwise, since each goes on from
//! what it found. So it stands: until somebody suppresses it.

use std::collections::{HashMap, HashSet};

use sealbook_ledger::Uuid;
use sealbook_record::{Finding, Record, Severity};

/// All of them are in the book; so many stand at most.
const STANDING: usize = 1_000;

#[derive(Default)]
pub(super) struct Losses {
    /// By the run that saw them: which place that was over, its last record says.
    of_runs: HashMap<Uuid, Vec<Finding>>,
    standing: HashMap<String, Vec<Finding>>,
}

impl Losses {
    pub(super) fn add(&mut self, seq: u64, record: &Record) {
        let Some(run) = record.operation else { return };
        for mut finding in record.findings().unwrap_or_default() {
            finding.evidence = vec![(seq, seq)];
            self.of_runs.entry(run).or_default().push(finding);
        }
    }

    /// The record over a run: what was seen in it was seen of this place.
    pub(super) fn of_run(&mut self, record: &Record) {
        let seen = record.operation.and_then(|run| self.of_runs.remove(&run));
        self.standing.entry(record.target.id.clone()).or_default().extend(seen.into_iter().flatten());
    }

    pub(super) fn finish(mut self, place: &str) -> Vec<Finding> {
        let mut known = HashSet::new();
        let mut standing = self.standing.remove(place).unwrap_or_default();
        standing.retain(|finding| known.insert(finding.id.clone()));
        // The gravest, and of those the newest.
        standing.reverse();
        standing.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let hidden = standing.len().saturating_sub(STANDING);
        standing.truncate(STANDING);
        if hidden > 0 {
            let message = format!("{hidden} further logs are not what they were");
            let mut finding = Finding::new("log.replaced", "tampering", Severity::Warning, message, None, "further");
            finding.recommendation = Some("`sealbook query --action log.lost` lists all of them.".to_owned());
            standing.push(finding);
        }
        standing
    }
}
