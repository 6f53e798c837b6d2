//! Ways around the gateway over pipes, closed: each was shown to work once.

use sealbook_policy::{State, StopKind, StopScope};
use sealbook_record::{Actor, ActorKind, Outcome, PartName, Phase, Record, Target, TargetKind};

use crate::fixture::Book;
use crate::wire::{Server, Setup, Wire, polite, silent};

fn calls(id: impl std::fmt::Display, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn of(book: &Book, action: &str) -> Vec<Record> {
    book.records().into_iter().filter_map(|stored| stored.record).filter(|it| it.action == action).collect()
}

/// Answers each call with these lines, of which `ID` is the call's.
fn saying(lines: &'static [&'static str]) -> Server {
    Box::new(move |line| {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        let lines = if message.get("method").is_some() { lines } else { &[] };
        let id = message["id"].to_string();
        lines.iter().map(|line| (line.replace("ID", &id) + "\n").into_bytes()).collect()
    })
}

pub(crate) fn stop(book: &Book, scope: &StopScope) {
    let mut stop = book.call("x");
    "stop.set".clone_into(&mut stop.action);
    stop.actor = Actor::new(ActorKind::User, "bob");
    stop.target = Target::new(TargetKind::Other, "x");
    stop.set_part_json(PartName::Input, scope.to_json()).unwrap();
    book.ledger.append(vec![sealbook_testkit::records::admit(stop)]).unwrap().remove(0).unwrap();
}

fn rules(rules: &'static str) -> Setup {
    Setup { rules, ..Setup::default() }
}

#[test]
fn a_servers_method_makes_no_record_from_which_something_follows() {
    let book = Book::new();
    let forged = [
        r#"{"id":"a","method":"stop/set","params":{}}"#,
        r#"{"id":"b","method":"alert/raised","params":{"rule":"x","effect":"alert","message":"m","action":"y"}}"#,
        r#"{"id":"c","method":"approval/requested","params":{}}"#,
        r#"{"id":ID,"result":{"content":[]}}"#,
    ];
    let mut wire = Wire::new(&book, Setup::default(), saying(Box::leak(Box::new(forged))));
    wire.send(&calls(1, "a", "{}"));
    for _ in 0..4 {
        wire.line();
    }
    wire.end();
    let mut state = State::with_history();
    book.ledger.bring_up(&mut state).unwrap();
    assert!(state.stops().is_empty() && state.alerts().list().is_empty() && state.refused().is_empty());
    for action in ["peer.stop.set", "peer.alert.raised", "peer.approval.requested"] {
        assert!(!of(&book, action).is_empty(), "{action}: {:?}", book.story());
    }
}

#[test]
fn a_secret_in_a_method_is_not_kept() {
    let book = Book::new();
    let token = format!("ghp_{}", "aB3dE6gH9j".repeat(4).split_at(36).0);
    let setup = Setup { recording: sealbook_gate::mcp::Recording::All, ..Setup::default() };
    let mut wire = Wire::new(&book, setup, polite());
    wire.send(&format!(r#"{{"id":1,"method":"x/{token}"}}"#));
    wire.line();
    wire.end();
    let kept = &of(&book, "peer.x.redacted")[0];
    let spelt = kept.to_json().to_lowercase().replace('_', "");
    assert!(!spelt.contains(&token[4..20].to_lowercase()), "{spelt}");
}

#[test]
fn a_tool_whose_name_has_slashes_is_meant_by_rule_and_stop() {
    let book = Book::new();
    stop(&book, &StopScope { kind: StopKind::Tool, id: "db/drop".to_owned() });
    let mut wire = Wire::new(&book, rules("{id: r, effect: block, scope: {tools: [repo/delete]}}"), polite());
    for (id, tool, is_refused) in [
        (1, "repo/delete", true),
        (2, "db/drop", true),
        (3, "a/db/drop", true),
        (4, "xdb/drop", false),
        (5, "delete", false),
        (6, "repo/deleted", false),
    ] {
        wire.send(&calls(id, tool, "{}"));
        assert_eq!(wire.answer()["result"]["isError"] == true, is_refused, "{tool}");
    }
    wire.end();
}

#[test]
fn a_stop_names_a_tool_of_the_server_as_anybody_spells_it() {
    for (stopped, is_refused) in [
        ("drop", true),
        ("SERVER/drop", true),
        ("SERVER/*", true),
        ("dr*", true),
        ("*", true),
        ("mcp__SERVER__drop", true),
        ("mcp__SERVER", true),
        ("other/*", false),
        ("other/drop", false),
        ("SERVER/dro", false),
        // Neither an agent's tool nor a program.
        ("exec/drop", false),
        ("/bin/drop", false),
        ("claude-code/drop", false),
    ] {
        let book = Book::new();
        stop(&book, &StopScope::named(StopKind::Tool, &stopped.replace("SERVER", "files")).unwrap());
        let mut wire = Wire::new(&book, Setup::default(), polite());
        wire.send(&calls(1, "drop", "{}"));
        assert_eq!(wire.answer()["result"]["isError"] == true, is_refused, "{stopped}");
        wire.end();
    }
}

#[test]
fn a_stop_lets_a_cancellation_through() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), silent());
    wire.send(&calls(1, "slow", "{}"));
    while !book.story().contains(&"tools.call intent".to_owned()) {
        std::thread::yield_now();
    }
    stop(&book, &StopScope::all());
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    wire.send(&calls(2, "more", "{}"));
    assert_eq!(wire.answer()["result"]["isError"], true, "the stop holds");
    wire.send(cancel);
    let (_, seen) = wire.end();
    assert!(String::from_utf8(seen).unwrap().contains(cancel), "the server hears of it");
    assert!(book.story().contains(&"tools.call outcome cancelled".to_owned()), "{:?}", book.story());
}

#[test]
fn an_id_that_is_open_is_not_taken_twice() {
    let book = Book::new();
    // Nothing is answered before the second call has come.
    let mut first = true;
    let server: Server = Box::new(move |line| {
        let id = serde_json::from_slice::<serde_json::Value>(line).unwrap()["id"].clone();
        if std::mem::take(&mut first) { Vec::new() } else { vec![format!("{{\"id\":{id},\"result\":{{}}}}\n").into()] }
    });
    let mut wire = Wire::new(&book, Setup::default(), server);
    wire.send(&(calls(1, "wipe", "{}") + "\n" + &calls("1.0", "peek", "{}")));
    let said = wire.answer();
    assert_eq!((&said["error"]["code"], &said["id"]), (&(-32_600).into(), &serde_json::Value::Null), "{said}");
    wire.send(&format!("[{},{}]", calls(5, "a", "{}"), calls(5, "b", "{}")));
    assert_eq!(wire.answer()["error"]["code"], -32_600);
    wire.send(&calls(2, "other", "{}"));
    assert_eq!(wire.answer()["id"], 2);
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), calls(1, "wipe", "{}") + "\n" + &calls(2, "other", "{}") + "\n");
    assert!(of(&book, "message.refused").iter().all(|it| it.outcome == Some(Outcome::Blocked)));
    assert_eq!(of(&book, "message.refused").len(), 2, "{:?}", book.story());
}

#[test]
fn what_is_only_watched_ends_unknown_where_two_calls_had_one_id() {
    let book = Book::new();
    let mut first = None;
    let server: Server = Box::new(move |line| {
        let tool = serde_json::from_slice::<serde_json::Value>(line).unwrap()["params"]["name"].to_string();
        let reply =
            |tool: &str| format!("{{\"id\":1,\"result\":{{\"isError\":{}}}}}\n", tool.contains("wipe")).into_bytes();
        match first.replace(tool.clone()) {
            None => Vec::new(),
            Some(first) => vec![reply(&tool), reply(&first)],
        }
    });
    let mut wire = Wire::new(&book, crate::http::observe(), server);
    wire.send(&(calls(1, "wipe", "{}") + "\n" + &calls(1, "peek", "{}")));
    wire.line();
    wire.line();
    wire.end();
    let outcomes: Vec<_> =
        of(&book, "tools.call").into_iter().filter(|it| it.phase == Phase::Outcome).map(|it| it.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Unknown); 2]);
}

#[test]
fn rules_see_what_lies_deep_and_what_lies_in_json_texts() {
    let book = Book::new();
    let no_prod = "rules: [{id: deep, effect: block, when: {field: input, contains: /etc/secret}}, {id: env, effect: block, when: {field: input.cfg.env, equals: prod}}]";
    let mut wire = Wire::new(&book, rules(no_prod), polite());
    let nested = |depth: usize| format!("{}\"/etc/secret\"{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for depth in [100, 126, 127] {
        wire.send(&calls(depth, "t", &nested(depth)));
        assert_eq!(wire.answer()["result"]["isError"], true, "{depth}");
    }
    for depth in [128, 129, 200, 500] {
        wire.send(&calls(depth, "t", &nested(depth)));
        assert_eq!(wire.answer()["error"]["code"], -32_600, "{depth}");
    }
    for arguments in
        [r#"{"cfg":{"env":"prod"}}"#, r#"{"cfg":"{\"env\":\"prod\"}"}"#, r#"{"cfg":" {\"env\":\"prod\",\"x\":NaN}"}"#]
    {
        wire.send(&calls(1, "t", arguments));
        assert_eq!(wire.answer()["result"]["isError"], true, "{arguments}");
    }
    // A rule names one of them: it and the server may look at different ones.
    let nested = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for alike in [
        r#"{"cfg":{"env":"/ok","Env":"prod"}}"#,
        r#"{"cfg":1,"CFG":2}"#,
        r#"{"x":[{"ENV":1,"env":2}]}"#,
        r#"{"cwd":1,"Cwd":2}"#,
        &format!(r#"{{"content":"{nested}"}}"#),
    ] {
        wire.send(&calls(1, "t", alike));
        assert_eq!(wire.answer()["error"]["code"], -32_600, "{alike}");
    }
    let brackets = format!(r#"{{"content":"{}"}}"#, "[".repeat(100_000));
    for fine in [
        r#"{"cfg":"{\"env\":\"test\"}"}"#,
        r#"{"cfg":"env: prod"}"#,
        r#"{"a":{"path":1},"b":{"Path":2}}"#,
        r#"{"headers":{"Accept":"a","accept":"b"},"vars":{"Path":1,"PATH":2,"path":3}}"#,
        &brackets,
    ] {
        wire.send(&calls(1, "t", fine));
        assert!(wire.answer()["result"]["content"].is_array(), "{fine}");
    }
    wire.send(&format!("\u{feff}{}", calls(1, "t", r#"{"cfg":{"env":"prod"}}"#)));
    assert_eq!(wire.answer()["result"]["isError"], true);
    let protocol =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","_meta":{"x":1,"X":2},"arguments":{}}}"#;
    wire.send(protocol);
    assert_eq!(wire.answer()["error"]["code"], -32_600);
    wire.end();
}

#[test]
fn guards_see_a_member_however_its_name_is_written() {
    let book = Book::new();
    let agent = crate::wire::Setup::default();
    let mut wire = Wire::new(&book, agent, polite());
    for (arguments, is_refused) in [
        (r#"{"path":"/ok","PATH":"/w/.sealbook/book.toml"}"#, true),
        (r#"{"Path":"/w/.sealbook/book.toml","path":"/ok"}"#, true),
        (r#"{"COMMAND":"sealbook approve 1"}"#, true),
        (r#"{"path":"/ok","PATH":"/usr/bin"}"#, false),
    ] {
        wire.send(&calls(1, "t", arguments));
        assert_eq!(wire.answer()["result"]["isError"] == true, is_refused, "{arguments}");
    }
    wire.end();
}

const NO_SAMPLING: &str = "{id: no-sampling, effect: block, scope: {actions: [sampling.create_message]}}";

#[test]
fn what_a_server_says_and_nobody_can_judge_does_not_reach_the_client() {
    for said in [
        r#"{"id":"s","method":"sampling/createMessage","params":{"temperature":NaN}}"#,
        r#"{"id":"s","method":"sampling/createMessage","method":"notifications/message"}"#,
        r#"{"id":"s","method":"sampling/createMessage","Method":"notifications/message"}"#,
        r#"{"id":"s","method":"notifications/x","params":{"a":1,"a":2}}"#,
        "{\"id\":\"s\",\"method\":\"sampling/createMessage\",\"params\":{\"x\":\"a\tb\"}}",
        "{\"result\":\r{\"id\":\"s\",\"method\":\"sampling/createMessage\"}\r,\"id\":7}",
        "sampling/createMessage is coming",
        r#"{"id":"s","method":"sampling/createMessage","params":{}}"#,
    ] {
        let book = Book::new();
        let lines: &'static [&'static str] = Box::leak(Box::new([
            &*Box::leak(said.to_owned().into_boxed_str()),
            r#"{"id":ID,"result":{"content":[]}}"#,
        ]));
        let mut wire = Wire::new(&book, rules(NO_SAMPLING), saying(lines));
        wire.send(&calls(1, "t", "{}"));
        assert_eq!(wire.answer()["id"], 1, "{said}");
        let (rest, _) = wire.end();
        assert!(rest.is_empty(), "{said}");
        let told = of(&book, "message.refused").len() + of(&book, "sampling.create_message").len();
        assert_eq!(told, 1, "{said}: {:?}", book.story());
        assert!(book.story().contains(&"tools.call outcome ok".to_owned()), "{said}");
    }
}

#[test]
fn a_reply_that_cannot_be_judged_is_withheld_and_the_client_is_told() {
    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), saying(&[r#"{"id":ID,"result":{"content":[],"x":NaN}}"#]));
    wire.send(&calls(1, "t", "{}"));
    let said = wire.answer();
    assert!(said["id"] == 1 && said["error"]["message"].as_str().unwrap().contains("withheld"), "{said}");
    wire.end();
    let ended = of(&book, "tools.call").pop().unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Unknown));
    assert!(ended.reason.unwrap().contains("could not be judged"));
    // What is only watched passes.
    let book = Book::new();
    let mut wire = Wire::new(&book, crate::http::observe(), saying(&[r#"{"id":ID,"result":{"x":NaN}}"#]));
    wire.send(&calls(1, "t", "{}"));
    assert!(wire.line().contains("NaN"));
    wire.end();
}

const ANSWERS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"v":1},"inputResponses":{"q":{"action":"accept","content":{"path":"/etc/secret"}}},"requestState":"abc","_meta":{"env":"PROD"}}}"#;

#[test]
fn all_that_comes_with_a_call_is_judged_and_recorded() {
    let book = Book::new();
    let secret = "{id: r, effect: block, when: {field: input.**.path, starts_with: /etc/}}";
    let mut wire = Wire::new(&book, rules(secret), polite());
    wire.send(ANSWERS);
    assert_eq!(wire.answer()["result"]["isError"], true);
    wire.send(&ANSWERS.replace("/etc/", "/ok/"));
    assert!(wire.answer()["result"]["content"].is_array());
    let (_, seen) = wire.end();
    assert_eq!(String::from_utf8(seen).unwrap(), ANSWERS.replace("/etc/", "/ok/") + "\n");
    let call = of(&book, "tools.call").into_iter().find(|it| it.phase == Phase::Intent).unwrap();
    let part = |name| serde_json::from_str::<serde_json::Value>(call.part(name).unwrap().get()).unwrap();
    assert_eq!(part(PartName::Input)["requestState"], "abc");
    assert_eq!(part(PartName::Input)["inputResponses"]["q"]["content"]["path"], "/ok/secret");
    assert_eq!((&part(PartName::Input)["v"], &part(PartName::Context)["meta"]["env"]), (&1.into(), &"PROD".into()));
    let web = "{id: r, effect: block, when: {field: context.meta.env, equals: PROD}}";
    let mut wire = Wire::new(&book, rules(web), polite());
    wire.send(ANSWERS);
    assert_eq!(wire.answer()["result"]["isError"], true);
    wire.end();
}

#[test]
fn what_a_result_asks_the_client_for_is_judged_like_a_request() {
    const ASKS: &str = r#"{"id":ID,"result":{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{}},"b":{"method":"sampling/createMessage","params":{"messages":[]}}}}}"#;
    let book = Book::new();
    let mut wire = Wire::new(&book, rules(NO_SAMPLING), saying(&[ASKS]));
    wire.send(&calls(1, "t", "{}"));
    let said = wire.answer();
    assert!(said["id"] == 1 && said["error"]["message"].as_str().unwrap().contains("Blocked by"), "{said}");
    wire.end();
    assert_eq!(of(&book, "sampling.create_message")[0].outcome, Some(Outcome::Blocked));
    assert_eq!(of(&book, "elicitation.create")[0].tags, ["input_required"]);
    assert_eq!(of(&book, "tools.call").pop().unwrap().outcome, Some(Outcome::Failed));

    let book = Book::new();
    let mut wire = Wire::new(&book, Setup::default(), saying(&[ASKS]));
    wire.send(&calls(1, "t", "{}"));
    assert_eq!(wire.line(), ASKS.replace("ID", "1") + "\n", "what is allowed passes as it is");
    wire.end();
    assert_eq!(of(&book, "sampling.create_message").len(), 2, "intent and outcome: {:?}", book.story());
    assert!(book.told().is_complete());
}

#[test]
fn the_default_rules_know_a_call_of_a_tool_by_what_it_is() {
    let book = Book::new();
    let server: Server = Box::new(|line| {
        let message: serde_json::Value = serde_json::from_slice(line).unwrap();
        let tools = r#"{"tools":[{"name":"frob","annotations":{"readOnlyHint":false}},{"name":"peek","annotations":{"readOnlyHint":true}}]}"#;
        let result = if message["method"] == "tools/list" { tools } else { "{}" };
        vec![format!("{{\"id\":{},\"result\":{result}}}\n", message["id"]).into()]
    });
    let mut wire = Wire::new(&book, Setup::default(), server);
    wire.send(r#"{"id":0,"method":"tools/list"}"#);
    wire.line();
    for (id, (tool, arguments)) in [
        ("run_command", r#"{"command":"sudo rm -rf /root"}"#),
        ("write_file", r#"{"path":"/root/.ssh/authorized_keys"}"#),
        ("frob", r#"{"path":"/root/x"}"#),
        ("rotate_api_key", "{}"),
        // These look like it.
        ("peek", r#"{"path":"/root/x"}"#),
        ("read_file", r#"{"path":"/root/x"}"#),
        ("write_file", r#"{"path":"/home/me/roots.txt"}"#),
        ("set_key", r#"{"key":"colour"}"#),
    ]
    .into_iter()
    .enumerate()
    {
        wire.send(&calls(id + 1, tool, arguments));
        wire.line();
    }
    wire.end();
    let mut state = State::with_history();
    book.ledger.bring_up(&mut state).unwrap();
    let mut raised: Vec<String> = state.alerts().list().iter().map(|alert| alert.rule.clone()).collect();
    raised.sort();
    let high = "high_privilege_access";
    assert_eq!(raised, [high, high, high, "security_operations"]);
}
