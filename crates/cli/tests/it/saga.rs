//! `sealbook saga`: run, looked at, stopped and gone on with by other processes, and checked without the book.

use std::process::Command;

use sealbook_testkit::endpoint::{Endpoint, Reply};
use serde_json::{Value, json};

use crate::fixture::Place;

const CHECKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/verify_certificate.py");

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// An endpoint that answers so, as two tools that take each other back.
fn configure(place: &Place, replies: impl IntoIterator<Item = Reply>) -> Endpoint {
    let double = Endpoint::start(None, replies);
    let tool = |name: &str, compensate: &str| {
        format!(
            "[http.{name}]\ndescription = \"Books\"\nurl = \"{}/v1/chat/completions\"\neffect = \"idempotent\"\n\
             allow = [\"127.0.0.1\"]\n{compensate}\n",
            double.url()
        )
    };
    let undo = "compensate = { tool = \"cancel\", input = { model = \"m\", messages = [{ role = \"user\", content = \"$.result.model\" }] } }\n";
    std::fs::write(place.home().join("tools.toml"), tool("book", undo) + &tool("cancel", "")).unwrap();
    double
}

fn step(name: &str) -> Value {
    json!({"name": name, "tool": "book", "retries": 0,
        "input": {"model": "m", "messages": [{"role": "user", "content": "$.inputs.day"}]}})
}

fn says() -> Reply {
    Reply::Says("booked".to_owned())
}

fn refused() -> Reply {
    Reply::Error(403, "fully booked", None)
}

#[test]
fn a_saga_that_fails_is_taken_back_and_others_check_it() {
    let place = Place::new();
    let double = configure(&place, [says(), says(), refused(), says(), says()]);
    place
        .write("trip.json", json!({"name": "trip", "steps": [step("flight"), step("hotel"), step("car")]}).to_string());
    let checked = place.run(["saga", "run", "trip.json", "--check"]);
    assert_eq!((checked.code, double.requests().len()), (0, 0), "{checked:?}");
    let ended = place.run(["saga", "run", "trip.json", "--input", "day=monday", "--id", "trip-1", "--format", "json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let told = json_of(&ended.out);
    assert_eq!(
        (&told["saga_id"], &told["status"], &told["taken_back"]),
        (&json!("trip-1"), &json!("compensated"), &json!(2))
    );
    assert_eq!(double.requests().len(), 5);
    let listed = json_of(&place.ok(["saga", "list", "--status", "compensated", "--format", "json"]));
    assert_eq!(listed["sagas"][0]["saga_id"], "trip-1");
    assert_eq!(place.run(["saga", "status", "trip-1"]).code, 1);
    let shown = place.ok(["saga", "show", "trip-1"]);
    assert!(shown.contains("compensated") && shown.contains("hotel"), "{shown}");
    place.ok(["saga", "certificate", "trip-1", "trip.sealbundle"]);
    let vkey = place.ok(["key", "public"]);
    place.write("shop.vkey", &vkey);
    let checked = place.run(["verify", "--bundle", "trip.sealbundle", "--key", "shop.vkey"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.err.contains("certificates of undo: 1, each borne out"), "{checked:?}");
    assert!(checked.err.contains("runs: 1, each explained by its records"), "{checked:?}");
    let python = Command::new("python3").arg(CHECKER).arg(place.project().join("trip.sealbundle")).output().unwrap();
    let said = String::from_utf8_lossy(&python.stdout);
    assert!(python.status.success() && said.contains("certificates: 1, unfounded claims: 0"), "{python:?}");
    place.ok(["verify", "--complete"]);
    let over = place.run(["saga", "cancel", "trip-1"]);
    assert!(over.code == 2 && over.err.contains("saga_stands"), "{over:?}");
}

#[test]
fn a_saga_that_holds_is_gone_on_with_by_another_process() {
    let place = Place::new();
    let double = configure(&place, [says(), says(), says(), says()]);
    let mut hotel = step("hotel");
    hotel["ask_first"] = json!(true);
    place.write("trip.json", json!({"name": "trip", "steps": [step("flight"), hotel]}).to_string());
    let run = |id: &str| {
        place.run(["saga", "run", "trip.json", "--input", "day=monday", "--no-wait", "--id", id, "--format", "json"])
    };
    let held = run("a");
    assert_eq!((held.code, &json_of(&held.out)["status"]), (1, &json!("held")), "{held:?}");
    let ended = place.run(["saga", "resume", "a", "--format", "json"]);
    assert_eq!((ended.code, &json_of(&ended.out)["status"]), (0, &json!("completed")), "{ended:?}");
    assert_eq!(double.requests().len(), 2);
    run("b");
    let ended = place.run(["saga", "cancel", "b", "--reason", "ann is ill", "--format", "json"]);
    assert_eq!((ended.code, &json_of(&ended.out)["status"]), (1, &json!("compensated")), "{ended:?}");
    assert_eq!(double.requests().len(), 4);
    run("a");
    let twice = place.run(["saga", "show", "none"]);
    assert!(twice.code == 2 && twice.err.contains("saga_not_found"), "{twice:?}");
    place.ok(["verify"]);
}

#[test]
fn a_saga_that_is_wrong_is_refused_with_its_place() {
    let place = Place::new();
    configure(&place, []);
    place.write("bad.json", r#"{"name": "x", "steps": [{"name": "a", "tool": "book", "input": "$.steps.b.result"}]}"#);
    let ended = place.run(["saga", "run", "bad.json"]);
    assert!(ended.code == 2 && ended.err.contains("bad.json") && ended.err.contains("steps[0].input"), "{ended:?}");
    place.write("none.json", r#"{"name": "x", "steps": [{"name": "a", "tool": "teleport"}]}"#);
    let ended = place.run(["saga", "run", "none.json"]);
    assert!(ended.code == 2 && ended.err.contains("saga_refused") && ended.err.contains("teleport"), "{ended:?}");
    assert_eq!(place.run(["saga", "run", "none.json", "--check"]).code, 1);
    assert_eq!(place.run(["saga", "run", "none.json", "--input", "=x"]).code, 2);
}
