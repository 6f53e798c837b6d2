//! Commands as the older programs wrote them, and the words that differed between them.

use std::process::Command;

use serde_json::Value;

use crate::fixture::{Place, git};

#[test]
fn older_spellings_are_read() {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("a.txt", "one");
    place.write("logs/app.log", "{\"level\":\"error\",\"msg\":\"boom\",\"time\":\"2026-01-01T00:00:00Z\"}\n");
    git(&place.project(), &["add", "-A"]);
    git(&place.project(), &["commit", "--quiet", "-m", "Begin"]);
    place.ok(["repo", "--sources=git,file"]);
    let runs = |arguments: &[&str]| place.json(arguments)["records"].as_array().unwrap().len();
    assert_eq!(
        runs(&["query", "--user=root", "--action=audit.run"]),
        runs(&["query", "--actor=root", "--action=audit.run"])
    );
    assert_eq!(runs(&["query", "--severity=HIGH"]), runs(&["query", "--severity=error"]));
    // Format and file are options of every command, before it and after it.
    for arguments in [
        ["--format=json", "--output=a.json", "query", "--limit=1"],
        ["query", "--limit=1", "--output=a.json", "--format=json"],
    ] {
        place.ok(arguments);
        let told = std::fs::read_to_string(place.project().join("a.json")).unwrap();
        assert!(serde_json::from_str::<Value>(&told).unwrap()["records"].is_array(), "{told}");
        std::fs::remove_file(place.project().join("a.json")).unwrap();
    }
    assert_eq!(place.run(["log", "--dir", "logs", "--fail-on", "never"]).code, 0);
    let ended = place.run(["logs", "--dir=logs", "--level=ERROR"]);
    assert!(matches!(ended.code, 0 | 1 | 3), "{ended:?}");
    place.ok(["verify", "--chain", "--signatures"]);
    for sources in ["service", "services", "log", "logs"] {
        let ended = place.run(["repo", &format!("--sources={sources}")]);
        assert!(matches!(ended.code, 0 | 1 | 3), "{sources}: {ended:?}");
    }
    for command in ["service", "services"] {
        let ended = place.run([command, "--format=json"]);
        assert!(!ended.err.contains("no such command"), "{command}: {ended:?}");
    }
}

#[test]
fn reports_are_written_as_they_were_asked_for() {
    let place = Place::empty();
    git(&place.project(), &["init", "--quiet"]);
    place.write("a.txt", "one");
    place.ok(["repo", "--sources=file"]);
    place.ok(["report", "--format=markdown", "--output=AUDIT.md"]);
    let page = std::fs::read_to_string(place.project().join("AUDIT.md")).unwrap();
    assert!(page.starts_with("# Audit of") && page.contains("| Source |"), "{page}");
    place.ok(["report", "--format=json", "--output=audit.out"]);
    let told = std::fs::read_to_string(place.project().join("audit.out")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["run"]["complete"], true);

    let none = place.run(["report", "--export=compliance-system"]);
    assert_eq!(none.code, 2, "nothing was assessed yet: {none:?}");
    place.ok(["compliance", "--framework", "gdpr"]);
    place.ok(["repo", "--sources=file"]);
    let told = place.ok(["report", "--export=compliance-system"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        told["assessment-results"]["metadata"]["oscal-version"], "1.1.3",
        "the newest assessment, not the newest audit"
    );
}

/// The program needs no wrapper: it takes all arguments as they are, and no error ends with 0.
#[test]
fn arguments_arrive_whole_and_every_error_is_one() {
    let place = Place::new();
    place.ok(["append", "--action", "note", "--target", "file:a b*$(x) 'q'\"\\n", "--actor", "user:ann"]);
    let found = place.json(["query", "--action", "note"]);
    assert_eq!(found["records"][0]["record"]["target"]["id"], "a b*$(x) 'q'\"\\n");
    for wrong in [
        &["query", "--since", "never"][..],
        &["nothing"],
        &["show", "99999"],
        &["verify", "--record", "zz"],
        &["report"],
    ] {
        let ended = place.run(wrong);
        assert_eq!(ended.code, 2, "{wrong:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{wrong:?}");
    }
    let program = Command::new(env!("CARGO_BIN_EXE_sealbook")).arg("--version").output().unwrap();
    assert!(program.status.success(), "and it needs nothing around it");
}
