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
