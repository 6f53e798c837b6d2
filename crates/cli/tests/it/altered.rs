//! Records that are not what was sealed: told wherever they are met, and never passed over.

use crate::fixture::Place;
use crate::verify::{codes, tamper};

fn place_with_an_altered_statement() -> Place {
    let place = Place::new();
    let line = |n| format!("{{\"action\":\"a\",\"target\":\"t{n}\",\"actor\":\"ann\",\"reason\":\"why {n};\"}}");
    let lines = (1..=20).map(line).collect::<Vec<_>>().join("\n");
    assert_eq!(place.run_with(["import", "-"], lines).code, 0);
    tamper(&place, "why 12;");
    place
}

#[test]
fn an_altered_record_is_named_by_every_answer() {
    let place = place_with_an_altered_statement();
    for question in [
        &["query", "--actor", "ann"][..],
        &["show", "--target", "t12"],
        &["show", "12"],
        &["activity", "ann"],
        &["export"],
    ] {
        let ended = place.run(question);
        assert_eq!(ended.code, 4, "{question:?}: {ended:?}");
        assert!(
            ended.err.contains("error[part_altered]") && ended.err.contains("record 12"),
            "{question:?}: {ended:?}"
        );
        assert!(!ended.out.contains("erased") && !ended.err.contains("erased"), "{question:?}: {ended:?}");
    }
    assert!(place.run(["show", "12"]).out.contains("altered"));
    assert_eq!(place.run(["query", "--target", "t3"]).code, 0, "an answer without it is a whole one");
}

#[test]
fn an_altered_finding_leaves_no_clean_report() {
    let place = Place::new();
    place.write("src/a.rs", "fn main() {}\n");
    crate::fixture::git(&place.project(), &["init", "-q"]);
    crate::fixture::git(&place.project(), &["add", "."]);
    crate::fixture::git(&place.project(), &["commit", "-q", "-m", "x"]);
    place.run(["repo"]);
    let before = place.run(["report", "--format", "json"]);
    assert!(before.out.contains("git.message"), "{before:?}");
    tamper(&place, "\"rule\":\"git.message");
    let ended = place.run(["report", "--no-verify"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.out.contains("cannot be read") && !ended.out.contains("coverage  complete"), "{ended:?}");
}

#[test]
fn a_damaged_first_leaf_is_a_fault_among_others() {
    let place = place_with_an_altered_statement();
    tamper(&place, "\"type\":\"key\"");
    let ended = place.run(["verify", "--format", "json"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    let codes = codes(&ended);
    assert!(codes.contains(&"leaf_altered".to_owned()) || codes.contains(&"leaf_malformed".to_owned()), "{codes:?}");
    assert!(codes.contains(&"part_altered".to_owned()), "all faults are listed: {codes:?}");
}
