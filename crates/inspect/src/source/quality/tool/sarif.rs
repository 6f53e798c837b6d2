//! SARIF 2.1.0 (OASIS), as any tool writes it.

use sealbook_record::Severity;
use serde::Deserialize;

use super::{Report, Said};

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    /// Missing or null where the tool did not look (SARIF 3.14.23).
    #[serde(default)]
    results: Option<Vec<Told>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    location: Option<Place>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
    #[serde(default)]
    extensions: Vec<Driver>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: String,
    #[serde(default)]
    semantic_version: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    default_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(default)]
    exit_code: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    rule_index: Option<usize>,
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    suppressions: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    #[serde(default)]
    artifact_location: Option<Place>,
    #[serde(default)]
    region: Option<Region>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    index: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    #[serde(default)]
    start_line: Option<u64>,
    #[serde(default)]
    end_line: Option<u64>,
    #[serde(default)]
    start_column: Option<u64>,
}

/// Each run in a file, under the name of its tool.
pub(in crate::source::quality) fn read(text: &str) -> Result<Vec<(String, Report)>, String> {
    let log: Log = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("it is no SARIF, at line {} column {}", error.line(), error.column()))?;
    if !log.version.starts_with("2.") {
        return Err("it is SARIF of another version than 2.1.0".to_owned());
    }
    Ok(log.runs.into_iter().map(of_run).collect())
}

fn of_run(run: Run) -> (String, Report) {
    let driver = run.tool.driver;
    let name: String = driver.name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
    let own_rules = driver.rules.unwrap_or_default();
    let extended: Vec<Rule> = run.tool.extensions.into_iter().flat_map(|it| it.rules.unwrap_or_default()).collect();
    let mut report = Report {
        version: driver.semantic_version.or(driver.version).unwrap_or_default(),
        exit: run.invocations.first().and_then(|it| it.exit_code),
        ..Report::default()
    };
    // Many tools list only the rules that were broken: none says nothing of how many were loaded.
    let rules = own_rules.len() + extended.len();
    report.rules = (rules > 0).then_some(rules as u64);
    report.files = (!run.artifacts.is_empty()).then_some(run.artifacts.len() as u64);
    if run.invocations.iter().any(|it| !it.execution_successful) || run.results.is_none() {
        report.unread.push((".".to_owned(), "tool_crashed", None));
    }
    for told in run.results.unwrap_or_default() {
        // Suppressed, or a pass and not a failure (SARIF 3.27.9).
        if !told.suppressions.is_empty()
            || told.kind.as_deref().is_some_and(|kind| !matches!(kind, "fail" | "review" | "open"))
        {
            continue;
        }
        let by_index = told.rule_index.and_then(|at| own_rules.get(at));
        let id = told.rule_id.or_else(|| by_index.map(|rule| rule.id.clone())).unwrap_or_else(|| "unnamed".to_owned());
        let rule = by_index.or_else(|| own_rules.iter().chain(&extended).find(|rule| rule.id == id));
        let usual = rule.and_then(|rule| rule.default_configuration.as_ref()?.level.as_deref());
        let severity = match told.level.as_deref().or(usual).unwrap_or("warning") {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Info,
        };
        let physical = told.locations.into_iter().find_map(|location| location.physical_location);
        let (place, region) = physical.map_or((None, None), |it| (it.artifact_location, it.region));
        let of_artifact = |at: usize| run.artifacts.get(at)?.location.as_ref()?.uri.clone();
        let path = place.and_then(|place| place.uri.or_else(|| of_artifact(place.index?))).unwrap_or_default();
        report.said.push(Said {
            rule: format!("{name}.{id}"),
            severity,
            message: told.message.text.or(told.message.id).unwrap_or_default(),
            path: unescaped(path.strip_prefix("file://").unwrap_or(&path)),
            line: region.as_ref().and_then(|region| region.start_line),
            line_end: region.as_ref().and_then(|region| region.end_line),
            column: region.as_ref().and_then(|region| region.start_column),
        });
    }
    (name, report)
}

/// A path out of an address (RFC 3986).
fn unescaped(uri: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), uri.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        if let (b'%', Some(byte)) = (first, hex) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_with_the_level_of_their_rule() {
        let text = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"My Tool","version":"1.2","rules":[{"id":"A",
            "defaultConfiguration":{"level":"error"}}]}},"artifacts":[{"location":{"uri":"src/b%20c.py"}}],"results":[
            {"ruleIndex":0,"message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"index":0},
            "region":{"startLine":3}}}]},{"ruleId":"A","message":{"text":"s"},"suppressions":[{"kind":"inSource"}]},
            {"ruleId":"B","level":"note","kind":"pass","message":{"text":"p"}}]}]}"#;
        let (name, report) = read(text).unwrap().remove(0);
        assert_eq!((name.as_str(), report.version.as_str(), report.rules), ("my-tool", "1.2", Some(1)));
        assert_eq!(report.said.len(), 1);
        assert_eq!((&*report.said[0].path, report.said[0].severity), ("src/b c.py", Severity::Error));
        assert!(report.unread.is_empty());
        let failed = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[],
            "invocations":[{"executionSuccessful":false,"exitCode":3}]}]}"#;
        let report = read(failed).unwrap().remove(0).1;
        assert_eq!((report.exit, report.unread.len()), (Some(3), 1));
        assert!(read("{\"version\":\"1.0.0\",\"runs\":[]}").is_err() && read("[]").is_err());
    }
}
