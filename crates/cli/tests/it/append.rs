//! Sealing one record.

use crate::fixture::Place;

#[test]
fn a_record_is_sealed_and_shown() {
    let place = Place::new();
    let arguments = [
        "append",
        "--actor",
        "agent:ci",
        "--action",
        "deploy.start",
        "--target",
        "service:shop",
        "--reason",
        "release 7",
        "--tag",
        "prod",
        "--severity",
        "high",
        "--category",
        "config_change",
        "--outcome",
        "ok",
        "--duration-us",
        "1500",
        "--input",
        r#"{"version": 0.10}"#,
        "--result",
        "done",
    ];
    insta::assert_snapshot!("receipt", place.plain(&place.ok(arguments)));
    insta::assert_snapshot!("record", place.plain(&place.ok(["show", "1"])));
    let record = &place.json(["show", "1"])["record"];
    assert_eq!(record["actor"]["kind"], "agent");
    assert_eq!(record["actor"]["claimed"], "ci");
    assert_eq!(record["severity"], "error");
    assert_eq!(record["result"], "done");
    assert!(place.ok(["show", "1", "--format", "json"]).contains("0.10"), "numbers keep their digits");
}

#[test]
fn a_whole_record_comes_as_json_and_is_sealed_once() {
    let place = Place::new();
    let record = r#"{"id":"0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10","occurred":"2024-05-01T10:00:00Z","action":"ticket.close","target":"T-7","actor":"ann","input":{"n":1e400}}"#;
    let first = place.run_with(["append", "--json", "-", "--format", "json"], record);
    let again = place.run_with(["append", "--json", "-", "--format", "json"], record);
    let (first, again): (serde_json::Value, serde_json::Value) =
        (serde_json::from_str(&first.out).unwrap(), serde_json::from_str(&again.out).unwrap());
    assert_eq!((&first["seq"], &first["duplicate"]), (&1.into(), &false.into()));
    assert_eq!((&again["seq"], &again["duplicate"], &again["hash"]), (&1.into(), &true.into(), &first["hash"]));

    let other = record.replace("T-7", "T-8");
    let conflict = place.run_with(["append", "--json", "-"], other);
    assert_eq!(conflict.code, 2);
    assert!(conflict.err.starts_with("error[id_conflict]: "), "{}", conflict.err);
}

#[test]
fn nobody_verifies_himself() {
    let place = Place::new();
    let record = r#"{"action":"a","target":"t","actor":{"id":"root","verified":"the pope"}}"#;
    assert_eq!(place.run_with(["append", "--json", "-"], record).code, 0);
    let actor = &place.json(["show", "1"])["record"]["actor"];
    assert!(actor["verified"].as_str().unwrap().starts_with("uid:"), "{actor}");
    assert_eq!(actor["claimed"], "the pope");
}

#[test]
fn content_comes_from_files_and_standard_input() {
    let place = Place::new();
    place.write("body.json", "{\n \"a\": [1, 2]\n}\n");
    place.write("body.bin", [0xff, 0xfe]);
    let arguments =
        ["append", "--action", "a", "--target", "t", "--input", "@body.json", "--result", "@body.bin", "--error", "-"];
    let ended = place.run_with(arguments, "it broke");
    assert_eq!(ended.code, 0, "{ended:?}");
    let record = &place.json(["show", "1"])["record"];
    assert_eq!(record["input"]["a"][1], 2);
    assert_eq!(record["result"]["b64"], "//4=");
    assert_eq!(record["error"], "it broke");
}

#[test]
fn without_a_named_actor_the_systems_user_acts() {
    let place = Place::empty();
    place.ok(["init"]);
    place.append(&["--action", "a", "--target", "t"]);
    let actor = &place.json(["show", "1"])["record"]["actor"];
    assert_eq!(actor["kind"], "user");
    assert!(actor["verified"].as_str().unwrap().starts_with("uid:"));
    assert!(actor["claimed"].is_null());
}

#[test]
fn what_is_sent_again_under_its_id_is_sealed_once() {
    let place = Place::new();
    let id = "0f6f6f8e-7d54-4b8f-9a2e-6d7a11d1c0de";
    let again = ["append", "--id", id, "--action", "a", "--target", "t", "--input", "{\"n\":1}"];
    let line = r#"{"id":"1f6f6f8e-7d54-4b8f-9a2e-6d7a11d1c0de","actor":"ann","action":"a","target":"t"}"#;
    let seqs: Vec<_> = (0..3).map(|_| place.json(again)["seq"].clone()).collect();
    assert!(seqs.iter().all(|seq| *seq == seqs[0]), "{seqs:?}");
    let other_line = line.replace("1f6f", "2f6f");
    for _ in 0..2 {
        assert_eq!(place.run_with(["import", "-"], line).code, 0);
        assert_eq!(place.run_with(["append", "--json", "-"], &other_line).code, 0);
    }
    assert_eq!(place.json(["head"])["size"], 4);
    let other = place.run(["append", "--id", id, "--action", "b", "--target", "t"]);
    assert!(other.err.contains("error[id_conflict]"), "{other:?}");
}

#[test]
fn a_reason_may_begin_with_a_hyphen() {
    let place = Place::new();
    let reason = "--flag was renamed";
    let seq = place.append(&["--action", "a", "--target", "t", "--reason", reason]).to_string();
    assert_eq!(place.json(["show", &seq])["record"]["reason"], reason);
    place.ok(["erase", &seq, "--part", "statement", "--reason", "- asked to"]);
}
