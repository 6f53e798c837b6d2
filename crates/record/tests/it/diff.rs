//! Before and after as an RFC 6902 patch: another implementation applies it.

use proptest::prelude::*;
use sealbook_record::{PartName, Record};
use serde_json::Value;

use crate::fixture::event;

fn states(before: &str, after: &str) -> Record {
    let mut record = event(1, "x.y");
    record.set_part_json(PartName::Before, before).expect("it is JSON");
    record.set_part_json(PartName::After, after).expect("it is JSON");
    record
}

fn patch(before: &str, after: &str) -> String {
    states(before, after).diff().expect("both are there").to_string()
}

#[test]
fn what_changed_is_told() {
    for (before, after, expected) in [
        ("{}", "{}", "[]"),
        (r#"{"a":1}"#, r#"{"a": 1}"#, "[]"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, "[]"),
        (r#"{"a":"A"}"#, r#"{"a":"\u0041"}"#, "[]"),
        ("{}", r#"{"a":1}"#, r#"[{"op":"add","path":"/a","value":1}]"#),
        (r#"{"a":1}"#, "{}", r#"[{"op":"remove","path":"/a"}]"#),
        (r#"{"n":0.1}"#, r#"{"n":0.10}"#, r#"[{"op":"replace","path":"/n","value":0.10}]"#),
        ("1", "1e400", r#"[{"op":"replace","path":"","value":1e400}]"#),
        (r#"{"a/b~":{"c":[1,2]}}"#, r#"{"a/b~":{"c":[1,3]}}"#, r#"[{"op":"replace","path":"/a~1b~0/c/1","value":3}]"#),
        ("[1,2,3,4]", "[1,4]", r#"[{"op":"remove","path":"/2"},{"op":"remove","path":"/1"}]"#),
        ("[1,4]", "[1,2,3,4]", r#"[{"op":"add","path":"/1","value":2},{"op":"add","path":"/2","value":3}]"#),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, "[]"),
        ("{}", "[]", r#"[{"op":"replace","path":"","value":[]}]"#),
    ] {
        assert_eq!(patch(before, after), expected, "{before} to {after}");
    }
}

#[test]
fn absent_is_not_empty() {
    let mut record = event(1, "x.y");
    record.set_part_json(PartName::After, "{}").expect("it is JSON");
    assert!(record.diff().is_none());
    record.set_part_json(PartName::Before, "null").expect("it is JSON");
    assert_eq!(record.diff().expect("both are there").len(), 1);
}

#[test]
fn depth_is_no_danger() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(states(&deep("1"), &deep("2")).diff().expect("both are there").len(), 1);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_i64..9).prop_map(Value::from),
        "[a~/é]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[ab~/]{0,2}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn another_implementation_applies_it(before in values(), after in values()) {
        let patch: json_patch::Patch =
            serde_json::from_str(&patch(&before.to_string(), &after.to_string())).expect("it is RFC 6902");
        let mut patched = before.clone();
        json_patch::patch(&mut patched, &patch).expect("it applies");
        prop_assert_eq!(patched, after);
    }
}
