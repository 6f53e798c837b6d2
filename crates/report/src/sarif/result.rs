//! One finding as a result.

use std::collections::BTreeMap;

use sealbook_record::{Finding, Location, Severity};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ROOT;

/// The name of our fingerprint; it changes when the way keys are made changes.
const FINGERPRINT: &str = "sealbookKey/v1";
/// Rules whose place is the name of a reference, and no file.
const OF_REFERENCES: [&str; 2] = ["git.ref.", "drift.reference"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Place<'a>>,
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Place<'a> {
    #[serde(untagged)]
    File {
        #[serde(rename = "physicalLocation")]
        physical: Physical,
    },
    #[serde(untagged)]
    Named {
        #[serde(rename = "logicalLocations")]
        logical: [Logical<'a>; 1],
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    fully_qualified_name: &'a str,
    kind: &'static str,
}

/// Somebody said why this is none, or none for now: it stays in the log, and does not count.
#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'a str>,
    properties: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct Properties<'a> {
    severity: Severity,
    kind: &'a str,
    #[serde(skip_serializing_if = "no_items")]
    evidence: &'a [(u64, u64)],
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: &'a Map<String, Value>,
}

fn no_items<T>(items: &&[T]) -> bool {
    items.is_empty()
}

impl<'a> SarifResult<'a> {
    pub(super) fn of(finding: &'a Finding, rule_index: usize) -> Self {
        let kind = kind_of(finding);
        // Section 3.27.10: what is no failure has no level.
        let level = if kind == "fail" { level_of(finding.severity) } else { "none" };
        Self {
            rule_id: &finding.rule,
            rule_index,
            kind,
            level,
            message: Message { text: &finding.message },
            locations: finding.location.iter().filter_map(|location| Place::of(&finding.rule, location)).collect(),
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, &*finding.id)]),
            suppressions: Suppression::of(finding).into_iter().collect(),
            properties: Properties {
                severity: finding.severity,
                kind: &finding.kind,
                evidence: &finding.evidence,
                recommendation: finding.recommendation.as_deref(),
                metadata: &finding.metadata,
            },
        }
    }
}

/// What an assessment says of a control is not always a failure.
fn kind_of(finding: &Finding) -> &'static str {
    let result = finding.metadata.get("result").and_then(Value::as_str).filter(|_| finding.kind == "control");
    match result {
        Some("evidenced") => "pass",
        Some("not assessed") => "open",
        _ => "fail",
    }
}

fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Debug | Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error | Severity::Critical => "error",
    }
}

impl<'a> Place<'a> {
    fn of(rule: &str, location: &'a Location) -> Option<Self> {
        if location.path.is_empty() {
            return None;
        }
        if OF_REFERENCES.iter().any(|of| rule.starts_with(of)) {
            let name = Logical { fully_qualified_name: &location.path, kind: "reference" };
            return Some(Self::Named { logical: [name] });
        }
        let region = |line| Region { start_line: line, start_column: location.column.filter(|column| *column > 0) };
        Some(Self::File {
            physical: Physical {
                artifact_location: Artifact { uri: uri_of(&location.path), uri_base_id: ROOT },
                region: location.line.filter(|line| *line > 0).map(region),
            },
        })
    }
}

impl<'a> Suppression<'a> {
    fn of(finding: &'a Finding) -> Option<Self> {
        let properties = finding.metadata.get("suppressed")?.as_object()?;
        let justification = properties.get("reason").and_then(Value::as_str);
        Some(Self { kind: "external", status: "accepted", justification, properties })
    }
}

/// A path as a relative reference (RFC 3986): everything but unreserved characters and `/` is escaped, and what
/// lies at the root is no absolute path.
fn uri_of(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            byte => {
                uri.push('%');
                for digit in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(u32::from(digit), 16).expect("four bits are a digit");
                    uri.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri_of("src/a b#1%.rs"), "src/a%20b%231%25.rs");
        assert_eq!(uri_of("ö/x:y?"), "%C3%B6/x%3Ay%3F");
        assert_eq!(uri_of("/etc/passwd"), "etc/passwd");
    }
}
