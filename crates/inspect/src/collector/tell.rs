//! The run's own records: what it set out to do, what each analyzer saw, and how it ended.

use sealbook_ledger::{Phase, Uuid};
use sealbook_record::{Finding, Outcome, PartName, Record, Severity, Target, TargetKind};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Analysis, Audit, Batch, SourceRun};
use crate::{Analyzer, Coverage, Error, Options, SeqRange, TreePath};

pub(super) const NAME: &str = "collector";
const RUN: &str = "audit.run";
const ANALYSIS: &str = "analysis.run";
/// Bytes of findings in one record; the rest follows in further ones.
const FINDINGS_BYTES: usize = 768 * 1024;

#[derive(Serialize)]
struct Plan<'a> {
    target: TreePath,
    sources: Vec<Part<'a>>,
    analyzers: Vec<Part<'a>>,
    options: &'a Options,
}

#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Ended<'a> {
    complete: bool,
    sources: Vec<SourceEnded<'a>>,
    analyses: Vec<AnalysisEnded<'a>>,
}

#[derive(Serialize)]
struct SourceEnded<'a> {
    source: &'a str,
    outcome: Outcome,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<&'a Coverage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Serialize)]
struct AnalysisEnded<'a> {
    analyzer: &'a str,
    outcome: Outcome,
    records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// What an analyzer read, precisely enough to read it again.
#[derive(Serialize)]
struct Read<'a> {
    analyzer: &'a str,
    version: &'a str,
    rules: &'a [&'a str],
    sources: &'a [&'a str],
    actions: &'a [&'a str],
    project: Option<&'a str>,
    /// Set where the records of this run alone were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    records: u64,
    range: Option<SeqRange>,
    /// Set where it went on from what an earlier run had counted, which this record tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<u64>,
}

#[derive(Serialize)]
struct Failure {
    code: &'static str,
    message: String,
}

impl Failure {
    fn of(error: &Error) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl Batch<'_> {
    pub(super) fn intent(&self) -> Result<Record, Error> {
        let plan = Plan {
            target: self.target(),
            sources: self
                .sources
                .iter()
                .map(|s| s.metadata())
                .map(|m| Part { name: m.name, version: m.version })
                .collect(),
            analyzers: self
                .analyzers
                .iter()
                .map(|a| a.metadata())
                .map(|m| Part { name: m.name, version: m.version })
                .collect(),
            options: &self.request.options,
        };
        let mut record = self.record(RUN);
        record.phase = Phase::Intent;
        record.outcome = None;
        record.parts.insert(PartName::Input, part(RUN, &plan)?);
        Ok(record)
    }

    pub(super) fn outcome(&self, intent: Uuid, audit: &Audit) -> Result<Record, Error> {
        let ended = Ended {
            complete: audit.is_complete(),
            sources: audit.sources.iter().map(source_ended).collect(),
            analyses: audit.analyses.iter().map(analysis_ended).collect(),
        };
        let mut record = self.record(RUN);
        record.phase = Phase::Outcome;
        record.parent = Some(intent);
        record.outcome = Some(if audit.was_cancelled() { Outcome::Cancelled } else { outcome(!audit.has_failed()) });
        if !ended.complete {
            record.severity = Severity::Warning;
        }
        let spent_us = record.occurred.as_micros() - self.request.now.as_micros();
        record.duration_us = u64::try_from(spent_us).ok();
        record.parts.insert(PartName::Result, part(RUN, &ended)?);
        Ok(record)
    }

    /// One `analysis.run` event, or several where the findings do not fit into one.
    pub(super) fn analysis_records(&self, analyzer: &dyn Analyzer, analysis: &Analysis) -> Result<Vec<Record>, Error> {
        let metadata = analyzer.metadata();
        let read = Read {
            analyzer: metadata.name,
            version: metadata.version,
            rules: metadata.rules,
            sources: if analyzer.reads_all() { &[] } else { metadata.sources },
            actions: metadata.actions,
            project: self.request.run.project.as_deref().filter(|_| !analyzer.reads_all()),
            operation: self.only_run(analyzer).map(|run| run.to_string()),
            records: analysis.records,
            range: analysis.range,
            resumed: analysis.resumed,
        };
        let start = || -> Result<Record, Error> {
            let mut record = self.record(ANALYSIS);
            record.outcome = Some(outcome(analysis.result.is_ok()));
            record.parts.insert(PartName::Input, part(ANALYSIS, &read)?);
            Ok(record)
        };
        let findings = match &analysis.result {
            Ok(findings) => findings,
            Err(error) => {
                let mut record = start()?;
                record.severity = Severity::Error;
                record.parts.insert(PartName::Error, part(ANALYSIS, &Failure::of(error))?);
                return Ok(vec![record]);
            }
        };
        let mut records = Vec::new();
        for findings in in_parts(findings)? {
            let mut record = start()?;
            record.severity = findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Info);
            record.set_findings(findings);
            records.push(record);
        }
        Ok(records)
    }

    fn record(&self, action: &'static str) -> Record {
        self.record_of(action, Target { id: self.target().to_string(), kind: TargetKind::Project })
    }

    pub(super) fn record_of(&self, action: &'static str, target: Target) -> Record {
        self.request.event(NAME, action, target, self.request.stamp.now())
    }

    fn target(&self) -> TreePath {
        TreePath::from(&*self.request.target)
    }
}

/// Cuts a list where a part would grow too large; one empty part if there are none.
fn in_parts(findings: &[Finding]) -> Result<Vec<&[Finding]>, Error> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (index, finding) in findings.iter().enumerate() {
        let length = part(ANALYSIS, finding)?.get().len() + 1;
        if bytes + length > FINDINGS_BYTES && index > start {
            parts.push(&findings[start..index]);
            (start, bytes) = (index, 0);
        }
        bytes += length;
    }
    parts.push(&findings[start..]);
    Ok(parts)
}

fn source_ended(run: &SourceRun) -> SourceEnded<'_> {
    SourceEnded {
        source: run.source,
        outcome: outcome(run.result.is_ok()),
        records: run.records,
        complete: run.result.as_ref().ok().map(Coverage::is_complete),
        coverage: run.result.as_ref().ok(),
        error: run.result.as_ref().err().map(Failure::of),
    }
}

fn analysis_ended(analysis: &Analysis) -> AnalysisEnded<'_> {
    AnalysisEnded {
        analyzer: analysis.analyzer,
        outcome: outcome(analysis.result.is_ok()),
        records: analysis.records,
        findings: analysis.result.as_ref().ok().map(Vec::len),
        error: analysis.result.as_ref().err().map(Failure::of),
    }
}

fn outcome(ok: bool) -> Outcome {
    if ok { Outcome::Ok } else { Outcome::Failed }
}

pub(super) fn part(action: &'static str, value: &impl Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|cause| Error::Encoding { action, cause })
}
