//! The trail itself as a source: what is known of a book that no single record of it says.
//!
//! It is in no registry, for nobody can ask for it by name: whoever opened the book measures it and hands the facts
//! in. Sealed as a record of the run, they are what an assessment rests on, and anyone can measure them again.

use sealbook_policy::Raw;
use sealbook_record::{Finding, PartName, Severity, Target, TargetKind, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use super::{Request, Source, SourceMetadata};
use crate::{Coverage, Error, Prior, Progress, Sink};

const NAME: &str = "trail";
/// The action of its record.
pub(crate) const ACTION: &str = "trail.observed";
/// So many findings are listed in its record; all are counted.
const FINDINGS_MAX: usize = 500;

/// What was measured of a book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailFacts {
    /// Records of the book when it was measured.
    pub size: u64,
    /// The root over them.
    pub root: String,
    /// Whether everything that was verified is intact; none where nobody verified.
    pub verified: Option<bool>,
    /// How many faults verification found.
    pub faults: u64,
    /// Whether a head is kept outside the book, and fits it.
    pub head_outside: bool,
    /// When the first record was sealed.
    pub first_sealed: Option<Timestamp>,
    /// When the last record was sealed.
    pub last_sealed: Option<Timestamp>,
    /// Announcements without an outcome.
    pub open_intents: u64,
    /// Outcomes that nobody announced.
    pub outcomes_alone: u64,
    /// Times at which the clock stepped back.
    pub clock_steps: u64,
    /// Times in which a gate could not write.
    pub capture_gaps: u64,
    /// Stretches of an actor's own numbers that are not there.
    pub missing_numbers: u64,
    /// Calls that one way in saw and another should have seen.
    pub seen_once: u64,
    /// Audits that did not read everything.
    pub incomplete_audits: u64,
    /// Ledgers before this one that are not beside it.
    pub missing_ledgers: u64,
    /// Alerts that nobody has resolved.
    pub alerts_unresolved: u64,
    /// Records of which a value was taken out before they were sealed: how many, the first and the last.
    pub redacted: Seen,
    /// Erasures of content.
    pub erasures: Seen,
    /// Keys that were added, retired or revoked.
    pub key_events: Seen,
}

/// Records of one sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How many.
    pub count: u64,
    /// The first and the last.
    pub range: Option<(u64, u64)>,
}

impl Seen {
    /// One more, at that place.
    pub fn push(&mut self, seq: u64) {
        self.count += 1;
        let (first, _) = self.range.unwrap_or((seq, seq));
        self.range = Some((first, seq));
    }
}

impl TrailFacts {
    /// Whether the story that the book tells has no gap that is known of.
    pub fn gaps(&self) -> u64 {
        self.open_intents
            + self.outcomes_alone
            + self.capture_gaps
            + self.missing_numbers
            + self.seen_once
            + self.incomplete_audits
            + self.missing_ledgers
    }
}

/// A book that was measured.
#[derive(Debug)]
pub struct TrailSource {
    /// What was measured.
    pub facts: TrailFacts,
    /// The gaps, one by one.
    pub gaps: Vec<Finding>,
}

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "The book itself: whether it is intact, what is missing from it, what was erased",
    version: "1",
    kinds: &[TargetKind::Ledger],
    actions: &[ACTION],
    options: &[],
};

impl Source for TrailSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn collect(
        &self,
        request: &Request<'_>,
        _prior: &dyn Prior,
        sink: &mut dyn Sink,
        _progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let target = Target::new(TargetKind::Ledger, &self.facts.root);
        let mut record = request.event(NAME, ACTION, target, request.stamp.now());
        let facts = to_raw_value(&self.facts).map_err(|cause| Error::Encoding { action: ACTION, cause })?;
        record.parts.insert(PartName::Result, facts);
        let listed = &self.gaps[..self.gaps.len().min(FINDINGS_MAX)];
        record.severity = listed.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
        if !listed.is_empty() {
            record.set_findings(listed);
        }
        sink.record(Raw::new(record))?;
        let mut coverage = Coverage { covered: self.facts.size, ..Coverage::default() };
        if self.facts.verified.is_none() {
            coverage.notes.push("the book was not verified: what rests on its seal is partial at best".to_owned());
        }
        if self.gaps.len() > FINDINGS_MAX {
            let more = self.gaps.len() - FINDINGS_MAX;
            coverage.notes.push(format!("{more} further gaps are counted and not listed; `sealbook gaps` lists all"));
        }
        Ok(coverage)
    }
}
