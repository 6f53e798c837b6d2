//! What is missing: `gaps`.

use serde_json::{Value, json};

use crate::fixture::Place;

fn gaps(place: &Place) -> (i32, Value) {
    let ended = place.run(["gaps", "--format", "json"]);
    (ended.code, serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}")))
}

#[test]
fn a_book_that_lacks_nothing_says_so() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    let ended = place.run(["gaps"]);
    assert!(ended.code == 0 && ended.out.contains("Nothing is missing"), "{ended:?}");
}

#[test]
fn an_intent_without_an_outcome_is_a_gap() {
    let place = Place::new();
    let seq = place.append(&["--action", "deploy", "--target", "t", "--phase", "intent"]);
    let (code, gaps) = gaps(&place);
    assert_eq!((code, &gaps["open_intents"][0]["seq"]), (1, &json!(seq)));
    assert!(place.run(["gaps"]).out.contains("Intents without an outcome"));
}

#[test]
fn a_capture_that_was_not_closed_is_a_gap() {
    let place = Place::new();
    place.append(&["--action", "capture", "--target", "service:fs", "--phase", "intent"]);
    let (code, gaps) = gaps(&place);
    assert_eq!((code, &gaps["open_intents"][0]["action"]), (1, &json!("capture")));
}

#[test]
fn what_a_gate_could_not_write_is_a_gap() {
    let place = Place::new();
    let counts = r#"{"since":"","until":"","cause":"disk_full","passed":3,"refused":2,"dropped":1}"#;
    let seq = place.append(&["--action", "capture.gap", "--target", "ledger:x", "--context", counts]);
    let (code, gaps) = gaps(&place);
    assert_eq!(code, 1);
    assert_eq!(gaps["capture_gaps"], json!([{"seq": seq, "passed": 3, "refused": 2, "dropped": 1}]));
    assert!(place.run(["gaps"]).out.contains("While the book could not be written"));
    // One that says nothing of how many is a gap all the same.
    place.append(&["--action", "capture.gap", "--target", "ledger:x", "--context", "[]"]);
    assert_eq!(place.json(["verify"])["valid"], true);
    assert_eq!(self::gaps(&place).1["capture_gaps"].as_array().unwrap().len(), 2);
}

#[test]
fn numbers_that_an_actor_skipped_are_a_gap() {
    let place = Place::new();
    let number = |actor: &str, session: &str, number: &str| {
        let metadata = format!("{{\"actor_seq\":{number}}}");
        place.append(&[
            "--action",
            "a",
            "--target",
            "t",
            "--actor",
            actor,
            "--session",
            session,
            "--metadata",
            &metadata,
        ])
    };
    let first = number("bot", "s1", "1");
    number("bot", "s2", "9");
    number("eve", "s1", "5");
    let second = number("bot", "s1", "4");
    number("bot", "s1", "5");
    number("bot", "s1", "1");
    number("bot", "s1", "2");
    number("bot", "s1", "\"many\"");
    number("bot", "s1", "18446744073709551615");
    let (code, gaps) = gaps(&place);
    assert_eq!(code, 1);
    let missing = gaps["missing_numbers"].as_array().unwrap();
    assert_eq!(
        missing[0],
        json!({"actor": "bot", "session": "s1", "after": first, "before": second, "first": 2, "last": 3})
    );
    assert_eq!(missing.len(), 2, "one that begins anew is no gap: {missing:?}");
    assert_eq!(missing[1]["last"], json!(18_446_744_073_709_551_614_u64));
    let told = place.run(["gaps"]).out;
    assert!(told.contains("Numbers of an actor that are missing") && told.contains("2-3"), "{told}");
}

#[test]
fn silence_and_all_formats() {
    let place = Place::new();
    place.append(&["--action", "a", "--target", "t"]);
    assert_eq!(place.run(["gaps", "--silence", "1 us"]).code, 1);
    for format in ["terminal", "json", "jsonl", "markdown"] {
        assert_eq!(place.run(["gaps", "--format", format]).code, 0);
    }
    assert_eq!(place.run(["gaps", "--silence", "a while"]).code, 2);
}
