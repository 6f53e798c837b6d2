//! Records in and out as JSON Lines.

use crate::fixture::Place;

fn lines(count: usize) -> String {
    let line = |n: usize| {
        format!(
            r#"{{"id":"0191e3a2-7c1d-7f00-8000-{n:012x}","occurred":"2024-05-01T10:00:00Z","actor":{{"id":"bot","kind":"agent"}},"action":"file.write","target":{{"id":"f{n}","kind":"file"}},"input":{{"n":0.10,"big":12345678901234567890123,"n":1e400}}}}"#
        )
    };
    (1..=count).map(|n| line(n) + "\n").collect()
}

#[test]
fn what_is_exported_can_be_imported_elsewhere_byte_for_byte() {
    let (one, other) = (Place::new(), Place::new());
    let ended = one.run_with(["import", "-"], lines(2_500));
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::assert_snapshot!(ended.out);
    let exported = one.ok(["export"]);
    assert_eq!(exported.lines().count(), 2_500);
    assert!(
        exported.lines().all(|line| line.contains(r#""input":{"n":0.10,"big":12345678901234567890123,"n":1e400}"#))
    );

    assert_eq!(other.run_with(["import", "-"], &exported).code, 0);
    assert_eq!(other.ok(["export"]), exported);
}

#[test]
fn an_import_may_be_repeated() {
    let place = Place::new();
    place.write("records.jsonl", lines(5));
    assert_eq!(place.json(["import", "records.jsonl"])["sealed"], 5);
    place.write("records.jsonl", lines(7));
    let again = place.json(["import", "records.jsonl"]);
    assert_eq!((&again["sealed"], &again["duplicates"], &again["records"]), (&2.into(), &5.into(), &7.into()));
}

#[test]
fn the_first_bad_line_is_named_and_what_stands_before_it_is_sealed() {
    let place = Place::new();
    for (bad, code) in [
        ("{\"action\":\"x\"", "invalid_json"),
        ("{\"action\":\"x\"}", "missing_field"),
        ("{\"action\":\"x\",\"target\":\"t\",\"secret_field\":1}", "unknown_field"),
        ("{\"action\":\"x\",\"target\":\"t\",\"tenant\":\"acme\"}", "tenant_mismatch"),
        ("{\"action\":\"x\",\"target\":\"t\",\"occurred\":\"soon\"}", "invalid_field"),
        ("", "input_not_utf8"),
    ] {
        let good = lines(3);
        let bad: &[u8] = if bad.is_empty() { b"\xff\xfe" } else { bad.as_bytes() };
        let text = [good.as_bytes(), bad, b"\n", lines(9).as_bytes()].concat();
        place.write("bad.jsonl", text);
        let ended = place.run(["import", "bad.jsonl"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        let error = ended.err.lines().find(|line| line.starts_with("error[")).unwrap();
        assert!(error.starts_with(&format!("error[{code}]: bad.jsonl:4")), "{error}");
        assert_eq!(place.json(["status"])["head"]["size"], 4, "{code}");
    }
}

#[test]
fn a_record_without_an_actor_is_kept_and_counted() {
    let place = Place::new();
    let ended = place.run_with(["import", "-", "--format", "json"], "{\"action\":\"x\",\"target\":\"t\"}\n\n");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&ended.out).unwrap()["without_actor"], 1);
    let actor = &place.json(["show", "1"])["record"]["actor"];
    assert_eq!((&actor["id"], &actor["kind"]), (&"unknown".into(), &"unknown".into()));
}

#[test]
fn an_export_is_selected_like_a_query() {
    let place = Place::new();
    place.run_with(["import", "-"], lines(20));
    assert_eq!(place.ok(["export", "--target", "f7"]).lines().count(), 1);
    assert_eq!(place.ok(["export", "--target", "f1*", "--output", "some.jsonl"]), "");
    assert_eq!(std::fs::read_to_string(place.project().join("some.jsonl")).unwrap().lines().count(), 11);
}

#[test]
fn a_bad_line_is_named_with_its_column() {
    let place = Place::new();
    let good = "{\"action\":\"x\",\"target\":\"t\"}\n";
    place.write("x.jsonl", format!("{good}{good}{{\"action\":\"x\",\"target\":\"t\",\"severity\":7}}\n"));
    let ended = place.run(["import", "x.jsonl"]);
    assert!(ended.err.contains("error[invalid_field]: x.jsonl:3, column 39: `severity` must be"), "{ended:?}");
    assert!(ended.err.contains("help: "), "{ended:?}");
    let phase = place.run(["append", "--action", "a", "--target", "t", "--phase", "foo"]);
    assert!(phase.err.starts_with("error[unknown_word]: --phase"), "{phase:?}");
    assert!(phase.err.contains("help: write one of: intent, outcome, event"), "{phase:?}");
}

#[test]
fn a_nonce_is_accepted_and_not_kept() {
    let place = Place::new();
    place.write(
        "x.jsonl",
        "{\"action\":\"x\",\"target\":\"t\",\"nonce\":0}\n{\"action\":\"y\",\"target\":\"t\",\"nonce\":\"4711\"}\n",
    );
    place.ok(["import", "x.jsonl"]);
    let ended = place.run_with(["append", "--json", "-"], "{\"action\":\"z\",\"target\":\"t\",\"nonce\":0}");
    assert_eq!(ended.code, 0, "{ended:?}");
    let exported = place.ok(["export"]);
    assert_eq!((exported.lines().count(), exported.contains("nonce")), (3, false));
    let bad = place.run_with(["append", "--json", "-"], "{\"action\":\"z\",\"target\":\"t\",\"nonce\":{}}");
    assert!(bad.err.starts_with("error[invalid_field]"), "{bad:?}");
}

#[test]
fn who_was_verified_elsewhere_was_not_verified_here() {
    let place = Place::new();
    let own = place.append(&["--action", "own", "--target", "t"]);
    let foreign = "{\"id\":\"0191e3a2-7c1d-7f00-8000-000000000001\",\"occurred\":\"2024-05-01T10:00:00Z\",\"actor\":{\"id\":\"ceo\",\
                   \"verified\":\"oidc:ceo@corp\"},\"action\":\"x\",\"target\":\"t\"}\n";
    place.write("foreign.jsonl", foreign);
    assert_eq!(place.json(["import", "foreign.jsonl"])["sealed"], 1);
    assert_eq!(place.json(["import", "foreign.jsonl"])["duplicates"], 1, "it may be repeated");
    let verified = |seq: u64| place.json(["show", &seq.to_string()])["record"]["actor"]["verified"].clone();
    assert_eq!(verified(own + 1), "imported:oidc:ceo@corp");
    assert!(place.json(["query", "--verified", "oidc:ceo@corp"])["records"].as_array().unwrap().is_empty());
    // Its own export is what was sealed, own and foreign.
    place.ok(["export", "--output", "all.jsonl"]);
    let again = place.json(["import", "all.jsonl"]);
    assert_eq!((&again["sealed"], &again["duplicates"]), (&0.into(), &2.into()));
    assert!(verified(own).as_str().unwrap().starts_with("uid:"));
    // In another book neither was authenticated.
    let other = Place::new();
    std::fs::copy(place.project().join("all.jsonl"), other.project().join("all.jsonl")).unwrap();
    other.ok(["import", "all.jsonl"]);
    let exported = other.ok(["export"]);
    assert_eq!(exported.matches("\"verified\":\"imported:").count(), 2, "{exported}");
    assert!(!exported.contains("imported:imported:"));
}
