//! `sealbook health`: how calls went, and alerts on what is unusual.

use serde_json::{Value, json};

use crate::fixture::{Ended, Place};

/// A week in which a tool worked, and a day on which half of its calls fail, slowly.
fn troubled() -> Place {
    let place = Place::new();
    let mut lines = String::new();
    for n in 0..40 {
        let call = |day: &str, outcome: &str, us: u64, error: Value| {
            json!({"action": "tools.call", "target": {"id": "shop/pay", "kind": "tool"}, "outcome": outcome,
                "phase": "event", "duration_us": us, "occurred": format!("2026-03-{day}T10:{n:02}:00Z"), "error": error})
            .to_string()
        };
        lines += &(call("05", "ok", 20_000, Value::Null) + "\n");
        let (outcome, error) =
            if n < 20 { ("failed", json!(format!("HTTP status 503 in {n}"))) } else { ("ok", Value::Null) };
        lines += &(call("10", outcome, 90_000, error) + "\n");
    }
    place.write("calls.jsonl", lines);
    place.ok(["import", "calls.jsonl"]);
    place
}

fn health(place: &Place, more: &[&str]) -> Ended {
    let period = ["health", "--since", "2026-03-10", "--until", "2026-03-11", "--compared-since", "2026-03-03"];
    place.run(period.iter().chain(more))
}

fn alerts(place: &Place) -> Vec<Value> {
    place.json(["alerts", "list"])["alerts"].as_array().unwrap().clone()
}

#[test]
fn a_tool_that_fails_and_is_slow_is_shown_beside_the_time_before() {
    let place = troubled();
    let told = health(&place, &["--format", "json"]);
    assert_eq!(told.code, 1, "{told:?}");
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let group = told["groups"].as_array().unwrap().iter().find(|group| group["target"] == "shop/pay").unwrap();
    assert_eq!((&group["now"]["failed"], &group["now"]["availability"]), (&json!(20), &json!(0.5)));
    assert_eq!((&group["before"]["availability"], &group["before"]["p95_us"]), (&json!(1.0), &json!(20_000)));
    let kinds: Vec<&str> = told["unusual"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["failures", "error_pattern", "slow"]);
    assert_eq!((&told["errors"][0]["pattern"], &told["errors"][0]["now"]), (&json!("HTTP status # in #"), &json!(20)));
    let shown = health(&place, &[]).out;
    for words in ["50.00 %", "shop/pay", "HTTP status # in #", "20 of 40 calls failed", "95 % within"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Looking changes nothing; a quiet time is clean.
    assert!(alerts(&place).is_empty());
    let quiet = place.run(["health", "--since", "2026-03-05", "--until", "2026-03-06"]);
    assert_eq!(quiet.code, 0, "{quiet:?}");
    let wrong = place.run(["health", "--since", "2026-03-05", "--until", "2026-03-04"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[test]
fn what_is_unusual_becomes_alerts_and_each_once_while_it_waits() {
    let place = troubled();
    assert_eq!(health(&place, &["--alert"]).code, 1);
    let raised = alerts(&place);
    let rules: Vec<&str> = raised.iter().map(|alert| alert["rule_id"].as_str().unwrap()).collect();
    assert_eq!(rules, ["health.slow", "health.error_pattern", "health.failures"]);
    assert!(raised[2]["message"].as_str().unwrap().starts_with("tools.call shop/pay: 20 of 40"), "{raised:?}");
    let checked = place.json(["query", "--action", "health.checked"]);
    assert_eq!(checked["records"][0]["record"]["findings"].as_array().unwrap().len(), 3);
    assert_eq!(health(&place, &["--alert"]).code, 1);
    assert_eq!(alerts(&place).len(), 3, "they wait already");
    place.ok(["alerts", "resolve", raised[2]["alert_id"].as_str().unwrap(), "--reason", "the provider is back"]);
    assert_eq!(health(&place, &["--alert"]).code, 1);
    let waiting = alerts(&place).into_iter().filter(|alert| alert["rule_id"] == "health.failures").count();
    assert_eq!(waiting, 1, "it is unusual again, or still");
    assert_eq!(place.run(["verify"]).code, 0);
}
