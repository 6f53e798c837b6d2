//! Reading a run back from its sealed records.

use std::collections::BTreeMap;

use sealbook_inspect::TreePath;
use sealbook_ledger::{Phase, Uuid};
use sealbook_record::{Finding, PartName, Record, Timestamp};
use sealbook_store::Stored;
use serde::{Deserialize, Serialize};

/// The action of a run's intent and outcome.
const RUN: &str = "audit.run";
/// The action of what an analyzer saw.
const ANALYSIS: &str = "analysis.run";

/// One audit, as its records tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditRun {
    /// The operation.
    #[serde(serialize_with = "as_text")]
    pub run: Uuid,
    /// What was audited.
    pub target: String,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none where it did not.
    pub ended: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: Option<u64>,
    /// Whether everything that should have been read was read, and can still be read back.
    pub complete: bool,
    /// What each source read.
    pub sources: Vec<SourceRun>,
    /// What each analyzer read.
    pub analyses: Vec<AnalysisRun>,
    /// Everything found.
    pub findings: Vec<Finding>,
    /// Records of the run whose content is gone or cannot be read.
    pub unreadable: Vec<u64>,
}

/// What one source read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRun {
    /// Its name.
    pub source: String,
    /// Records it gave.
    pub records: u64,
    /// What it covered; none where it failed.
    pub coverage: Option<SourceCoverage>,
    /// Why it failed.
    pub error: Option<Failure>,
}

/// What one source covered, and what not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceCoverage {
    /// Units read in full: files, commits.
    pub covered: u64,
    /// Bytes of content read.
    pub bytes: u64,
    /// Left out because somebody asked for it.
    pub ignored: u64,
    /// What was left out on purpose, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
    /// What should have been read and was not; the first of them.
    pub skipped: Vec<SkippedPath>,
    /// How many were skipped in all, by reason.
    pub skipped_by_reason: BTreeMap<String, u64>,
    /// What a reader must know to weigh the result.
    pub notes: Vec<String>,
}

/// Something that should have been read and was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SkippedPath {
    /// What; bytes that are not UTF-8 as `\xNN`.
    #[serde(deserialize_with = "path_text")]
    pub path: String,
    /// Why.
    pub why: String,
    /// More about it.
    pub detail: Option<String>,
}

/// What one analyzer read and how much it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnalysisRun {
    /// Its name.
    pub analyzer: String,
    /// Records it read.
    pub records: u64,
    /// Rules it held; "nothing found" with none is not clean.
    #[serde(default)]
    pub rules: u64,
    /// Findings; none where it failed.
    pub findings: Option<u64>,
    /// Why it failed.
    pub error: Option<Failure>,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The stable code.
    pub code: String,
    /// What it said.
    pub message: String,
}

/// The part `result` of a run's outcome.
#[derive(Deserialize)]
struct Ended {
    complete: bool,
    sources: Vec<SourceRun>,
    analyses: Vec<AnalysisRun>,
}

/// What is needed of the part `input` of an analysis.
#[derive(Deserialize)]
struct Read {
    analyzer: String,
    rules: Vec<String>,
}

impl SourceCoverage {
    /// How many things were skipped.
    pub fn skipped_total(&self) -> u64 {
        self.skipped_by_reason.values().sum()
    }
}

impl AuditRun {
    /// Puts a run together from the records of its operation; only those whose action is
    /// `audit.run` or `analysis.run` are looked at. `None` where none of them begins or ends a run.
    ///
    /// What was erased or altered since does not stop it: the run is then incomplete, and says why.
    pub fn of(records: &[Stored]) -> Option<Self> {
        let mut run: Option<Self> = None;
        let mut findings = Vec::new();
        let mut rules: BTreeMap<String, u64> = BTreeMap::new();
        let mut unreadable = Vec::new();
        for stored in records {
            let Some(record) = &stored.record else {
                unreadable.push(stored.seq);
                continue;
            };
            match record.action.as_str() {
                RUN => {
                    let run = run.get_or_insert_with(|| Self::begun(record));
                    if record.phase == Phase::Outcome && !run.end(record) {
                        unreadable.push(stored.seq);
                    }
                }
                ANALYSIS => match (record.findings(), stored.altered.is_empty() && stored.erased.is_empty()) {
                    (Ok(found), true) => findings.extend(found),
                    _ => unreadable.push(stored.seq),
                },
                _ => {}
            }
            if let Some(read) = part::<Read>(record, PartName::Input) {
                rules.insert(read.analyzer, read.rules.len() as u64);
            }
        }
        let mut run = run?;
        run.findings = findings;
        run.complete &= unreadable.is_empty();
        run.unreadable = unreadable;
        for analysis in &mut run.analyses {
            analysis.rules = rules.get(&analysis.analyzer).copied().unwrap_or(0);
        }
        Some(run)
    }

    fn begun(record: &Record) -> Self {
        Self {
            run: record.operation.unwrap_or(record.id),
            target: record.target.id.clone(),
            actor: record.actor.id.clone(),
            began: record.occurred,
            ended: None,
            duration_us: None,
            complete: false,
            sources: Vec::new(),
            analyses: Vec::new(),
            findings: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    /// Takes up the outcome; false where its result cannot be read.
    fn end(&mut self, record: &Record) -> bool {
        self.ended = Some(record.occurred);
        self.duration_us = record.duration_us;
        let Some(ended) = part::<Ended>(record, PartName::Result) else {
            return false;
        };
        self.complete = ended.complete;
        self.sources = ended.sources;
        self.analyses = ended.analyses;
        true
    }
}

fn part<'a, T: Deserialize<'a>>(record: &'a Record, name: PartName) -> Option<T> {
    serde_json::from_str(record.part(name)?.get()).ok()
}

fn as_text<S: serde::Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn path_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    TreePath::deserialize(deserializer).map(|path| path.to_string())
}
