//! What became of records after they were sealed.

use serde_json::json;

use crate::fixture::Place;

#[test]
fn later_records_say_what_became_of_one_and_it_never_changes() {
    let place = Place::new();
    let seqs: Vec<u64> = ["a.txt", "b.txt", "c.txt"]
        .iter()
        .map(|name| place.append(&["--action", "file.write", "--target", &format!("file:{name}")]))
        .collect();
    let first = seqs[0].to_string();
    let before = place.json(["show", &first]);
    assert_eq!((&before["status"], &before["marks"]), (&json!("recorded"), &json!([])));
    place.ok(["mark", "analyzed", &format!("{}..{}", seqs[0], seqs[1]), "--reason", "the nightly run"]);
    place.ok(["mark", "verified", &first, "--actor", "bob", "--reason", "compared with the ticket"]);
    place.ok(["mark", "exported", &first, &seqs[2].to_string()]);

    let after = place.json(["show", &first]);
    assert_eq!(after["status"], "exported");
    let said: Vec<_> = after["marks"].as_array().unwrap().iter().map(|it| (&it["status"], &it["by"])).collect();
    assert_eq!(
        said,
        [(&json!("analyzed"), &json!("ann")), (&json!("verified"), &json!("bob")), (&json!("exported"), &json!("ann"))]
    );
    assert_eq!((&before["hash"], &before["record"]), (&after["hash"], &after["record"]), "it never changes");
    assert_eq!(place.json(["show", &seqs[1].to_string()])["status"], "analyzed");
    assert_eq!(place.json(["show", &seqs[2].to_string()])["status"], "exported");
    let shown = place.ok(["show", &first]);
    assert!(shown.contains("Status: exported") && shown.contains("compared with the ticket"), "{shown}");
    // A record that points at one is found by it, and sealed like every other.
    let found = place.json(["query", "--parent", before["id"].as_str().unwrap()]);
    assert_eq!(found["records"][0]["record"]["action"], "status.changed");
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn what_cannot_be_marked_is_named() {
    let place = Place::new();
    let seq = place.append(&["--action", "a.b", "--target", "x"]);
    for (arguments, said) in [
        (["mark", "recorded", "1"], "every record is `recorded`"),
        (["mark", "verified", "999"], "record_missing"),
        (["mark", "verified", "0..999"], "record_missing"),
        (["mark", "verified", "2..1"], "record_missing"),
    ] {
        let ended = place.run(arguments);
        assert!(ended.code == 2 && ended.err.contains(said), "{arguments:?}: {ended:?}");
    }
    assert_eq!(place.json(["show", &seq.to_string()])["status"], "recorded");
    // Nobody marks what is still to come: it would be said of another record than was meant.
    place.write(
        "forged.jsonl",
        r#"{"action":"status.changed","target":"x","input":{"status":"verified","records":[["0","99"]]}}"#,
    );
    place.ok(["import", "forged.jsonl"]);
    let later = place.append(&["--action", "a.b", "--target", "y"]);
    assert_eq!(place.json(["show", &later.to_string()])["status"], "recorded");
}
