//! What a book should hold and does not: `verify --complete`.

use serde_json::{Value, json};

use crate::fixture::Place;

const OPERATION: &str = "0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10";

/// A record of the operation; gives its sequence number.
fn tell(place: &Place, action: &str, phase: &[&str]) -> u64 {
    let record = ["--action", action, "--target", "service:shop", "--operation", OPERATION, "--phase"];
    place.append(&[&record[..], phase].concat())
}

fn gaps(place: &Place, more: &[&str]) -> (i32, Value) {
    let ended = place.run(["verify", "--complete", "--format", "json"].iter().chain(more));
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    (ended.code, report["completeness"].clone())
}

fn seqs(list: &Value) -> Vec<u64> {
    list.as_array().unwrap().iter().map(|open| open["seq"].as_u64().unwrap()).collect()
}

#[test]
fn an_outcome_ends_one_intent_and_not_its_neighbours() {
    let place = Place::new();
    tell(&place, "deploy", &["intent"]);
    tell(&place, "migrate", &["intent"]);
    tell(&place, "deploy", &["outcome", "--outcome", "ok"]);
    let (code, gaps) = gaps(&place, &[]);
    assert_eq!((code, seqs(&gaps["open_intents"])), (1, vec![2]));
    assert_eq!(gaps["open_intents"][0]["action"], "migrate");
    assert_eq!(gaps["open_intents"][0]["operation"], OPERATION);
    let told = place.run(["verify", "--complete"]).out;
    assert!(told.contains("Intents without an outcome") && told.contains("migrate"), "{told}");
    let told = place.run(["verify", "--complete", "--format", "markdown"]).out;
    assert!(told.contains("### Intents without an outcome"), "{told}");
    // The history of the operation says the same.
    assert_eq!(place.json(["show", "--operation", OPERATION])["status"], "pending");
}

#[test]
fn an_outcome_that_nobody_announced_shows() {
    let place = Place::new();
    tell(&place, "deploy", &["outcome", "--outcome", "ok"]);
    let (code, gaps) = gaps(&place, &[]);
    assert_eq!((code, &gaps["outcomes_alone"]), (1, &json!([1])));
    let told = place.run(["verify", "--complete"]).out;
    assert!(told.contains("1 outcome of something that was never announced: 1"), "{told}");
}

#[test]
fn an_intent_whose_words_were_erased_still_shows() {
    let place = Place::new();
    let seq = tell(&place, "deploy", &["intent"]).to_string();
    place.ok(["erase", &seq, "--part", "statement", "--reason", "asked to"]);
    let (code, gaps) = gaps(&place, &[]);
    assert_eq!((code, seqs(&gaps["open_intents"])), (1, vec![1]));
    assert!(gaps["open_intents"][0]["action"].is_null());
}

#[test]
fn silence_shows_where_it_is_judged() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t", "--actor", "bob"]);
    place.append(&["--action", "deploy", "--target", "t", "--phase", "intent"]);
    place.append(&["--action", "a", "--target", "t", "--actor", "bob"]);
    let (_, whole) = gaps(&place, &[]);
    assert_eq!((&whole["silences"], &whole["actor_silences"]), (&json!([]), &json!([])), "quiet is normal");
    let (_, day) = gaps(&place, &["--silence", "24h"]);
    assert_eq!((&day["silences"], &day["actor_silences"]), (&json!([]), &json!([])));
    // No two records are sealed in one microsecond, and none in the one in which they are looked at.
    let (code, all) = gaps(&place, &["--silence", "1 us"]);
    assert_eq!(code, 1);
    let around: Vec<(&Value, &Value)> =
        all["silences"].as_array().unwrap().iter().map(|silence| (&silence["after"], &silence["before"])).collect();
    assert_eq!(around, [(&json!(1), &json!(2)), (&json!(2), &json!(3)), (&json!(3), &Value::Null)]);
    assert!(all["silences"][0]["silent_us"].as_i64().unwrap() > 1);
    // Of the two actors only one has something open.
    let silent = &all["actor_silences"];
    assert_eq!(silent.as_array().unwrap().len(), 1, "{silent}");
    assert_eq!(
        (&silent[0]["actor"], &silent[0]["after"], &silent[0]["before"]),
        (&json!("ann"), &json!(2), &json!(null))
    );
    let told = place.run(["verify", "--complete", "--silence", "1 us"]).out;
    assert!(told.contains("Times without any record") && told.contains("(lasts)"), "{told}");

    let ended = place.run(["verify", "--complete", "--silence", "a while"]);
    assert!(ended.code == 2 && ended.err.starts_with("error[invalid_duration]: --silence:"), "{ended:?}");
    assert_eq!(place.run(["verify", "--silence", "24h"]).code, 2, "it belongs to --complete");
}
