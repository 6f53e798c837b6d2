//! One pass over a line: what it finds, and what it refuses.

use proptest::prelude::*;
use sealbook_gate::mcp::{Bad, Message, Peek, peek};

fn one(line: &str) -> Message<'_> {
    match peek(line.as_bytes(), true) {
        Ok(Peek::One(message)) => message,
        other => panic!("{line}: {other:?}"),
    }
}

fn refused(line: &str) -> Bad {
    peek(line.as_bytes(), true).expect_err(line)
}

#[test]
fn ids_of_every_type_and_fields_in_any_order_are_found() {
    for id in ["1", "-7", "0", "\"a\\\"b\"", "\"\"", "null", "1.5", "1e3", "12345678901234567890123"] {
        let line =
            format!(r#" {{ "params" : {{"name":"x","a":[1,{{"id":9}}]}} , "id" : {id}, "method":"tools\/call" }} "#);
        let message = one(&line);
        assert_eq!(message.id, Some(id));
        assert_eq!(message.method.as_deref(), Some("tools/call"));
        assert_eq!(message.params, Some(r#"{"name":"x","a":[1,{"id":9}]}"#));
    }
    assert_eq!(one(r#"{"m\u0065thod":"ping"}"#).method.as_deref(), Some("ping"));
    assert!(one(r#"{"result":{},"id":1}"#).is_reply());
    assert_eq!(one(r#"{"jsonrpc":"9.0","method":"of/the/future","more":[]}"#).id, None);
}

#[test]
fn batches_are_taken_apart() {
    let line = r#"[{"id":1,"method":"a"},{"id":1,"method":"b"}]"#;
    let Ok(Peek::Batch(messages)) = peek(line.as_bytes(), true) else { panic!("no batch") };
    assert_eq!(messages.iter().map(|m| m.method.as_deref().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(peek(b"[]", true), Ok(Peek::Batch(Vec::new())));
    assert_eq!(refused("[1]"), Bad::NoMessage);
    assert_eq!(refused(&format!("[{}]", vec![r#"{"method":"a"}"#; 1_001].join(","))), Bad::TooMany);
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    for line in [
        r#"{"method":"ping","method":"tools/call"}"#,
        r#"{"method":"ping","m\u0065thod":"tools/call"}"#,
        r#"{"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"method":"tools/call","params":{"arguments":{"path":"a","deep":[{"x":1,"x":2}]}}}"#,
        r#"[{"method":"a","method":"b"}]"#,
        r#"{"method":"ping","Method":"tools/call"}"#,
        r#"{"method":"tools/call","params":{"arguments":{},"Arguments":{}}}"#,
        r#"{"method":"tools/call","params":{"arguments":{"a":1,"A":2,"A":3}}}"#,
        r#"{"method":"tools/call","params":{"x":1,"X":2}}"#,
    ] {
        assert_eq!(refused(line), Bad::Duplicate, "{line}");
        assert!(peek(line.as_bytes(), false).is_ok(), "{line}");
    }
    for line in [r#"{"Method":"tools/call"}"#, r#"{"method":"ping","paramſ":{}}"#] {
        assert_eq!(refused(line), Bad::Lookalike, "{line}");
    }
    assert_eq!(refused("{\"x\":\r{\"method\":\"tools/call\"}\r,\"method\":\"ping\"}"), Bad::LineBreak);
    assert_eq!(one("{\"method\":\"ping\"}\r").method.as_deref(), Some("ping"));
    assert_eq!(refused(r#"{"method":["tools/call"]}"#), Bad::NoMessage);
    for (line, twins) in [
        (r#"{"method":"tools/call","params":{"arguments":{"deep":[{"path":"a","Path":"b"}]}}}"#, &["path"][..]),
        (r#"{"method":"tools/call","params":{"arguments":{"key":1,"\u212Aey":2}}}"#, &["key"]),
        (r#"{"method":"tools/call","params":{"arguments":{"ΟΔΟΣ":1,"οδος":2}}}"#, &["οδοσ"]),
        (r#"{"method":"tools/call","params":{"arguments":{"a":1,"b":{"A":2}}}}"#, &[]),
    ] {
        assert_eq!(one(line).twins, twins, "{line}");
    }
    // A byte order mark before it changes nothing of what it says.
    assert_eq!(one("\u{feff}{\"method\":\"ping\"}").method.as_deref(), Some("ping"));
    // The same key in two objects is no duplicate.
    one(r#"{"method":"a","params":{"method":"b","list":[{"x":1},{"x":2}]}}"#);
}

#[test]
fn what_is_no_json_is_refused() {
    for line in [
        "{",
        "}",
        "{\"method\"}",
        "{\"method\":}",
        "{\"method\":\"a\",}",
        "{,}",
        "[1,",
        "nul",
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        "NaN",
        "{\"method\":\"a\"}{\"method\":\"b\"}",
        "{'method':'a'}",
        "{\"method\":\"a\" /* x */}",
        "\"\\x\"",
        "\"\\u12g4\"",
        "{\"method\":\"a\tb\"}",
        "\u{feff}\u{feff}{\"method\":\"a\"}",
        "{\"method\":\"a\"}\u{2028}",
        "[}",
        "{\"a\":[}",
    ] {
        assert_eq!(refused(line), Bad::Syntax, "{line}");
    }
    assert_eq!(peek(b"{\"method\":\"\xff\"}", true), Err(Bad::NotUtf8));
    assert_eq!(refused("true"), Bad::NoMessage);
    assert_eq!(refused("{}"), Bad::NoMessage);
    assert_eq!(peek(b" \t ", true), Ok(Peek::Blank));
    assert_eq!(peek(b"", true), Ok(Peek::Blank));
}

#[test]
fn depth_is_bounded_and_costs_no_stack() {
    let nested = |depth: usize| format!(r#"{{"method":"a","params":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    // Rules look no deeper.
    one(&nested(128));
    assert_eq!(refused(&nested(129)), Bad::TooDeep);
    assert!(peek(nested(512).as_bytes(), false).is_ok());
    assert_eq!(peek(nested(513).as_bytes(), false), Err(Bad::TooDeep));
    let in_a_text = |depth: usize| {
        let text = serde_json::json!(format!("{}1{}", "[".repeat(depth), "]".repeat(depth)));
        format!(r#"{{"method":"a","params":{{"x":{text}}}}}"#)
    };
    one(&in_a_text(128));
    assert_eq!(refused(&in_a_text(129)), Bad::TooDeep);
    assert_eq!(refused(&"[".repeat(10 << 20)), Bad::TooDeep);
}

#[test]
fn many_keys_take_no_more_than_their_share_of_time() {
    let fields: Vec<String> = (0..200_000).map(|n| format!("\"k{n}\":{n}")).collect();
    one(&format!(r#"{{"method":"a","params":{{{}}}}}"#, fields.join(",")));
}

/// JSON values, printed with spaces now and then.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<i32>().prop_map(|n| serde_json::json!(f64::from(n) / 4.0)),
        ".{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::hash_map(".{0,8}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = peek(&bytes, true);
        let _ = peek(&bytes, false);
    }

    #[test]
    fn almost_json_is_read_as_the_reference_reads_it(text in r#"[\[\]{}",:0-9.eE+\-a-cntrufls\\ ]{0,40}"#) {
        let ours = peek(text.as_bytes(), false);
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        if !text.trim().is_empty() {
            prop_assert_eq!(matches!(ours, Ok(_) | Err(Bad::NoMessage)), theirs.is_ok(), "{:?} {:?}", ours, text);
        }
    }

    #[test]
    fn every_message_is_found(id in any::<i64>(), method in ".{0,20}", params in json(), pretty in any::<bool>()) {
        let message = serde_json::json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let line = if pretty { serde_json::to_string_pretty(&message).unwrap() } else { message.to_string() };
        let found = one(&line);
        prop_assert_eq!(found.id.unwrap(), id.to_string());
        prop_assert_eq!(found.method.as_deref().unwrap(), method);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(found.params.unwrap()).unwrap(), params);
    }

    #[test]
    fn no_beginning_of_a_message_is_one(params in json(), cut in 0.0..1.0) {
        let line = serde_json::json!({"id": 1, "method": "tools/call", "params": params}).to_string();
        let at = (line.len() as f64 * cut) as usize;
        prop_assume!(at > 0);
        prop_assert!(peek(&line.as_bytes()[..at], true).is_err());
    }
}
