//! The native form: everything goes out and comes back; what is wrong is named, never quoted.

use proptest::prelude::*;
use sealbook_record::{
    ActorKind, Classification, Dialect, Error, Finding, Location, PartName, Phase, Record, Severity, TargetKind,
    Timestamp, Violation,
};

use crate::fixture::{NOW, defaults, event, full, records, told};

fn error(text: &str) -> (String, &'static str) {
    match Record::from_json(text, defaults()) {
        Ok(record) => panic!("{text} was read as {record:?}"),
        Err(error) => (error.to_string(), error.code()),
    }
}

#[test]
fn a_record_is_one_line() {
    insta::assert_snapshot!(full().to_json());
    let mut record = event(1, "x.y");
    record.set_part_json(PartName::Input, "{\n \"a\":\r\n 1.50 }").expect("it is JSON");
    assert!(!record.to_json().contains(['\n', '\r']));
    assert!(record.to_json().contains("1.50"));
}

#[test]
fn little_is_needed() {
    let record = Record::from_json(r#"{"action":"deploy.start","target":"web"}"#, defaults()).expect("it is enough");
    assert_eq!(record.id, defaults().id);
    assert_eq!(record.tenant, "acme");
    assert_eq!(record.occurred, Timestamp::from_micros(NOW));
    assert_eq!(record.phase, Phase::Event);
    assert!(record.actor_unknown());
    assert_eq!((record.target.id.as_str(), record.target.kind), ("web", TargetKind::Other));
    assert_eq!(record.source, "unknown");
}

#[test]
fn parts_keep_their_digits_and_duplicates() {
    let text = r#"{"action":"a.b","target":{"id":"t","kind":"tool"},"actor":{"id":"ann","kind":"user"},"input":{"n":0.10,"n":1e400,"big":12345678901234567890123}}"#;
    let record = Record::from_json(text, defaults()).expect("it is a record");
    assert_eq!(record.actor.kind, ActorKind::User);
    let input = record.part(PartName::Input).expect("it is there").get();
    assert_eq!(input, r#"{"n":0.10,"n":1e400,"big":12345678901234567890123}"#);
    assert!(record.to_json().contains(input));
}

#[test]
fn errors_name_field_and_place_and_quote_nothing() {
    let secret = "hunter2-is-secret";
    for (text, code, says) in [
        ("", "invalid_json", "line 1"),
        ("[1]", "invalid_json", "not an object"),
        ("{\"action\":", "invalid_json", "ends too early"),
        ("{\"action\":\"x\",}", "invalid_json", "line 1, column 15"),
        ("{\n \"action\": 7}", "invalid_field", "line 2, column 12: `action` must be a text"),
        (
            r#"{"action":"hunter2-is-secret","target":"t","severity":"hunter2-is-secret"}"#,
            "invalid_field",
            "debug, info",
        ),
        (r#"{"action":"a","target":{"id":"t","kind":"hunter2-is-secret"}}"#, "invalid_field", "target.kind"),
        (r#"{"action":"a","target":{"id":"t","hunter2-is-secret":1}}"#, "unknown_field", "this name"),
        (r#"{"action":"a","target":"t","hunter2-is-secret":1}"#, "unknown_field", "this name"),
        (r#"{"action":"a","target":"t","colour":1}"#, "unknown_field", "`colour`"),
        (r#"{"action":"a","target":"t","id":"hunter2-is-secret"}"#, "invalid_field", "a UUID"),
        (r#"{"action":"a","target":"t","occurred":"hunter2-is-secret"}"#, "invalid_field", "RFC 3339"),
        (r#"{"action":"a","target":"t","duration_us":-1}"#, "invalid_field", "whole number"),
        (r#"{"action":"a","target":"t","tags":["a",1]}"#, "invalid_field", "list of texts"),
        (r#"{"action":"a","target":"t","phase":"hunter2-is-secret"}"#, "invalid_field", "intent, outcome or event"),
        (r#"{"action":"a","action":"b","target":"t"}"#, "duplicate_field", "`action`"),
        (r#"{"action":"a"}"#, "missing_field", "`target`"),
        (r#"{"target":"t"}"#, "missing_field", "`action`"),
        (r#"{"action":"","target":"t"}"#, "invalid_field", "not empty"),
        (r#"{"action":"a","target":{"kind":"file"}}"#, "missing_field", "target.id"),
    ] {
        let (message, found) = error(text);
        assert_eq!(found, code, "{text}: {message}");
        assert!(message.contains(says), "{text}: {message}");
        assert!(!message.contains(secret), "{text}: {message}");
    }
}

#[test]
fn depth_is_no_danger() {
    let deep = format!(r#"{{"action":"a","target":"t","input":{}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let record = Record::from_json(&deep, defaults()).expect("the policy refuses it, not the reader");
    assert!(record.part(PartName::Input).is_some());
}

#[test]
fn lone_surrogates_stay_in_parts_and_are_refused_in_names() {
    let record = Record::from_json(r#"{"action":"a","target":"t","input":"\ud800"}"#, defaults()).expect("it is JSON");
    assert_eq!(record.part(PartName::Input).map(serde_json::value::RawValue::get), Some(r#""\ud800""#));
    assert_eq!(error(r#"{"action":"\ud800","target":"t"}"#).1, "invalid_field");
    assert!(matches!(
        Record::from_json(r#"{"\ud800":1}"#, defaults()),
        Err(Error::Json { .. } | Error::UnknownField { .. })
    ));
}

proptest! {
    #[test]
    fn every_record_comes_back(record in records()) {
        let read = Record::from_json(&record.to_json(), defaults()).expect("what was written can be read");
        prop_assert_eq!(told(&read), told(&record));
    }

    #[test]
    fn garbage_is_refused_and_not_quoted(text in "\\PC{0,80}") {
        if let Err(error) = Record::from_json(&text, defaults()) {
            let message = error.to_string();
            prop_assert!(text.chars().count() < 12 || !message.contains(&text), "{}", message);
        }
    }
}

#[test]
fn a_record_holds_many_findings_and_violations() {
    let violation = |n: u64| Violation {
        id: format!("v{n}"),
        rule: format!("rule.{n}"),
        severity: Severity::Warning,
        message: format!("message {n}"),
        location: Some(Location { path: "src/a.rs".to_owned(), line: Some(n), column: None }),
    };
    let violations: Vec<Violation> = (1..=3).map(violation).collect();
    let findings: Vec<Finding> =
        (1..=3).map(|n| Finding::new("a.b", "sample", Severity::Info, format!("{n}"), None, &n.to_string())).collect();
    let mut record = event(1, "quality.check");
    record.set_violations(&violations);
    record.set_findings(&findings);
    let again = Record::from_json(&record.to_json(), defaults()).expect("it is a record");
    assert_eq!(again.violations().expect("they are violations"), violations);
    assert_eq!(again.findings().expect("they are findings"), findings);
    // The audit trail's shape has them under the same names.
    let ami = Dialect::named("ami").expect("it is one of ours");
    let told = ami.read(&ami.write(&record), defaults()).expect("it is our own");
    let rules =
        |record: &Record| record.violations().unwrap().into_iter().map(|v| (v.rule, v.location)).collect::<Vec<_>>();
    assert_eq!(rules(&told), rules(&record));
}

#[test]
fn what_is_not_said_of_a_records_weight_is_the_usual() {
    let record = Record::from_json(r#"{"action":"deploy.start","target":"web"}"#, defaults()).expect("it is enough");
    assert_eq!((record.severity, record.classification), (Severity::Info, Classification::Internal));
    let made = event(1, "x.y");
    assert_eq!((made.severity, made.classification), (Severity::Info, Classification::Internal));
    // The status is no field: it is what later records say, and without any of them it is `recorded`.
    let ami = Dialect::named("ami").expect("it is one of ours").write(&record);
    let told: serde_json::Value = serde_json::from_str(&ami).expect("it is JSON");
    assert_eq!(
        (&told["severity"], &told["classification"], &told["status"]),
        (&"info".into(), &"internal".into(), &"recorded".into())
    );
}
