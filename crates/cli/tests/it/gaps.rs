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
fn what_a_watch_lost_is_a_gap() {
    let place = Place::new();
    let seq = place.append(&["--action", "watch.gap", "--target", "project:shop"]);
    let (code, gaps) = gaps(&place);
    assert_eq!((code, &gaps["incomplete_audits"][0]["seq"]), (3, &json!(seq)));
    assert_eq!(place.run(["verify", "--complete"]).code, 3);
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

/// Records as the hook of an agent and the gateway seal them, one line each.
fn call(n: u32, operation: u32, source: &str, phase: &str, target: &str, input: &str, more: &str) -> String {
    let id = |n: u32| format!("0191e3a2-7c1d-7f00-8000-{n:012x}");
    format!(
        r#"{{"id":"{}","operation":"{}","occurred":"2026-05-01T10:00:00Z","actor":{{"id":"bot","kind":"agent"}},"action":"tools.call","phase":"{phase}","source":"{source}","session":"s1","target":{{"id":"{target}","kind":"tool"}},"input":{input}{more}}}
"#,
        id(n),
        id(operation)
    )
}

#[test]
fn a_call_that_one_way_in_saw_and_another_should_have_is_a_gap() {
    let place = Place::new();
    let ok = r#","outcome":"ok""#;
    let cancelled = r#","outcome":"cancelled""#;
    let (hook, gateway) = ("hook/claude-code", "sealbook-wrap");
    // Before a gateway is there, nobody expects it.
    let early = [call(1, 101, hook, "intent", "fs/read", "{}", ""), call(2, 101, hook, "outcome", "fs/read", "{}", ok)];
    assert_eq!(place.run_with(["import", "-"], early.concat()).code, 0);
    assert_eq!(place.run(["gaps"]).code, 0);
    let capture = place.append(&[
        "--action",
        "capture.open",
        "--target",
        "service:fs",
        "--phase",
        "intent",
        "--source",
        "sealbook-wrap",
    ]);
    let calls = [
        // Seen both ways, fields in another order, and the same call twice at once.
        call(3, 103, hook, "intent", "fs/write", r#"{"a":1,"b":[2]}"#, ""),
        call(4, 104, hook, "intent", "fs/write", r#"{"a":1,"b":[2]}"#, ""),
        call(5, 105, gateway, "intent", "fs/write", r#"{"b": [2], "a": 1}"#, ""),
        call(6, 106, gateway, "intent", "fs/write", r#"{"b": [2], "a": 1}"#, ""),
        call(7, 105, gateway, "outcome", "fs/write", "{}", ok),
        call(8, 106, gateway, "outcome", "fs/write", "{}", ok),
        call(9, 103, hook, "outcome", "fs/write", "{}", ok),
        call(10, 104, hook, "outcome", "fs/write", "{}", ok),
        // Called off by the user: the gateway never saw it, and should not have.
        call(11, 111, hook, "intent", "fs/delete", "{}", ""),
        call(12, 111, hook, "outcome", "fs/delete", "{}", cancelled),
        // A server that has no gateway.
        call(13, 113, hook, "intent", "git/log", "{}", ""),
        call(14, 113, hook, "outcome", "git/log", "{}", ok),
        // Past the gateway, and past the hook.
        call(15, 115, hook, "intent", "fs/write", r#"{"a":9}"#, ""),
        call(16, 115, hook, "outcome", "fs/write", "{}", ok),
        call(17, 117, gateway, "intent", "fs/read", r#"{"path":"x"}"#, ""),
        call(18, 117, gateway, "outcome", "fs/read", "{}", ok),
    ];
    assert_eq!(place.run_with(["import", "-"], calls.concat()).code, 0);
    let (code, gaps) = gaps(&place);
    let missed: Vec<_> =
        gaps["seen_once"].as_array().unwrap().iter().map(|seen| (&seen["target"], &seen["missed_by"])).collect();
    assert_eq!(missed, [(&json!("fs/write"), &json!("gateway")), (&json!("fs/read"), &json!("hook"))], "{gaps}");
    assert_eq!((code, &gaps["open_intents"][0]["seq"]), (1, &json!(capture)));
    assert!(place.run(["gaps"]).out.contains("Seen one way, and not the other"));
}

#[test]
fn what_telemetry_tells_of_is_compared_with_what_the_gateway_saw() {
    let place = Place::new();
    // Seconds after the capture was opened; telemetry comes last, as it does.
    let at = |seconds: u32| format!("2026-05-01T10:{:02}:{:02}Z", seconds / 60, seconds % 60);
    let line = |n: u32, seconds: u32, source: &str, target: &str, input: &str, more: &str| {
        let action = if target.contains(':') { "capture.open" } else { "tools.call" };
        format!(
            r#"{{"id":"0191e3a2-7c1d-7f00-8000-{n:012x}","occurred":"{}","actor":"bot","action":"{action}","source":"{source}","target":{{"id":"{}","kind":"tool"}},"input":{input}{more}}}
"#,
            at(seconds),
            target.trim_end_matches(':'),
        )
    };
    let intent = r#","phase":"intent""#;
    let trace = r#","trace":"00-5b8efff798038103d269b633813fc60c-0000000000000001-01""#;
    let (gateway, otlp) = ("sealbook-wrap", "otlp/traces");
    let records = [
        line(1, 0, gateway, "fs:", "{}", intent),
        line(2, 10, gateway, "fs/read", r#"{"a":1,"b":2}"#, intent),
        line(3, 20, gateway, "fs/read", r#"{"a":7}"#, intent),
        line(4, 30, gateway, "fs/read", r#"{"secret":"***"}"#, &format!("{intent}{trace}")),
        line(5, 300, gateway, "fs/read", r#"{"later":1}"#, intent),
        // Another server, and a tool of which telemetry says nothing.
        line(6, 31, gateway, "git/log", "{}", intent),
        // As telemetry tells it: fields in another order; without arguments, by trace; and one past the gateway.
        line(11, 9, otlp, "read", r#"{"b":2,"a":1}"#, ""),
        line(12, 33, otlp, "read", r#"{"secret":"?"}"#, trace),
        line(13, 40, otlp, "fs/read", r#"{"past":1}"#, ""),
        // A server without a gateway, and a time without one.
        line(14, 41, otlp, "web/fetch", r#"{"u":1}"#, ""),
        line(15, 42, otlp, "unheard", "{}", ""),
    ];
    assert_eq!(place.run_with(["import", "-"], records.concat()).code, 0);
    let (code, gaps) = gaps(&place);
    let missed: Vec<_> =
        gaps["seen_once"].as_array().unwrap().iter().map(|seen| (&seen["target"], &seen["missed_by"])).collect();
    // The call of second 20 lies between two that telemetry told of; that of second 300 may still come.
    assert_eq!(missed, [(&json!("fs/read"), &json!("gateway")), (&json!("fs/read"), &json!("telemetry"))], "{gaps}");
    let seqs: Vec<_> = gaps["seen_once"].as_array().unwrap().iter().map(|seen| seen["seq"].as_u64().unwrap()).collect();
    let first = place.json(["query", "--ascending", "--limit", "1", "--source", gateway])["records"][0]["seq"]
        .as_u64()
        .unwrap();
    assert_eq!((code, seqs[0] - first, seqs[1] - first), (1, 8, 2), "{gaps}");
}
