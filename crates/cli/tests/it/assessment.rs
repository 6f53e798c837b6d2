//! What a book supports of catalogues of controls, from the command line to OSCAL.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::fixture::Place;
use crate::peers::tool;

/// What OSCAL's own schema says against a document: nothing where it holds.
fn complaints(document: &str) -> String {
    const CHECK: &str = "\
import json, sys, jsonschema_rs
schema = json.load(open(sys.argv[1]))
check = jsonschema_rs.validator_for(schema)
print([(list(e.instance_path), e.message[:300]) for e in check.iter_errors(json.load(sys.stdin))])";
    let mut python = Command::new(tool("oscal/bin/python"));
    let python = python.args(["-B", "-c", CHECK]).arg(tool("oscal/schema.json"));
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

fn book() -> Place {
    let place = Place::new();
    place.ok(["exec", "--", "true"]);
    place.ok([
        "append",
        "--actor",
        "user:ann",
        "--action",
        "file.read",
        "--target",
        "file:a.txt",
        "--category",
        "file_read",
    ]);
    place
}

fn control<'v>(told: &'v Value, catalogue: &str, control: &str) -> &'v Value {
    let catalogues = told["catalogues"].as_array().unwrap();
    let catalogue = catalogues.iter().find(|it| it["catalogue"] == catalogue).unwrap();
    catalogue["controls"].as_array().unwrap().iter().find(|it| it["control"] == control).unwrap()
}

#[test]
fn controls_are_supported_by_records_and_by_nothing_else() {
    let place = book();
    let told = place.json(["compliance", "--framework", "eu-ai-act,pci-dss"]);
    assert!(told["caveat"].as_str().unwrap().contains("does not say that anything complies"));
    let recorded = control(&told, "eu-ai-act", "art-12-1");
    assert_eq!(recorded["result"], "evidenced", "{recorded}");
    let (first, last) = (
        recorded["needs"][0]["records"][0][0].as_u64().unwrap(),
        recorded["needs"][0]["records"][0][1].as_u64().unwrap(),
    );
    let cited = place.json(["show", &first.to_string()]);
    assert_eq!((cited["leaf"]["phase"].as_str(), first), (Some("intent"), last), "{cited}");
    assert!(!recorded["does_not_prove"].as_str().unwrap().is_empty());
    // Nobody stopped anything, and nothing can show what biometrics were used for.
    assert_eq!(control(&told, "eu-ai-act", "art-14-4-e")["result"], "no evidence");
    assert_eq!(control(&told, "eu-ai-act", "art-12-3")["result"], "not assessed");
    assert_eq!(control(&told, "eu-ai-act", "art-26-6")["result"], "partial", "the book is younger than six months");
    assert_eq!(control(&told, "pci-dss", "r10.2.1.1")["result"], "evidenced");

    place.ok(["stop", "--session", "s1", "--reason", "exercise"]);
    let told = place.json(["compliance", "--framework", "eu-ai-act"]);
    assert_ne!(control(&told, "eu-ai-act", "art-14-4-e")["result"], "no evidence");
    let told = place.json(["compliance", "--framework", "eu-ai-act", "--no-verify"]);
    assert_eq!(control(&told, "eu-ai-act", "art-12-1")["result"], "partial", "nobody verified the book");
    let told = place.json(["compliance", "--framework", "eu-ai-act", "--to", "2020-01-01"]);
    assert_eq!(control(&told, "eu-ai-act", "art-12-1")["result"], "no evidence", "nothing happened then");
}

#[test]
fn an_assessment_is_sealed_and_told_again() {
    let place = book();
    let told = place.json(["compliance", "--framework", "gdpr"]);
    let run = told["run"].as_str().unwrap();
    let sealed = place.json(["query", "--operation", run, "--ascending"]);
    let actions: Vec<&str> =
        sealed["records"].as_array().unwrap().iter().map(|it| it["record"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["audit.run", "trail.observed", "analysis.run", "audit.run"]);
    let fail = place.run(["compliance", "--framework", "gdpr", "--fail-on", "warning"]);
    assert_eq!(fail.code, 1, "{fail:?}");
    let page = place.ok(["compliance", "--framework", "gdpr", "--in-full", "--format", "markdown"]);
    assert!(page.contains("Article 17") && page.contains("does not prove"), "{page}");
    assert!(!page.to_lowercase().contains("compliant"), "{page}");
    let unknown = place.run(["compliance", "--framework", "moon-law"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("unknown_catalogue") && unknown.err.contains("eu-ai-act"), "{}", unknown.err);
    let list = place.json(["compliance", "--list"]);
    assert_eq!(list["catalogues"].as_array().unwrap().len(), 9);
}

#[test]
fn assessment_results_meet_the_official_schema() {
    let place = book();
    let document = place.ok(["compliance", "--framework", "all", "--format", "oscal"]);
    assert_eq!(complaints(&document), "[]", "{document}");
    let told: Value = serde_json::from_str(&document).unwrap();
    let result = &told["assessment-results"]["results"][0];
    assert_eq!(result["reviewed-controls"]["control-selections"].as_array().unwrap().len(), 9);
    let findings = result["findings"].as_array().unwrap();
    let satisfied = findings.iter().find(|it| it["target"]["target-id"] == "eu-ai-act_art-12-1").unwrap();
    assert_eq!(satisfied["target"]["status"]["state"], "satisfied");
    assert!(satisfied["remarks"].as_str().unwrap().contains("Does not prove"));
    let again = place.ok(["report", "--format", "oscal"]);
    assert_eq!(again, document, "a report says what was sealed");
    let broken = document.replacen("\"oscal-version\"", "\"oscal-versions\"", 1);
    assert_ne!(complaints(&broken), "[]", "the schema finds what is wrong");
    let log: Value = serde_json::from_str(&place.ok(["report", "--format", "sarif"])).unwrap();
    let kinds: Vec<&str> =
        log["runs"][0]["results"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert!(["pass", "fail", "open"].iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
}
