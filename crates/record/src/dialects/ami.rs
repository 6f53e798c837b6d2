//! Audit trail: `record_id, record_hash, timestamp, actor, action, target, target_type, source, reason,
//! context, metadata, previous_hash, nonce, signatures, findings, violations, severity, classification, status`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Category, Classification, Error, Finding, Location, PartName, Record, Severity, Status, Target, TargetKind,
    Violation,
};

use super::entry::{Entry, Shape, actor_named, python_time};
use super::own_metadata;

pub(super) fn read(entry: &Entry<'_>, record: &mut Record) -> Result<(), Error> {
    if let Some(id) = entry.id("record_id")? {
        record.id = id;
    }
    if let Some(time) = entry.time("timestamp")? {
        record.occurred = time;
    }
    if let Some(actor) = entry.filled("actor")? {
        record.actor = actor_named(&actor);
    }
    if let Some(action) = entry.filled("action")? {
        record.action = action;
    }
    record.category = Category::Audit;
    let kind = entry.word("target_type")?.unwrap_or(TargetKind::Other);
    record.target = Target::new(kind, entry.filled("target")?.unwrap_or_else(|| record.target.id.clone()));
    if let Some(source) = entry.filled("source")? {
        record.source = source;
    }
    record.reason = entry.text("reason")?;
    record.severity = entry.word("severity")?.unwrap_or(Severity::Info);
    record.classification = entry.word("classification")?.unwrap_or(Classification::Internal);
    entry.word::<Status>("status")?;
    entry.plain_part(record, PartName::Context, "context");
    entry.plain_part(record, PartName::Metadata, "metadata");
    // What does not fit our shape of a finding is kept as it came, beside the record.
    if let Some(findings) = read_list::<AmiFinding>(entry, "findings") {
        record.set_findings(&findings.into_iter().map(Finding::from).collect::<Vec<_>>());
    }
    if let Some(violations) = read_list::<AmiViolation>(entry, "violations") {
        record.set_violations(&violations.into_iter().map(Violation::from).collect::<Vec<_>>());
    }
    Ok(())
}

fn read_list<T: for<'de> Deserialize<'de>>(entry: &Entry<'_>, name: &str) -> Option<Vec<T>> {
    serde_json::from_str(entry.raw(name)?.get()).ok().filter(|list: &Vec<T>| !list.is_empty())
}

pub(super) fn write(record: &Record, shape: &mut Shape) {
    shape.text("record_id", &record.id.to_string());
    shape.text("timestamp", &python_time(record.occurred));
    shape.text("actor", &record.actor.id);
    shape.text("action", &record.action);
    shape.text("target", &record.target.id);
    shape.text("target_type", target_type(record.target.kind));
    shape.text("source", &record.source);
    shape.optional("reason", record.reason.as_deref());
    shape.part("context", record, PartName::Context, "{}");
    shape.raw("metadata", own_metadata(record).unwrap_or("{}"));
    shape.raw("nonce", "0");
    shape.raw("signatures", "[]");
    let findings = record.findings().unwrap_or_default().into_iter().map(AmiFinding::from).collect::<Vec<_>>();
    shape.raw("findings", serde_json::to_string(&findings).expect("findings have text keys only"));
    let violations = record.violations().unwrap_or_default().into_iter().map(AmiViolation::from).collect::<Vec<_>>();
    shape.raw("violations", serde_json::to_string(&violations).expect("violations have text keys only"));
    shape.text("severity", record.severity.as_str());
    shape.text("classification", record.classification.as_str());
    shape.text("status", Status::Recorded.as_str());
}

/// The nearest of their six.
fn target_type(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::File
        | TargetKind::Module
        | TargetKind::Service
        | TargetKind::Log
        | TargetKind::Git
        | TargetKind::Quality => kind.as_str(),
        TargetKind::Project => "module",
        TargetKind::Ledger | TargetKind::Record => "log",
        _ => "service",
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmiFinding {
    finding_id: String,
    finding_type: String,
    severity: Severity,
    description: String,
    location: Option<String>,
    recommendation: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
}

impl From<AmiFinding> for Finding {
    fn from(theirs: AmiFinding) -> Self {
        Self {
            id: theirs.finding_id,
            rule: theirs.finding_type.clone(),
            kind: theirs.finding_type,
            severity: theirs.severity,
            message: theirs.description,
            location: theirs.location.as_deref().map(read_location),
            recommendation: theirs.recommendation,
            evidence: Vec::new(),
            metadata: theirs.metadata,
            content: String::new(),
        }
    }
}

impl From<Finding> for AmiFinding {
    fn from(ours: Finding) -> Self {
        Self {
            finding_id: ours.id,
            finding_type: ours.kind,
            severity: ours.severity,
            description: ours.message,
            location: ours.location.as_ref().map(write_location),
            recommendation: ours.recommendation,
            metadata: ours.metadata,
        }
    }
}

/// `path`, `path:line` or `path:line:column`.
fn read_location(text: &str) -> Location {
    let mut location = Location::of(text);
    for _ in 0..2 {
        let Some((path, number)) = location.path.rsplit_once(':') else { break };
        let Some(number) = number.parse().ok().filter(|parsed: &u64| parsed.to_string() == number) else { break };
        location = Location { path: path.to_owned(), line: Some(number), column: location.line };
    }
    location
}

fn write_location(location: &Location) -> String {
    let mut text = location.path.clone();
    for number in [location.line, location.column].into_iter().flatten() {
        text.push(':');
        text.push_str(&number.to_string());
    }
    text
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AmiViolation {
    violation_id: String,
    rule: String,
    severity: Severity,
    message: String,
    file_path: Option<String>,
    line_number: Option<u64>,
    column_number: Option<u64>,
}

impl From<AmiViolation> for Violation {
    fn from(theirs: AmiViolation) -> Self {
        let location =
            theirs.file_path.map(|path| Location { path, line: theirs.line_number, column: theirs.column_number });
        Self {
            id: theirs.violation_id,
            rule: theirs.rule,
            severity: theirs.severity,
            message: theirs.message,
            location,
        }
    }
}

impl From<Violation> for AmiViolation {
    fn from(ours: Violation) -> Self {
        let (path, line, column) =
            ours.location.map_or((None, None, None), |location| (Some(location.path), location.line, location.column));
        Self {
            violation_id: ours.id,
            rule: ours.rule,
            severity: ours.severity,
            message: ours.message,
            file_path: path,
            line_number: line,
            column_number: column,
        }
    }
}
