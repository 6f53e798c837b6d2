//! `sealbook knowledge` and `knowledge_base`: documents on record, and questions that they answer.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::fixture::Place;

fn actions(place: &Place) -> Vec<String> {
    let told = place.json(["query", "--action", "knowledge.*", "--limit", "50"]);
    let records = told["records"].as_array().unwrap().iter();
    records.map(|one| format!("{} {}", one["record"]["phase"], one["record"]["action"]).replace('"', "")).collect()
}

fn ask(place: &Place, query: &str) -> Value {
    let input = json!({"query": query}).to_string();
    place.json(["tool", "call", "knowledge_base", &input])["data"].clone()
}

#[test]
fn documents_are_added_found_replaced_and_removed_on_record() {
    let place = Place::new();
    let tools = place.json(["tool", "show", "knowledge_base"]);
    assert!(tools["why"].as_str().unwrap().contains("sealbook knowledge add"), "{tools}");
    assert_eq!(place.json(["knowledge", "list"]), json!({"documents": []}));
    place.write("prices.md", "A whitening costs 300 francs.\n\nA check-up costs 90 francs.");
    place.write("hours.md", "Open from nine to five.");
    let added = place.json(["knowledge", "add", "prices.md", "hours.md", "--metadata", r#"{"language": "en"}"#]);
    assert_eq!(added["documents"].as_array().unwrap().len(), 2);
    let found = ask(&place, "whitening");
    assert_eq!(found["results"][0]["metadata"], json!({"language": "en", "source": "prices.md", "passage": 1}));
    let piped = place.run_with(["knowledge", "add", "-", "--name", "hours.md", "--reason", "winter"], "Open from ten.");
    assert_eq!(piped.code, 0, "{piped:?}");
    assert_eq!(
        (ask(&place, "nine")["total_found"].clone(), ask(&place, "ten")["total_found"].clone()),
        (json!(0), json!(1))
    );
    place.ok(["knowledge", "remove", "prices.md", "--reason", "out of date"]);
    assert_eq!(ask(&place, "whitening")["results"], json!([]));
    let listed = place.json(["knowledge", "list"]);
    assert_eq!(listed["documents"][0]["name"], "hours.md");
    let told = actions(&place);
    assert_eq!(told.iter().filter(|it| it.as_str() == "intent knowledge.add").count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|it| it.as_str() == "outcome knowledge.remove").count(), 1, "{told:?}");
    let intents = place.json(["query", "--action", "knowledge.add", "--phase", "intent", "--limit", "1"]);
    let record = place.json(["show", intents["records"][0]["record"]["id"].as_str().unwrap()]);
    assert!(record.to_string().contains("replaces") && !record.to_string().contains("Open from"), "{record}");
    place.ok(["verify"]);
    let file = place.home().join("knowledge/default.db");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_cannot_be_added_or_removed_is_told() {
    let place = Place::new();
    place.write("empty.md", " -- ");
    place.write("binary.md", [0xff, 0xfe, 0x00]);
    place.write("good.md", "Words.");
    for (arguments, word) in [
        (&["knowledge", "add", "empty.md"][..], "no word"),
        (&["knowledge", "add", "good.md", "binary.md"], "UTF-8"),
        (&["knowledge", "add", "missing.md"], "missing.md"),
        (&["knowledge", "add", "good.md", "empty.md", "--name", "x"], "--name"),
        (&["knowledge", "add", "good.md", "--metadata", "[]"], "JSON object"),
        (&["knowledge", "remove", "good.md"], "no document"),
    ] {
        let ended = place.run(arguments);
        assert!(ended.code == 2 && ended.err.contains(word), "{arguments:?}: {ended:?}");
    }
    assert_eq!(place.json(["knowledge", "list"]), json!({"documents": []}));
    assert!(actions(&place).is_empty());
}

#[test]
fn a_tenants_documents_are_its_own() {
    let place = Place::new();
    place.ok(["--tenant", "acme", "init", "--quiet"]);
    place.write("a.md", "Whitening.");
    place.ok(["--tenant", "acme", "knowledge", "add", "a.md"]);
    assert_eq!(place.json(["knowledge", "list"]), json!({"documents": []}));
    assert_eq!(place.json(["--tenant", "acme", "knowledge", "list"])["documents"][0]["name"], "a.md");
    assert_eq!(place.json(["tool", "show", "knowledge_base"])["available"], false);
    assert_eq!(place.json(["--tenant", "acme", "tool", "show", "knowledge_base"])["available"], true);
}

#[test]
fn operations_are_counted_also_where_there_are_none() {
    let place = Place::new();
    let empty = place.json(["operation", "stats", "--category", "booking"]);
    assert_eq!((&empty["all"]["operations"], &empty["all"]["duration"]["mean_ms"]), (&json!(0), &Value::Null));
    assert_eq!((&empty["groups"], &empty["all"]["success_rate"]), (&json!([]), &Value::Null));
    assert!(place.ok(["operation", "stats"]).contains("No operations."));
    place.write("a.md", "Whitening.");
    place.ok(["knowledge", "add", "a.md"]);
    ask(&place, "whitening");
    let told = place.json(["operation", "stats", "--by", "action"]);
    let names: Vec<&str> = told["groups"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["knowledge.add", "knowledge.search"]);
    assert_eq!((&told["all"]["operations"], &told["all"]["statuses"]), (&json!(2), &json!({"ok": 2})));
    assert!(told["all"]["duration"]["mean_ms"].is_number(), "{told}");
    let page = place.ok(["operation", "stats", "--by", "category"]);
    assert!(page.contains("rag_search") && page.contains("100.0 %"), "{page}");
}
