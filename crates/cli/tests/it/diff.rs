//! Baselines that are saved, and what differs from them.

use std::os::unix::fs::PermissionsExt as _;

use crate::fixture::{Place, git};

fn audited() -> Place {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet", "--initial-branch=main"]);
    for name in ["a.txt", "b.txt", "tool.sh"] {
        place.write(name, name);
    }
    git(&place.project(), &["add", "--all"]);
    git(&place.project(), &["commit", "--quiet", "--message", "Begin"]);
    place.ok(["repo", "--actor", "ann"]);
    place
}

fn change(place: &Place) {
    place.write("a.txt", "other");
    std::fs::remove_file(place.project().join("b.txt")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o4755);
    std::fs::set_permissions(place.project().join("tool.sh"), mode).unwrap();
    git(&place.project(), &["branch", "side"]);
}

#[test]
fn what_differs_from_a_baseline_is_shown() {
    let place = audited();
    let saved = place.json(["baseline", "save", "first"]);
    assert_eq!(
        (saved["file"].as_str().unwrap(), saved["name"].as_str().unwrap()),
        (".audit/baseline-first.json", "first")
    );
    assert!(saved["seq"].is_u64() && saved["entries"].as_u64() > Some(3) && saved["references"].as_u64() > Some(0));
    let list = place.json(["baseline", "list"]);
    assert_eq!(list["baselines"][0]["sha256"], saved["sha256"]);

    change(&place);
    place.ok(["repo"]);
    for given in ["first", ".audit/baseline-first.json"] {
        let told = place.json(["diff", "--baseline", given]);
        let files = told["difference"]["files"].as_array().unwrap();
        let seen: Vec<_> = files
            .iter()
            .map(|file| format!("{} {}", file["change"].as_str().unwrap(), file["path"].as_str().unwrap()))
            .collect();
        assert_eq!(
            seen,
            [
                "appeared .audit",
                "appeared .audit/baseline-first.json",
                "changed a.txt",
                "vanished b.txt",
                "changed tool.sh"
            ]
        );
        assert_eq!(told["difference"]["references"][0]["name"], "refs/heads/side");
        assert!(told["drift"].is_null() && told["doubt"].is_null());
    }
    let told = place.json(["diff", "--baseline", "first"])["to"].as_str().unwrap().to_owned();
    let began = place.json(["query", "--action", "file.manifest", "--limit", "1"]);
    let at = began["records"][0]["record"]["occurred"].as_str().unwrap().to_owned();
    assert!(told.contains(&at) && told.contains("what changed after it, it does not see"), "{at}: {told}");
    let text = place.ok(["diff", "--baseline", "first", "--show-drift"]);
    assert!(text.contains("drift.permission") && text.contains("setuid"), "{text}");
    assert_eq!(place.run(["diff", "--baseline", "first", "--show-drift", "--fail-on", "error"]).code, 1);
    place.ok(["verify"]);
}

#[test]
fn an_audit_compares_with_a_baseline_and_seals_what_it_found() {
    let place = audited();
    place.ok(["baseline", "save", "first"]);
    change(&place);
    place.ok(["repo"]);
    let told = place.json(["repo", "--baseline", "first"]);
    let findings = told["run"]["findings"].as_array().unwrap();
    let rules: Vec<_> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"drift.baseline") && rules.contains(&"drift.permission"), "{rules:?}");
    // It is found in the book again.
    let again = place.json(["report"]);
    assert_eq!(again["run"]["findings"].as_array().unwrap().len(), findings.len());
}

#[test]
fn two_times_are_compared() {
    let place = audited();
    let runs = place.json(["query", "--action", "audit.run", "--phase", "outcome"]);
    let first = runs["records"][0]["record"]["occurred"].as_str().unwrap().to_owned();
    change(&place);
    place.ok(["repo"]);
    let told = place.json(["diff", "--from", &first]);
    assert_eq!(told["difference"]["files"].as_array().unwrap().len(), 3);
    assert!(
        place.json(["diff", "--from", &first, "--to", &first])["difference"]["files"].as_array().unwrap().is_empty()
    );
    let early = place.run(["diff", "--from", "2001-01-01"]);
    assert_eq!(early.code, 2);
    assert!(early.err.contains("nothing of this project was audited until"), "{early:?}");
    let turned = place.run(["diff", "--from", "2024-02-01", "--to", "2024-01-01"]);
    assert!(turned.err.contains("--to lies before --from"), "{turned:?}");
}

#[test]
fn a_baseline_that_was_edited_is_told() {
    let place = audited();
    place.ok(["baseline", "save", "first"]);
    let path = place.project().join(".audit/baseline-first.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("a.txt", "A.txt", 1)).unwrap();
    let told = place.json(["diff", "--baseline", "first"]);
    assert!(told["doubt"].as_str().unwrap().contains("edited"), "{told}");
    assert!(place.run(["repo", "--baseline", "first"]).err.contains("edited since"));
    let shown = place.ok(["baseline", "show", "first"]);
    assert!(shown.contains("does not know who made it"), "{shown}");

    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    let broken = place.run(["diff", "--baseline", "first"]);
    assert_eq!(broken.code, 2);
    assert!(broken.err.contains("baseline_invalid") || broken.err.contains("it ends before it is whole"), "{broken:?}");
}

#[test]
fn nothing_is_written_over() {
    let place = audited();
    place.ok(["baseline", "save", "first"]);
    let again = place.run(["baseline", "save", "first"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("is there already"), "{again:?}");
    for name in ["../x", "a/b", ".hidden", "", "a b"] {
        assert_eq!(place.run(["baseline", "save", name]).code, 2, "{name}");
    }
    assert_eq!(place.json(["baseline", "list"])["baselines"].as_array().unwrap().len(), 1);
    let nothing = Place::new();
    assert!(nothing.run(["baseline", "save"]).err.contains("nothing was audited"));
}
