//! Advisories in the form of OSV (ossf.github.io/osv-schema), one JSON document each.

use serde::Deserialize;

use super::version::{Affected, Event, Range};
use super::{Advisory, Ecosystem, Package, of_vector, of_word};

#[derive(Deserialize)]
struct OsvRead {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    severity: Vec<SeverityRead>,
    #[serde(default)]
    affected: Vec<AffectedRead>,
    #[serde(default)]
    database_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct SeverityRead {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct AffectedRead {
    #[serde(default)]
    package: Option<PackageRead>,
    #[serde(default)]
    ranges: Vec<RangeRead>,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(default)]
    severity: Vec<SeverityRead>,
    #[serde(default)]
    database_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct PackageRead {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct RangeRead {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<EventRead>,
}

#[derive(Deserialize)]
struct EventRead {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
}

/// An advisory; none where it is of ecosystems that no bill of ours has.
pub(super) fn parse(text: &str) -> Result<Option<Advisory>, String> {
    let read: OsvRead = serde_json::from_str(text).map_err(|cause| cause.to_string())?;
    let mut severity = read.severity.iter().find_map(weight);
    let says = |of: &Option<serde_json::Value>| of.as_ref()?.get("severity")?.as_str().and_then(of_word);
    severity = severity.or_else(|| says(&read.database_specific));
    let is_notice = |of: &AffectedRead| {
        let kind = of.database_specific.as_ref().and_then(|it| it.get("informational")).and_then(|it| it.as_str());
        kind.is_some_and(|kind| matches!(kind, "unmaintained" | "notice"))
    };
    let mut advisory = Advisory {
        id: read.id,
        aliases: read.aliases,
        summary: short(read.summary.as_deref().or(read.details.as_deref()).unwrap_or_default()),
        severity,
        is_withdrawn: read.withdrawn.is_some(),
        is_notice: !read.affected.is_empty() && read.affected.iter().all(is_notice),
        affected: Vec::new(),
    };
    for affected in read.affected {
        advisory.severity = advisory.severity.or_else(|| affected.severity.iter().find_map(weight));
        let Some((package, ecosystem)) = affected.package.and_then(|it| Some((it.name, ecosystem(&it.ecosystem)?)))
        else {
            continue;
        };
        let ranges: Vec<Range> = affected.ranges.into_iter().filter_map(range).collect();
        let fixed = |event: &Event| if let Event::Fixed(version) = event { Some(version.clone()) } else { None };
        let fixed = ranges.iter().flat_map(|range| &range.0).filter_map(fixed).collect();
        let affected = Affected { ranges, versions: affected.versions, fixed, ..Affected::default() };
        advisory.affected.push(Package { ecosystem, name: package, affected });
    }
    Ok((!advisory.affected.is_empty()).then_some(advisory))
}

fn weight(severity: &SeverityRead) -> Option<sealbook_record::Severity> {
    if severity.kind.starts_with("CVSS_V") { of_vector(&severity.score) } else { None }
}

/// Commits are no versions.
fn range(read: RangeRead) -> Option<Range> {
    if read.kind == "GIT" {
        return None;
    }
    let events = read.events.into_iter().filter_map(|event| match event {
        EventRead { introduced: Some(version), .. } => Some(Event::Introduced(version)),
        EventRead { fixed: Some(version), .. } => Some(Event::Fixed(version)),
        EventRead { last_affected: Some(version), .. } => Some(Event::LastAffected(version)),
        _ => None,
    });
    Some(Range(events.collect()))
}

fn ecosystem(name: &str) -> Option<Ecosystem> {
    match name.split(':').next()? {
        "crates.io" => Some(Ecosystem::Cargo),
        "npm" => Some(Ecosystem::Npm),
        "PyPI" => Some(Ecosystem::Pypi),
        "Go" => Some(Ecosystem::Golang),
        "Maven" => Some(Ecosystem::Maven),
        _ => None,
    }
}

/// One line of it.
pub(super) fn short(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(200).collect()
}
