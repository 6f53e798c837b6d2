//! What passes the gateway, what does not, and what is on record of both.

use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;
use sealbook_gate::mcp::Recording;
use sealbook_gate::{Durability, Fail, GateOptions, Mode};
use sealbook_record::{Outcome, PartName, Severity};
use sealbook_testkit::corpus;

use crate::fixture::Book;
use crate::wire::{Setup, Wire, polite, silent};

const NO_DELETE: &str = "
id: no-delete
name: Nothing is deleted
effect: block
when: {field: target.id, matches: delete}
";

fn call(id: u32, tool: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"n":{id}}}}}}}"#
    )
}

fn observe() -> Setup {
    Setup { options: GateOptions { mode: Mode::Observe, ..GateOptions::default() }, ..Setup::default() }
}

#[test]
fn a_call_has_two_records_and_the_claim_is_apart_from_what_was_verified() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), polite());
    wire.send(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"clientInfo":{"name":"eve","version":"1"}}}"#);
    wire.line();
    wire.send(&call(1, "read"));
    assert_eq!(wire.line(), "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[]}}\n");
    wire.end();
    // The handshake is sealed soon, the call before it goes on: which comes first is not said.
    let story = book.story();
    assert_eq!((story[0].as_str(), story[5].as_str()), ("capture.open intent", "capture.open outcome ok"));
    for told in ["initialize event", "initialize.reply event ok", "tools.call intent", "tools.call outcome ok"] {
        assert!(story.contains(&told.to_owned()), "{story:?}");
    }
    let calls: Vec<_> = book.records().into_iter().filter_map(|stored| stored.record).collect();
    let calls: Vec<_> = calls.into_iter().filter(|record| record.action == "tools.call").collect();
    assert!(book.told().is_complete(), "{:?}", book.told());
    let intent = calls[0].clone();
    assert_eq!(intent.target.id, "files/read");
    assert_eq!(intent.part(PartName::Input).unwrap().get(), r#"{"n":1}"#);
    assert_eq!((intent.actor.id.as_str(), intent.actor.claimed.as_deref()), ("ann", Some("eve 1")));
    assert_eq!(intent.actor.verified.as_deref(), Some("uid:7"));
    let context: serde_json::Value = serde_json::from_str(intent.part(PartName::Context).unwrap().get()).unwrap();
    assert_eq!((&context["arguments"]["bytes"], &context["request"]), (&7.into(), &1.into()));
    assert_eq!(context["arguments"]["digest"].as_str().unwrap(), Book::policy().digest(br#"{"n":1}"#));
    assert!(intent.tags.contains(&"read".to_owned()) && intent.tags.contains(&"tool_execution".to_owned()));
    let outcome = calls[1].clone();
    assert_eq!(outcome.parent, Some(intent.id));
    assert_eq!(outcome.part(PartName::Result).unwrap().get(), r#"{"content":[]}"#);
    assert_eq!(outcome.part(PartName::Metadata).unwrap().get(), r#"{"result_bytes":14}"#);
}

#[test]
fn the_intent_is_in_the_book_when_the_server_sees_the_call() {
    let book = Book::new();
    let ledger = std::sync::Arc::clone(&book.ledger);
    let server = Box::new(move |_: &[u8]| {
        let size = ledger.reader().unwrap().size().unwrap();
        let last = ledger.reader().unwrap().record(size - 1).unwrap();
        let is_intent = last.record.is_some_and(|record| record.action == "tools.call");
        vec![format!("{{\"id\":1,\"result\":{is_intent}}}\n").into_bytes()]
    });
    let mut wire = Wire::new(&book, Setup::default(), server);
    wire.send(&call(1, "x"));
    assert_eq!(wire.answer()["result"], true);
    wire.end();
}

#[test]
fn a_blocked_call_never_reaches_the_server_and_the_model_is_told() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup { rules: NO_DELETE, ..Setup::default() }, polite());
    wire.send(&call(1, "delete_file").replace("\"id\":1", "\"id\":\"a b\""));
    let answer = wire.answer();
    assert_eq!(answer["id"], "a b");
    assert_eq!(answer["result"]["isError"], true);
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("Blocked by rule Nothing is deleted. The call did not run."), "{text}");
    wire.send(&call(2, "read_file"));
    assert_eq!(wire.answer()["id"], 2);
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), call(2, "read_file") + "\n");
    assert_eq!(book.story()[1], "tools.call event blocked");
    assert!(book.told().is_complete());
}

#[test]
fn observed_calls_pass_whatever_the_rules_say() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup { rules: NO_DELETE, ..observe() }, polite());
    wire.send(&call(1, "delete_file"));
    assert!(wire.answer()["result"].get("isError").is_none());
    wire.end();
    assert_eq!(book.story()[1..4], ["tools.call intent", "alert.raised event", "tools.call outcome ok"]);
}

#[test]
fn thirty_two_callers_at_once_get_their_own_answers_and_blocked_ones_are_seen_by_nobody() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup { rules: NO_DELETE, ..Setup::default() }, polite());
    for id in 0..320 {
        wire.send(&call(id, if id % 5 == 0 { "delete" } else { "read" }));
    }
    let mut answers: Vec<(u64, bool)> = Vec::new();
    for _ in 0..320 {
        let answer = wire.answer();
        answers.push((answer["id"].as_u64().unwrap(), answer["result"]["isError"] == true));
    }
    answers.sort_unstable();
    assert!(answers.iter().zip(0..).all(|((id, blocked), n)| *id == n && *blocked == (n % 5 == 0)));
    let (_, seen) = wire.end();
    assert!(!String::from_utf8(seen).unwrap().contains("delete"));
    assert!(book.told().is_complete());
    // A blocked call raises an alert.
    assert_eq!(book.records().len(), 2 + 2 * 64 + 2 * 256);
}

#[test]
fn every_kind_of_end_is_an_outcome() {
    let book = Book::new();
    let server = Box::new(|line: &[u8]| {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        match message["id"].as_u64() {
            Some(1) => vec![b"{\"id\":1.0,\"error\":{\"code\":-32602,\"message\":\"no such tool\"}}\n".to_vec()],
            Some(2) => vec![b"{\"id\":2,\"result\":{\"isError\":true,\"content\":[]}}\n".to_vec()],
            Some(4) => vec![b"{\"id\":3,\"result\":{\"late\":true}}\n{\"id\":4,\"result\":{}}\n".to_vec()],
            _ => Vec::new(),
        }
    });
    let mut wire = Wire::new(&book, Setup::default(), server);
    wire.send(&call(1, "fails"));
    wire.line();
    wire.send(&call(2, "reports_an_error"));
    wire.line();
    wire.send(&call(3, "is_cancelled"));
    wire.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#);
    wire.send(&call(4, "comes_after"));
    wire.line();
    wire.line();
    wire.send(&call(5, "is_never_answered"));
    wire.send(&call(6, "has_no_id").replace("\"id\":6,", ""));
    wire.end();
    let mut ends: Vec<String> = Vec::new();
    for record in book.records().into_iter().filter_map(|stored| stored.record) {
        if let Some(outcome) = record.outcome.filter(|_| record.action.starts_with("tools.call")) {
            assert_eq!(record.severity > Severity::Info, outcome != Outcome::Ok, "{record:?}");
            ends.push(format!("{} {} {}", record.action, record.target.id, outcome));
        }
    }
    ends.sort();
    let expected = [
        "tools.call files/comes_after ok",
        "tools.call files/fails failed",
        "tools.call files/has_no_id unknown",
        "tools.call files/is_cancelled cancelled",
        "tools.call files/is_never_answered unknown",
        "tools.call files/reports_an_error failed",
        "tools.call.late_reply files/is_cancelled ok",
    ];
    assert_eq!(ends, expected);
    assert!(book.told().is_complete(), "{:?}", book.told());
}

#[test]
fn requests_of_the_server_are_on_record_and_can_be_blocked() {
    let book = Book::new();
    let server = Box::new(|line: &[u8]| {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        if message["method"] == "tools/call" {
            let ask = r#"{"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{"maxTokens":5}}"#;
            let roots = r#"{"jsonrpc":"2.0","id":"s2","method":"roots/list"}"#;
            return vec![format!("{ask}\n{roots}\n").into_bytes()];
        }
        if message["id"] == "s1" {
            assert_eq!(message["error"]["code"], -32_000);
        }
        Vec::new()
    });
    let rules = "{id: no-sampling, effect: block, when: {field: action, equals: sampling.create_message}}";
    let mut wire = Wire::new(&book, Setup { rules, ..Setup::default() }, server);
    wire.send(&call(1, "asks_back"));
    assert_eq!(wire.answer()["method"], "roots/list", "the first was kept back");
    wire.send(r#"{"jsonrpc":"2.0","id":"s2","result":{"roots":[]}}"#);
    wire.end();
    let story = book.story();
    for told in ["sampling.create_message event blocked", "roots.list intent", "roots.list outcome ok"] {
        assert!(story.contains(&told.to_owned()), "{story:?}");
    }
    assert!(book.told().is_complete());
}

#[test]
fn a_batch_passes_whole_or_not_at_all() {
    let book = Book::new();
    let server = Box::new(|line: &[u8]| {
        let list: Vec<serde_json::Value> = serde_json::from_slice(line).unwrap();
        let replies: Vec<String> = list.iter().map(|m| format!("{{\"id\":{},\"result\":{{}}}}", m["id"])).collect();
        vec![format!("[{}]\n", replies.join(",")).into_bytes()]
    });
    let mut wire = Wire::new(&book, Setup { rules: NO_DELETE, ..Setup::default() }, server);
    let good = format!("[{}, {}]", call(1, "a"), call(2, "b"));
    wire.send(&good);
    assert_eq!(wire.answer().as_array().unwrap().len(), 2);
    wire.send(&format!("[{},{}]", call(3, "a"), call(4, "delete")));
    let answers = wire.answer();
    assert_eq!(answers[0]["error"]["code"], -32_000);
    assert_eq!(answers[1]["result"]["isError"], true);
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), good + "\n");
    assert!(book.told().is_complete());
    assert!(book.story().contains(&"tools.call outcome cancelled".to_owned()));
}

#[test]
fn what_two_readers_could_read_differently_is_answered_and_not_forwarded() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), polite());
    for (line, id, code) in [
        (r#"{"id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#, serde_json::json!(1), -32_600),
        (r#"{"id":2,"method":"tools/call","params":{"name":"a","Name":"b"}}"#, serde_json::json!(2), -32_600),
        (r#"{"id":3,"method":"ping"}{"id":4,"method":"tools/call"}"#, serde_json::Value::Null, -32_700),
        ("\u{feff}garbage", serde_json::Value::Null, -32_700),
    ] {
        wire.send(line);
        let answer = wire.answer();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &serde_json::json!(code)), "{line}");
    }
    wire.send(r#"{"method":"notifications/x","method":"tools/call"}"#);
    wire.send(r#"{"id":9,"method":"ping"}"#);
    assert_eq!(wire.answer()["id"], 9);
    let (_, seen) = wire.end();
    assert_eq!(seen, b"{\"id\":9,\"method\":\"ping\"}\n");
    assert_eq!(book.story().iter().filter(|told| *told == "message.refused event blocked").count(), 5);
}

#[test]
fn lines_beyond_the_bound_are_refused_or_pass_in_pieces() {
    let large = format!(
        r#"{{"id":7,"method":"tools/call","params":{{"name":"w","arguments":{{"x":"{}"}}}}}}"#,
        "y".repeat(100 << 20)
    );
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), silent());
    wire.send(&large);
    let answer = wire.answer();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&serde_json::json!(7), &serde_json::json!(-32_600)));
    assert!(wire.end().1.is_empty());

    let book = Book::new();
    let mut wire = Wire::new(&book, observe(), silent());
    wire.send(&large);
    let (_, seen) = wire.end();
    assert!(seen.len() == large.len() + 1 && seen.starts_with(large.as_bytes()));
    assert!(book.story().contains(&"message.malformed event".to_owned()));
}

#[test]
fn a_reply_beyond_the_bound_passes_and_ends_its_call() {
    let book = Book::new();
    let reply = format!("{{\"result\":{{\"x\":\"{}\"}},\"id\":1}}\n", "y".repeat(40 << 20));
    let own = reply.clone();
    let mut wire = Wire::new(&book, Setup::default(), Box::new(move |_| vec![own.clone().into_bytes()]));
    wire.send(&call(1, "much"));
    assert!(wire.line() == reply);
    wire.end();
    assert!(book.told().is_complete());
    let outcome = book.records()[2].record.clone().unwrap();
    assert_eq!(
        outcome.part(PartName::Result).unwrap().get(),
        format!(r#"{{"withheld":{{"line_bytes":{}}}}}"#, reply.len())
    );
}

#[test]
fn a_full_disk_closes_the_gate_and_says_so() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), polite());
    wire.send(&call(1, "a"));
    wire.line();
    book.set_full(true);
    wire.send(&call(2, "b"));
    let answer = wire.answer();
    assert_eq!(answer["result"]["isError"], true);
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("disk_full"));
    book.set_full(false);
    wire.send(&call(3, "c"));
    assert_eq!(wire.answer()["id"], 3);
    let (_, seen) = wire.end();
    assert!(!String::from_utf8(seen).unwrap().contains("\"b\""));
    assert!(book.story().contains(&"capture.gap event unknown".to_owned()));
}

#[test]
fn an_open_gate_passes_on_a_full_disk_and_seals_the_gap() {
    let book = Book::new();
    let options = GateOptions { fail: Fail::Open, ..GateOptions::default() };
    let mut wire = Wire::new(&book, Setup { options, ..Setup::default() }, polite());
    wire.send(&call(1, "a"));
    wire.line();
    book.set_full(true);
    wire.send(&call(2, "b"));
    assert!(wire.answer()["result"].get("isError").is_none());
    book.set_full(false);
    wire.end();
    assert!(book.story().contains(&"capture.gap event unknown".to_owned()));
}

#[test]
fn buffered_calls_are_all_sealed_in_the_end() {
    let book = Book::new();
    let options = GateOptions { durability: Durability::Buffered, ..GateOptions::default() };
    let mut wire = Wire::new(&book, Setup { options, ..Setup::default() }, polite());
    for id in 0..100 {
        wire.send(&call(id, "a"));
        wire.line();
    }
    wire.end();
    assert_eq!(book.records().len(), 202);
    assert!(book.told().is_complete());
}

#[test]
fn what_is_recorded_beside_calls_is_a_choice() {
    let lines = [
        r#"{"id":1,"method":"resources/read","params":{"uri":"file:///a"}}"#,
        r#"{"method":"notifications/initialized"}"#,
        r#"{"id":2,"method":"of/the/future","params":[1]}"#,
    ];
    for (recording, expected) in [(Recording::Calls, 0), (Recording::Requests, 2), (Recording::All, 3)] {
        let book = Book::new();
        let mut wire = Wire::new(&book, Setup { recording, ..Setup::default() }, silent());
        for line in lines {
            wire.send(line);
        }
        let (_, seen) = wire.end();
        assert_eq!(String::from_utf8(seen).unwrap(), lines.join("\n") + "\n");
        assert_eq!(book.records().len(), 2 + expected, "{recording:?}");
    }
}

#[test]
fn no_secret_of_a_message_is_in_the_book() {
    let book = Book::new();
    let secrets: Vec<String> = corpus::secrets().into_iter().map(|(_, secret)| secret).collect();
    let texts: Vec<String> = secrets.iter().map(|secret| corpus::quoted(secret)).collect();
    let own = texts.clone();
    let mut n = 0;
    let server = Box::new(move |line: &[u8]| {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        let (id, text) = (&message["id"], &own[n % own.len()]);
        n += 1;
        let reply = match (message["method"].as_str(), n % 3) {
            (Some("tools/list"), _) => {
                format!(r#"{{"id":{id},"result":{{"tools":[{{"name":"t{n}","description":{text}}}]}}}}"#)
            }
            (_, 0) => format!(r#"{{"id":{id},"error":{{"code":1,"message":{text}}}}}"#),
            (_, 1) => {
                format!(r#"{{"id":{id},"result":{{"content":[{{"type":"text","text":{text}}}],"isError":true}}}}"#)
            }
            _ => format!(r#"{{"id":{id},"result":{{"structuredContent":{{"x":[{text}]}}}}}}"#),
        };
        vec![(reply + "\n").into_bytes()]
    });
    let mut wire = Wire::new(&book, Setup { recording: Recording::All, ..Setup::default() }, server);
    for (id, text) in texts.iter().enumerate() {
        wire.send(&format!(
            r#"{{"id":{id},"method":"tools/call","params":{{"name":{text},"arguments":{{"a":{text}}}}}}}"#
        ));
        wire.line();
        wire.send(&format!(r#"{{"id":"l{id}","method":"tools/list"}}"#));
        wire.line();
        wire.send(&format!(r#"{{"id":"r{id}","method":"resources/read","params":{{"uri":{text}}}}}"#));
        wire.line();
    }
    wire.end();
    book.ledger.catch_up().unwrap();
    for name in ["book/ledger.db", "book/ledger.db-wal", "book/index.db", "book/index.db-wal"] {
        let bytes = std::fs::read(book.place.join(name)).unwrap_or_default();
        for secret in &secrets {
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{name} holds {secret}");
        }
    }
}

#[test]
fn a_server_that_never_answers_does_not_fill_the_memory() {
    let book = Book::new();
    let options = GateOptions { durability: Durability::Buffered, ..GateOptions::default() };
    let mut wire = Wire::new(&book, Setup { options, ..Setup::default() }, silent());
    for id in 0..10_001 {
        wire.send(&format!(r#"{{"id":{id},"method":"tools/list"}}"#));
    }
    let answer = wire.answer();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&10_000.into(), &(-32_600).into()));
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap().lines().count(), 10_000);
}

#[test]
fn a_client_that_hangs_up_in_the_middle_of_a_line_is_answered_by_nobody() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), polite());
    let line = call(1, "a");
    wire.to.as_mut().unwrap().write_all(&line.as_bytes()[..line.len() - 4]).unwrap();
    let (_, seen) = wire.end();
    assert!(seen.is_empty());
    assert!(book.told().is_complete());
}

#[test]
fn a_server_that_does_not_read_holds_the_client_back() {
    let book = Book::new();
    let (wait, go) = std::sync::mpsc::channel::<()>();
    let server = Box::new(move |_: &[u8]| {
        let _ = go.recv();
        Vec::new()
    });
    let wire = Wire::new(&book, observe(), server);
    let mut to = wire.to.as_ref().unwrap().try_clone().unwrap();
    let (sent, progress) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let line = format!("{{\"method\":\"x\",\"params\":\"{}\"}}\n", "y".repeat(1 << 20));
        for n in 0..64 {
            to.write_all(line.as_bytes()).unwrap();
            sent.send(n).unwrap();
        }
    });
    let mut last = 0;
    while let Ok(n) = progress.recv_timeout(Duration::from_secs(2)) {
        last = n;
    }
    assert!(last < 32, "{last} MiB were taken for a server that reads nothing");
    drop(wait);
    writer.join().unwrap();
    assert_eq!(wire.end().1.len(), 64 * ((1 << 20) + 27));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bytes_pass_unchanged_in_both_directions(
        up in proptest::collection::vec(line(), 0..24),
        down in proptest::collection::vec(line(), 0..24),
    ) {
        let book = Book::new();
        let down_bytes = down.concat();
        let mut answers = Some(down_bytes.clone());
        let server = Box::new(move |_: &[u8]| answers.take().into_iter().collect());
        let mut wire = Wire::new(&book, Setup { recording: Recording::All, ..observe() }, server);
            let up_bytes = [b"\n".as_slice(), &up.concat()].concat();
        wire.to.as_mut().unwrap().write_all(&up_bytes).unwrap();
        let (rest, seen) = wire.end();
        prop_assert_eq!(seen, up_bytes);
        prop_assert_eq!(rest, down_bytes);
    }
}

/// Lines of every sort: messages in odd forms, garbage, bytes.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let message = prop_oneof![
        Just(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":0.10}}}"#.to_owned()
        ),
        Just("  {\t\"id\" : 1e0 ,\r \"result\":{ } }  \r".to_owned()),
        Just(r#"{"id":null,"method":"x","method":"y","big":12345678901234567890123}"#.to_owned()),
        Just(r#"[{"id":1,"method":"tools/call"},{"id":"\ud800","method":"a"}]"#.to_owned()),
        Just(r#"{"id":"s","method":"sampling/createMessage","params":{}}"#.to_owned()),
        Just(String::new()),
        ".{0,40}",
    ];
    let text = message.prop_map(|text| text.replace('\n', " ").into_bytes());
    let bytes = proptest::collection::vec(any::<u8>(), 0..40).prop_map(|mut bytes| {
        bytes.retain(|byte| *byte != b'\n');
        bytes
    });
    prop_oneof![3 => text, 1 => bytes].prop_map(|mut line| {
        line.push(b'\n');
        line
    })
}
