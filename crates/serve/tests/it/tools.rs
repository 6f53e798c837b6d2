//! What each tool answers, and what it leaves behind.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealbook_serve::mcp::Server;
use sealbook_store::{Ledger, Options};
use sealbook_testkit::Place;
use serde_json::{Value, json};

use crate::fixture::{Client, World};

#[tokio::test(flavor = "multi_thread")]
async fn tools_say_what_they_take_give_and_change() {
    let world = World::new();
    let client = world.client().await;
    let tools = client.tools().await;
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
    for name in [
        "audit_trail",
        "audit_file",
        "audit_git",
        "audit_module",
        "audit_services",
        "verify_audit_chain",
        "query_audit_trail",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    for tool in &tools {
        assert_eq!(tool.input_schema["type"], "object", "{}", tool.name);
        assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object", "{}", tool.name);
        let annotations = tool.annotations.as_ref().unwrap();
        let reads =
            tool.name.starts_with("list_") || tool.name.starts_with("verify_") || tool.name.starts_with("query_");
        assert_eq!(annotations.read_only_hint, Some(reads), "{}", tool.name);
        assert_eq!(annotations.destructive_hint, Some(tool.name == "emergency_stop"), "{}", tool.name);
    }
    // Nothing that needs an approver is a tool.
    let words: BTreeSet<&str> = names.iter().flat_map(|name| name.split('_')).collect();
    for never in ["approve", "deny", "resume", "rule", "key", "erase"] {
        assert!(!words.contains(never), "{never}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trails_schema_has_every_argument_that_is_read() {
    let world = World::new();
    let client = world.client().await;
    let tools = client.tools().await;
    let schema = &tools.iter().find(|tool| tool.name == "audit_trail").unwrap().input_schema;
    assert_eq!(schema["required"], json!(["action"]));
    let text = serde_json::to_string(schema).unwrap();
    for action in ["search", "verify_integrity", "compliance_report", "review_compliance", "add_compliance_rule"] {
        assert!(text.contains(&format!("\"{action}\"")), "{action}: {text}");
    }
    let properties = schema["properties"].as_object().unwrap();
    for argument in [
        "filters",
        "tenant_id",
        "start_date",
        "end_date",
        "action_description",
        "context",
        "domain",
        "rule",
        "limit",
        "start_id",
        "end_id",
    ] {
        assert!(properties.contains_key(argument), "{argument}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_found_by_action_user_and_time() {
    let world = World::new();
    world.seal("file.write", "src/a.rs", r#"{"size":0.10,"big":12345678901234567890123}"#);
    world.seal("file.read", "src/b.rs", "{}");
    let client = world.client().await;

    let found = client.ok("query_audit_trail", json!({"action": "file.*", "user": "bob", "since": "1 hour ago"})).await;
    let actions: Vec<_> = found["results"].as_array().unwrap().iter().map(|row| &row["record"]["action"]).collect();
    assert_eq!(actions, ["file.read", "file.write"]);
    // A value cannot hold every number: what it would change is text there, and as it was in the text.
    assert_eq!(found["results"][1]["record"]["input"], json!({"size": "0.10", "big": "12345678901234567890123"}));
    let whole = client.call("query_audit_trail", json!({"action": "file.write"})).await;
    let text = &whole.content[0].as_text().unwrap().text;
    assert!(text.contains(r#"{"size":0.10,"big":12345678901234567890123}"#), "{text}");

    let none = client.ok("query_audit_trail", json!({"user": "nobody"})).await;
    assert_eq!(none["results"], json!([]));
    let first = client.ok("query_audit_trail", json!({"user": "bob", "limit": 1})).await;
    let second = client.ok("query_audit_trail", json!({"user": "bob", "limit": 1, "cursor": first["next"]})).await;
    assert_ne!(first["results"], second["results"]);
    assert_eq!(second["results"][0]["record"]["action"], "file.write");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_is_cut_and_goes_on() {
    let world = World::new();
    for number in 0..4 {
        world.seal("file.write", "a", &format!(r#"{{"n":{number},"text":"{}"}}"#, "x y ".repeat(100_000)));
    }
    let client = world.client().await;
    let mut cursor = json!(null);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let mut asked = json!({"action": "file.write"});
        if !cursor.is_null() {
            asked["cursor"] = cursor;
        }
        let page = client.ok("query_audit_trail", asked).await;
        let rows = page["results"].as_array().unwrap();
        assert!((1..=2).contains(&rows.len()));
        seen.extend(rows.iter().map(|row| row["record"]["input"]["n"].as_u64().unwrap()));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, [3, 2, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_is_verified_whole_and_in_part() {
    let world = World::new();
    world.seal("file.write", "a", "{}");
    let client = world.client().await;
    let whole = client.ok("verify_audit_chain", json!({})).await;
    let verification = &whole["verification"];
    assert_eq!((&verification["valid"], &verification["errors"]), (&json!(true), &json!([])));
    assert_eq!(verification["verified_entries"], verification["total_entries"]);
    let part = client.ok("audit_trail", json!({"action": "verify_integrity", "start_id": "1", "end_id": "1"})).await;
    assert_eq!(part["verification"]["valid"], true);
    let told = client.refused("verify_audit_chain", json!({"start_id": "ffffffffffffffff"})).await;
    assert_eq!(told["code"], "record_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_chain_is_an_answer_and_no_error() {
    let mut world = World::new();
    world.seal("file.write", "a", "{}");
    let layout = world.place.layout();
    let reopen = |world: &mut World, open: fn(_, _) -> _| {
        // The engine gathers what was written into the one file when the last handle closes.
        world.ledger = Arc::new(Ledger::create(Place::new().layout(), "none", Options::default(), None).unwrap());
        let ledger: Result<Ledger, sealbook_store::Error> = open(world.place.layout(), Options::default());
        world.ledger = Arc::new(ledger.unwrap());
    };
    reopen(&mut world, Ledger::open);
    let older = std::fs::read(layout.ledger_db()).unwrap();
    world.seal("file.write", "b", "{}");
    reopen(&mut world, Ledger::open_read_only);
    // An older copy of the book, beside the head of the newer one.
    let _ = std::fs::remove_file(layout.ledger_db().with_extension("db-wal"));
    let _ = std::fs::remove_file(layout.ledger_db().with_extension("db-shm"));
    std::fs::write(layout.ledger_db(), older).unwrap();
    reopen(&mut world, Ledger::open_read_only);
    let client = world.client().await;
    let told = client.ok("verify_audit_chain", json!({})).await;
    assert_eq!(told["verification"]["valid"], false, "{told}");
    assert!(!told["verification"]["errors"].as_array().unwrap().is_empty(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_audited_with_its_history() {
    let world = World::new();
    world.repository(3);
    let client = world.client().await;
    let told = client.ok("audit_file", json!({"file_path": "a.txt"})).await;
    assert_eq!((&told["complete"], &told["observed"][0]["record"]["target"]["id"]), (&json!(true), &json!("a.txt")));
    let told = client.ok("audit_file", json!({"file_path": "a.txt", "include_git": true})).await;
    let kinds: Vec<_> = told["observed"].as_array().unwrap().iter().map(|row| &row["record"]["action"]).collect();
    assert_eq!(kinds.iter().filter(|kind| ***kind == json!("git.commit")).count(), 3, "{kinds:?}");
    assert_eq!(world.records("audit.run").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_audited_on_record_in_the_clients_name() {
    let world = World::new();
    world.repository(3);
    let client = world.client().await;
    let told = client.ok("audit_git", json!({"target": "."})).await;
    assert_eq!(told["observed"].as_array().unwrap().len(), 3);
    let nobody = client.ok("audit_git", json!({"target": ".", "since": "2001-01-01", "author": "nobody"})).await;
    assert_eq!(nobody["observed"], json!([]));

    // The call itself: intent and outcome; and the run, in the same name.
    let calls = world.records("tools.call");
    assert_eq!(calls.len(), 4);
    for stored in calls.iter().chain(&world.records("audit.run")) {
        let actor = &stored.record.as_ref().unwrap().actor;
        assert_eq!(actor.claimed.as_deref(), Some("tester 7.0"));
        assert_eq!((actor.id.as_str(), actor.on_behalf_of.as_deref()), ("agent@ann", Some("ann")));
        assert_eq!(actor.verified.as_deref(), Some("uid:1000"));
    }
    let intent = calls[0].record.as_ref().unwrap();
    assert_eq!(intent.tags, ["audit_git", "tool_execution"]);
    assert_eq!(intent.target.id, "sealbook/audit_git");
    let outcome = calls[1].record.as_ref().unwrap();
    assert!(outcome.duration_us.is_some() && outcome.outcome == Some(sealbook_record::Outcome::Ok));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_is_audited_by_name_below_the_roots() {
    let world = World::new();
    world.write("api/package.json", r#"{"name": "api", "dependencies": {"a": "1.0.0"}}"#);
    world.write(
        "api/package-lock.json",
        r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1.0.0"}},"node_modules/a":{"version":"1.0.0",
        "dependencies":{"b":"1"}},"node_modules/b":{"version":"1.2.0"}}}"#,
    );
    world.write("api/src/a.ts", "export const a = 1;\n");
    world.write("api/tests/a.ts", "export const b = 1;\n");
    let client = world.client().await;
    let components =
        |told: &Value| told["observed"][0]["record"]["result"]["bom"]["components"].as_array().map(Vec::len);
    let told = client.ok("audit_module", json!({"module_name": "api"})).await;
    assert_eq!((&told["complete"], &told["observed"][0]["record"]["target"]["id"]), (&json!(true), &json!("api")));
    let sealed = |nth: usize| {
        let stored = &world.records("module.audited")[nth];
        let part = stored.record.as_ref().unwrap().part(sealbook_record::PartName::Result).unwrap().get().to_owned();
        serde_json::from_str::<Value>(&part).unwrap()
    };
    assert_eq!(components(&told).unwrap_or(1), 1);
    assert_eq!((&sealed(0)["files"], sealed(0)["bom"]["components"].as_array().unwrap().len()), (&json!(1), 1));
    let asked = json!({"module_name": "./api", "include_tests": true, "include_dependencies": true});
    client.ok("audit_module", asked).await;
    assert_eq!((&sealed(1)["files"], sealed(1)["bom"]["components"].as_array().unwrap().len()), (&json!(2), 2));
    let refused = client.refused("audit_module", json!({"module_name": "nobody"})).await;
    assert_eq!(refused["code"], "unknown_module");
    let refused = client.refused("audit_module", json!({"module_name": "../.."})).await;
    assert_eq!(refused["code"], "outside_roots");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_audited_on_this_machine_without_running_anything() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let file = |checks: &str| {
        let db = format!("  db: {{checks: [{{tcp: '127.0.0.1:{port}', timeout: 10s}}]}}\n");
        world.write("services.yaml", format!("services:\n{db}{checks}"));
    };
    file("");
    let client = world.client().await;
    let told = client.ok("audit_services", json!({})).await;
    assert_eq!((&told["complete"], &told["findings"]), (&json!(true), &json!(0)), "{told}");
    file(
        "  job: {checks: [{command: [/bin/sh, -c, 'echo x > ran'], timeout: 10s}, {tcp: '10.255.255.1:9', timeout: 10s}]}\n",
    );
    let told = client.ok("audit_services", json!({})).await;
    assert_eq!(told["complete"], false, "{told}");
    let text = told.to_string();
    assert!(text.contains("nobody allowed that") && text.contains("nobody outside this machine"), "{text}");
    assert!(world.records("service.checked").iter().all(|stored| {
        let record = stored.record.as_ref().unwrap();
        record.target.id == "db" || record.outcome == Some(sealbook_record::Outcome::Unknown)
    }));
    drop(listener);
    let told = client.ok("audit_services", json!({"service_name": "db"})).await;
    assert_eq!((&told["complete"], &told["findings"]), (&json!(true), &json!(1)), "{told}");
    let refused = client.refused("audit_services", json!({"service_name": "nobody"})).await;
    assert_eq!(refused["code"], "unknown_service");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_on_record_and_says_what_to_do() {
    let world = World::new();
    let client = world.client().await;
    let told = client.refused("audit_git", json!({"target": "."})).await;
    assert_eq!(told["code"], "arguments_invalid");
    let told = client.refused("audit_file", json!({"file_path": "missing.txt"})).await;
    assert_eq!(told["code"], "target_not_found");
    let ends: Vec<_> = world.records("tools.call").iter().map(|it| it.record.as_ref().unwrap().outcome).collect();
    assert_eq!(ends.iter().flatten().filter(|end| **end == sealbook_record::Outcome::Failed).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_assigned_and_resolved() {
    let world = World::new();
    // A built-in rule raises an alert for it.
    world.seal("password.changed", "root", "{}");
    let client = Client::of(Server::new(world.desk_that(|setup| setup.agents_resolve = true))).await;
    let all = client.ok("list_alerts", json!({"severity": "critical"})).await;
    assert_eq!(all["unresolved"], 1, "{all}");
    let id = all["alerts"][0]["alert_id"].as_str().unwrap().to_owned();
    let told = client.ok("assign_alert", json!({"alert_id": id, "to": "bob"})).await;
    assert_eq!(told["alerts"][0]["assigned"], "bob");
    let told = client.ok("resolve_alert", json!({"alert_id": &id[..23], "reason": "a drill"})).await;
    assert_eq!(told["alerts"][0]["resolved"], json!({"by": "agent@ann", "reason": "a drill"}));
    let told = client.refused("resolve_alert", json!({"alert_id": id, "reason": "again"})).await;
    assert_eq!(told["code"], "alert_resolved");
    let told = client.refused("resolve_alert", json!({"alert_id": "zzzz", "reason": "no such"})).await;
    assert_eq!(told["code"], "not_found");
    let resolved = world.records("alert.resolved");
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0].record.as_ref().unwrap().actor.claimed.as_deref(), Some("tester 7.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_left_to_people_unless_one_says_otherwise() {
    let world = World::new();
    world.seal("password.changed", "root", "{}");
    let client = world.client().await;
    let id = client.ok("list_alerts", json!({})).await["alerts"][0]["alert_id"].as_str().unwrap().to_owned();
    let told = client.refused("resolve_alert", json!({"alert_id": id, "reason": "it was nothing"})).await;
    assert_eq!(told["code"], "person_required");
    assert!(
        told["help"]
            .as_str()
            .unwrap()
            .contains(&format!("sealbook alerts resolve {id} --reason WHY --book shop --tenant b")),
        "{told}"
    );
    assert!(world.records("alert.resolved").is_empty());
    assert_eq!(world.records("tools.call").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_stops_and_cannot_resume() {
    let world = World::new();
    let client = world.client().await;
    let told =
        client.ok("emergency_stop", json!({"reason": "looks odd", "scope": "tool", "id": "sealbook/audit_file"})).await;
    assert_eq!(told["stops"][0]["reason"], "looks odd");
    assert!(told["holds_for"].as_str().unwrap().contains("the tool `audit_file` of a server `sealbook`"), "{told}");
    for id in ["sealbook/", "audit_file(a.txt)", " audit_file"] {
        let told = client.refused("emergency_stop", json!({"reason": "x", "scope": "tool", "id": id})).await;
        assert_eq!(told["code"], "arguments_invalid", "nothing would ever run into it");
    }
    world.write("a.txt", "a");
    let refused = client.refused("audit_file", json!({"file_path": "a.txt"})).await;
    assert_eq!(refused["code"], "action_blocked");
    assert!(world.records("audit.run").is_empty());
    // A stop of everything: what reads goes on, and a further stop can be set.
    client.ok("emergency_stop", json!({"reason": "all of it"})).await;
    client.ok("query_audit_trail", json!({})).await;
    let listed = client.ok("list_stops", json!({})).await;
    assert_eq!(listed["stops"].as_array().unwrap().len(), 2);
    assert!(
        listed["how_to_resume"]
            .as_str()
            .unwrap()
            .contains("`sealbook resume --all --reason WHY --book shop --tenant b`")
    );
    let told = client.refused("emergency_stop", json!({"reason": "x", "scope": "actor"})).await;
    assert_eq!(told["code"], "arguments_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_everything_is_one_of_every_tenant() {
    let place = sealbook_testkit::Place::new();
    let layout = |tenant: &str| {
        let mut layout = place.layout();
        layout.book = place.join("books").join("shop").join(tenant);
        layout
    };
    let [own, other] = ["default", "b"].map(|tenant| {
        std::sync::Arc::new(
            sealbook_store::Ledger::create(layout(tenant), tenant, sealbook_store::Options::default(), None).unwrap(),
        )
    });
    std::fs::create_dir(place.join("project")).unwrap();
    let later = layout("later");
    let world = World { place, ledger: own };
    let client = world.client().await;
    let stops = || {
        let mut state = sealbook_policy::State::new();
        other.bring_up(&mut state).unwrap();
        state.stops().iter().map(|stop| stop.scope.to_string()).collect::<Vec<_>>()
    };
    client.ok("emergency_stop", json!({"reason": "x", "scope": "tool", "id": "a/b"})).await;
    assert!(stops().is_empty(), "what is named is of one ledger");
    let told = client.ok("emergency_stop", json!({"reason": "all of it"})).await;
    assert!(told["not_stopped"].is_null(), "{told}");
    assert_eq!(stops(), ["everything"]);
    // A tenant that is made while it holds is stopped too, by the same word.
    let later = sealbook_store::Ledger::create(later, "later", sealbook_store::Options::default(), None);
    let mut state = sealbook_policy::State::new();
    later.unwrap().bring_up(&mut state).unwrap();
    let [stop] = state.stops() else { panic!("{:?}", state.stops()) };
    assert_eq!((stop.scope.to_string().as_str(), stop.reason.as_deref()), ("everything", Some("all of it")));
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_are_listed_and_never_given() {
    let world = World::new();
    let client = world.client().await;
    let told = client.ok("list_approvals", json!({"all": true})).await;
    assert_eq!(told["approvals"], json!([]));
    assert!(told["how_to_decide"].as_str().unwrap().contains(
        "`sealbook approve REQUEST --book shop --tenant b` or `sealbook deny REQUEST --book shop --tenant b`"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_answers_in_its_shapes() {
    let world = World::new();
    world.seal("file.write", "a", "{}");
    let client = world.client().await;
    let found = client.ok("audit_trail", json!({"action": "search", "filters": {"user_id": "bob"}})).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    // Nothing but a search where nothing is said; 0 is a time.
    let found = client.ok("audit_trail", json!({"filters": {"start_time": 0, "action_type": "file.write"}})).await;
    assert_eq!(found["results"].as_array().unwrap().len(), 1);
    let none = client.ok("audit_trail", json!({"action": "search", "filters": {"end_time": 0}})).await;
    assert_eq!(none["results"], json!([]));
    let told = client.ok("audit_trail", json!({"action": "compliance_report", "start_date": 0})).await;
    assert_eq!(told["report"]["tenant_id"], "default");
    let unknown = client.refused("audit_trail", json!({"action": "burn"})).await;
    assert_eq!((&unknown["message"], &unknown["code"]), (&json!("Unknown audit action"), &json!("unknown_action")));
    let other = client.refused("audit_trail", json!({"action": "search", "tenant_id": "acme"})).await;
    assert_eq!(other["code"], "other_tenant");
    let no_model = client.refused("audit_trail", json!({"action": "review_compliance"})).await;
    assert_eq!(no_model["code"], "model_missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_not_added_and_the_attempt_is_on_record() {
    let world = World::new();
    let client = world.client().await;
    let rule = json!({"rule_id": "r", "name": "R", "pattern": "x", "severity": "info"});
    let told = client.refused("audit_trail", json!({"action": "add_compliance_rule", "rule": rule})).await;
    assert_eq!(told["code"], "approver_required");
    assert!(told["help"].as_str().unwrap().contains("sealbook rules add FILE --book shop --tenant b"), "{told}");
    assert!(world.records("rule.add").is_empty());
    let calls = world.records("tools.call");
    let last = calls.last().unwrap().record.as_ref().unwrap();
    assert_eq!(last.outcome, Some(sealbook_record::Outcome::Failed));
    let told = client.refused("audit_trail", json!({"action": "add_compliance_rule"})).await;
    assert_eq!(told["code"], "arguments_invalid");
}
