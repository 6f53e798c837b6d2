//! Findings for other programs: SARIF logs of real audits, held to the schema and the rules of its authors.

use std::process::Command;

use serde_json::Value;

use crate::fixture::{Place, git};
use crate::peers::tool;

/// What SARIF's own validator says against a log: nothing where it holds.
fn complaints(log: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("it.sarif");
    std::fs::write(&path, log).unwrap();
    let program = tool("sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool");
    let told = Command::new(program)
        .arg("validate")
        .arg(&path)
        .env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("1 files scanned"), "the validator did not run: {text}");
    text.lines().filter(|line| line.contains(": error ")).map(str::to_owned).collect()
}

fn shop() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.2.0\"\n[dependencies]\nitoa = \"1\"\n");
    place.write("src/a b#1.rs", "pub fn a(b: bool) -> u8 {\n    if b { 1 } else { 2 }\n}\n");
    git(&place.project(), &["add", "-A"]);
    git(&place.project(), &["commit", "--quiet", "-m", "wip"]);
    place
}

fn log_of(place: &Place, arguments: &[&str]) -> (Value, String) {
    let text = place.run(arguments).out;
    let log: Value = serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{arguments:?}: {cause}: {text}"));
    (log, text)
}

#[test]
fn findings_of_audits_queries_and_reports_meet_the_official_schema() {
    let place = shop();
    let (log, text) = log_of(&place, &["repo", "--sources", "git,file,module", "--format", "sarif"]);
    assert_eq!(complaints(&text), [""; 0], "{text}");
    let run = &log["runs"][0];
    let result = run["results"].as_array().unwrap().iter().find(|it| it["ruleId"] == "module.dependency.unlocked");
    let result = result.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "Cargo.toml");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);

    let (again, text) = log_of(&place, &["report", "--format", "sarif"]);
    assert_eq!(complaints(&text), [""; 0], "{text}");
    assert_eq!(again["runs"][0]["results"], run["results"], "a report says what was sealed");
    let (found, text) = log_of(&place, &["query", "--action", "analysis.run", "--format", "sarif"]);
    assert_eq!(complaints(&text), [""; 0], "{text}");
    let keys = |log: &Value| -> Vec<String> {
        let results = log["runs"][0]["results"].as_array().unwrap();
        let key = |it: &Value| it["partialFingerprints"]["sealbookKey/v1"].as_str().unwrap().to_owned();
        let mut keys: Vec<String> = results.iter().map(key).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&found), keys(&again));
    let audit = place.json(["report"]);
    let mut ids: Vec<&str> =
        audit["run"]["findings"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(keys(&again), ids, "fingerprints are the keys of the findings");
    let broken = text.replacen("\"ruleId\"", "\"ruleName\"", 1);
    assert_ne!(complaints(&broken), [""; 0], "the validator finds what is wrong");
}

#[test]
fn what_was_not_read_makes_the_invocation_no_success() {
    let place = shop();
    place.write("src/odd.rs", "fn (((\n");
    let ended = place.run(["repo", "--sources", "module", "--format", "sarif"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(complaints(&ended.out), [""; 0], "{}", ended.out);
    let log: Value = serde_json::from_str(&ended.out).unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = invocation["toolExecutionNotifications"].as_array().unwrap();
    let is_named = |it: &Value| it["message"]["text"].as_str().unwrap().contains("src/odd.rs");
    assert!(told.iter().any(|it| it["descriptor"]["id"] == "coverage.not_parsed" && is_named(it)), "{invocation}");
}

#[test]
fn only_what_has_findings_writes_a_log() {
    let place = shop();
    for (command, format) in [(&["verify"][..], "sarif"), (&["compliance"], "sarif"), (&["repo"], "oscal")] {
        let ended = place.run(command.iter().copied().chain(["--format", format]));
        assert_eq!(ended.code, 2, "{command:?}: {ended:?}");
        assert!(ended.err.contains("choose another --format"), "{command:?}: {}", ended.err);
    }
    place.ok(["repo", "--output", "told.sarif"]);
    let told = std::fs::read_to_string(place.project().join("told.sarif")).unwrap();
    assert!(told.contains("\"version\": \"2.1.0\""), "the ending says the format: {told}");
}
