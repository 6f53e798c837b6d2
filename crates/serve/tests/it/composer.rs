//! `workflow_composer`: every action through a client, and what an agent cannot do with it.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::workflow::{BookWishes, Equipment, NoHands, Shelf};
use sealbook_flow::{LedgerJournal, NoSecrets, Recovery, Registry, Retry, SystemTime, Time};
use sealbook_ledger::SigningKey;
use sealbook_policy::{Choice, State};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind};
use sealbook_serve::mcp::{Server, Workflows};
use sealbook_store::SystemEntropy;
use sealbook_testkit::records::admit;
use serde_json::{Value, json};

use crate::fixture::{Client, World};

const TOOL: &str = "workflow_composer";

fn workflows(world: &World) -> Workflows {
    let time: Arc<dyn Time> = Arc::new(SystemTime::default());
    let journal = LedgerJournal::new(Arc::clone(&world.ledger), Arc::new(World::policy()));
    let recovery = Recovery {
        retry: Retry::default(),
        journal: Arc::new(journal),
        time: Arc::clone(&time),
        entropy: Arc::new(SystemEntropy),
    };
    let equipment = Equipment {
        tenant: "default".to_owned(),
        ledger: Arc::clone(&world.ledger),
        shelf: Arc::new(Shelf::new(Arc::clone(&world.ledger))),
        tools: Arc::new(Registry::new()),
        recovery,
        secrets: Arc::new(NoSecrets),
        agents: Arc::new(NoHands),
        wishes: Some(Arc::new(BookWishes::new(Arc::clone(&world.ledger), time))),
        observer: None,
        notice: None,
    };
    Workflows { equipment, diagrams: true, seconds_max: Some(300) }
}

async fn client(world: &World) -> Client {
    client_that(world, |_| {}).await
}

async fn client_that(world: &World, change: impl FnOnce(&mut Workflows)) -> Client {
    let mut workflows = workflows(world);
    change(&mut workflows);
    Client::of(Server::new(world.desk_that(|setup| setup.workflows = Some(workflows)))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_listed_beside_the_audit_trail_with_every_field() {
    let world = World::new();
    let tools = client(&world).await.tools().await;
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
    assert!(names.contains(&"audit_trail") && names.contains(&TOOL), "{names:?}");
    let schema = &tools.iter().find(|tool| tool.name == TOOL).unwrap().input_schema;
    assert_eq!(schema["required"], json!(["action"]));
    let properties = schema["properties"].as_object().unwrap();
    for field in [
        "action",
        "workflow_id",
        "name",
        "description",
        "node_type",
        "config",
        "source_node",
        "target_node",
        "inputs",
        "execution_id",
        "detail_level",
        "tags",
        "position",
    ] {
        assert!(properties.contains_key(field), "{field}");
    }
    let text = Value::Object((**schema).clone()).to_string();
    for action in [
        "create",
        "add_node",
        "connect",
        "execute",
        "explain",
        "validate",
        "diagram",
        "execution_status",
        "list",
        "templates",
        "update_node",
        "disconnect",
        "remove_node",
        "delete",
        "clone",
        "diff",
    ] {
        assert!(text.contains(&format!("\"{action}\"")), "{action}");
    }
    let without = world.client().await;
    assert!(without.tools().await.iter().all(|tool| tool.name != TOOL), "switched off, it is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_is_composed_and_run() {
    let world = World::new();
    let client = client(&world).await;
    let ok = async |arguments: Value| client.ok(TOOL, arguments).await;
    assert_eq!(ok(json!({"action": "list"})).await["workflows"], json!([]));
    let made = ok(json!({"action": "create"})).await;
    let id = made["workflow_id"].as_str().unwrap().to_owned();
    let add = async |sort: &str, name: &str, config: Value| {
        let asked = json!({"action": "add_node", "workflow_id": id, "node_type": sort, "name": name,
            "config": config, "position": {"x": 1.0, "y": 2.0}});
        ok(asked).await["node_id"].as_str().unwrap().to_owned()
    };
    let who = add("input", "who", json!({})).await;
    let out = add("output", "Out", json!({"template": "hello {{ inputs.who }}"})).await;
    let gone = add("wait", "Gone", json!({"seconds": 1})).await;
    let edge = |action: &str, from: &str, to: &str| json!({"action": action, "workflow_id": id, "source_node": from, "target_node": to});
    assert_eq!(ok(edge("connect", &who, &out)).await["message"], "Nodes connected");
    ok(edge("connect", &gone, &out)).await;
    ok(edge("disconnect", &gone, &out)).await;
    ok(json!({"action": "remove_node", "workflow_id": id, "node_id": gone})).await;
    ok(json!({"action": "update_node", "workflow_id": id, "node_id": out, "name": "Greeting"})).await;
    ok(json!({"action": "rename", "workflow_id": id, "name": "Hello", "tags": ["a"]})).await;
    let listed = ok(json!({})).await;
    let line = &listed["workflows"][0];
    for field in ["workflow_id", "name", "description", "node_count", "created_at", "version"] {
        assert!(!line[field].is_null(), "{field}: {line}");
    }
    assert_eq!((&line["name"], &line["node_count"], &line["version"]), (&json!("Hello"), &json!(2), &json!(10)));
    assert_eq!(ok(json!({"action": "validate", "workflow_id": id})).await["validation"]["valid"], true);
    let told = ok(json!({"action": "explain", "workflow_id": id, "detail_level": "nonsense"})).await;
    assert!(told["explanation"].as_str().unwrap().contains("Greeting"), "{told}");
    let drawn = ok(json!({"action": "diagram", "workflow_id": id})).await;
    assert!(drawn["diagram"].as_str().unwrap().starts_with("<svg") && drawn["diagram_path"].is_null(), "{drawn}");
    assert_eq!(ok(json!({"action": "templates"})).await["templates"].as_array().unwrap().len(), 13);
    let asked = json!({"action": "diff", "workflow_id": format!("{id}@9"), "other": id});
    assert_eq!(ok(asked).await["diff"]["fields"].as_array().unwrap().len(), 3);
    assert_eq!(ok(json!({"action": "versions", "workflow_id": id})).await["versions"].as_array().unwrap().len(), 10);
    let ran = ok(json!({"action": "execute", "workflow_id": id, "inputs": {"who": "ann"}})).await;
    assert_eq!(ran["execution_status"]["status"], "completed", "{ran}");
    let run = ran["execution_id"].as_str().unwrap();
    let status = ok(json!({"action": "execution_status", "execution_id": run})).await;
    let status = &status["execution_status"];
    for field in
        ["execution_id", "workflow_id", "start_time", "end_time", "progress", "total_nodes", "errors", "duration"]
    {
        assert!(!status[field].is_null(), "{field}: {status}");
    }
    assert_eq!(status["outputs"][&out], "hello ann");
    let forked = ok(json!({"action": "fork", "execution_id": run, "at_node": out, "inputs": {"who": "bob"}})).await;
    assert_eq!(forked["execution_status"]["outputs"][&out], "hello bob", "{forked}");
    assert_eq!(ok(json!({"action": "runs"})).await["executions"].as_array().unwrap().len(), 2);
    let copy = ok(json!({"action": "clone", "workflow_id": id})).await;
    assert_ne!(copy["workflow_id"], made["workflow_id"]);
    ok(json!({"action": "delete", "workflow_id": id})).await;
    assert_eq!(ok(json!({"action": "list"})).await["workflows"].as_array().unwrap().len(), 1);
    // What it changed is on record, in the client's name and on behalf of who started the server.
    let calls = world.records("tools.call");
    assert_eq!(calls.len(), 2 * 14, "an intent and an outcome of each action that changes something");
    let run = world.records("workflow.run").into_iter().next().unwrap().record.unwrap();
    assert_eq!((run.actor.kind, run.actor.on_behalf_of.as_deref()), (ActorKind::Agent, Some("ann")));
    assert_eq!(run.actor.claimed.as_deref(), Some("tester 7.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said() {
    let world = World::new();
    let client = client(&world).await;
    let refused = async |arguments: Value| client.refused(TOOL, arguments).await;
    let told = refused(json!({"action": "frobnicate"})).await;
    assert!(told["message"].as_str().unwrap().contains("Unknown workflow action"), "{told}");
    let told = refused(json!({"action": "add_node", "workflow_id": "none", "node_type": "wait"})).await;
    assert_eq!(told["message"], "Workflow none not found", "{told}");
    let id = client.ok(TOOL, json!({"action": "create", "name": "A"})).await["workflow_id"].clone();
    let ends = json!({"action": "connect", "workflow_id": id, "source_node": "a", "target_node": "b"});
    assert_eq!(refused(ends).await["message"], "Source or target node not found");
    let told = refused(json!({"action": "execute", "workflow_id": id})).await;
    assert!(told["message"].as_str().unwrap().starts_with("Workflow validation failed: ["), "{told}");
    let told = refused(json!({"action": "execution_status", "execution_id": "exec_000000000000"})).await;
    assert_eq!(told["message"], "Execution exec_000000000000 not found");
    let told = refused(json!({"action": "explain"})).await;
    assert!(told["message"].as_str().unwrap().contains("`workflow_id` is missing"), "{told}");
    let off = client_that(&world, |workflows| workflows.diagrams = false).await;
    let told = off.refused(TOOL, json!({"action": "diagram", "workflow_id": id})).await;
    assert!(told["message"].as_str().unwrap().contains("VISUAL_DIAGRAMS_ENABLED"), "{told}");
}

fn asking(seconds: u64) -> Value {
    json!({"action": "create", "definition": {
        "workflow_id": "asking", "name": "Asking", "timeout_s": seconds,
        "nodes": [
            {"node_id": "ask", "name": "Ask", "node_type": "approval", "config": {"message": "Go on?"}},
            {"node_id": "out", "name": "Out", "node_type": "output", "config": {"template": "{{ nodes.ask.by }}"}}
        ],
        "edges": [{"from": "ask", "to": "out"}]
    }})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_can_ask_and_halt_and_only_a_person_approves_and_goes_on() {
    let world = World::new();
    let key = SigningKey::from_seed(&[9; 32]);
    let target = Target::new(TargetKind::Key, "approver");
    let bob = || Actor::new(ActorKind::User, "bob");
    let by = Record::event(world.ledger.next_id(), bob(), "key.approver", target, world.ledger.now());
    world.ledger.add_approver(*key.public(), admit(by), None).unwrap();
    let client = client(&world).await;
    client.ok(TOOL, asking(300)).await;
    let begun = client.ok(TOOL, json!({"action": "execute", "workflow_id": "asking", "wait_seconds": 1})).await;
    let run = begun["execution_id"].as_str().unwrap().to_owned();
    let status = client.ok(TOOL, json!({"action": "execution_status", "execution_id": run})).await;
    assert_eq!(status["execution_status"]["status"], "running", "{status}");
    let waiting = status["execution_status"]["waiting"][0].as_str().unwrap();
    assert!(status["how_to_decide"].as_str().unwrap().contains("only a person decides"), "{status}");
    // No tool decides; the person does, with a key of their own.
    let asked = {
        let mut state = State::with_history();
        world.ledger.bring_up(&mut state).unwrap();
        state.approvals().get(waiting.parse().unwrap()).unwrap().clone()
    };
    assert_eq!(asked.call.caller, "agent@ann");
    let target = Target::new(TargetKind::Record, waiting);
    let mut yes = Record::event(world.ledger.next_id(), bob(), "approval.decided", target, world.ledger.now());
    yes.parent = Some(asked.id);
    yes.set_part_json(PartName::Input, Choice::Approve.decision_json(asked.digest)).unwrap();
    world.ledger.append_approved(vec![admit(yes)], &key).unwrap().remove(0).unwrap();
    let ended = async |run: String, wanted: &str| {
        for _ in 0..600 {
            let told = client.ok(TOOL, json!({"action": "execution_status", "execution_id": run})).await;
            if told["execution_status"]["status"] != "running" {
                assert_eq!(told["execution_status"]["status"], wanted, "{told}");
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{run} does not end");
    };
    let told = ended(run.clone(), "completed").await;
    assert_eq!(told["execution_status"]["outputs"]["out"], json!(["bob"]));
    for (action, wanted) in [("freeze", "frozen"), ("cancel", "cancelled")] {
        let begun = client.ok(TOOL, json!({"action": "execute", "workflow_id": "asking", "wait_seconds": 0})).await;
        let run = begun["execution_id"].as_str().unwrap().to_owned();
        client.ok(TOOL, json!({"action": action, "execution_id": run, "reason": "enough"})).await;
        ended(run.clone(), wanted).await;
        if action == "freeze" {
            let told = client.refused(TOOL, json!({"action": "resume", "execution_id": run})).await;
            assert_eq!(told["code"], "person_required", "{told}");
            assert!(told["help"].as_str().unwrap().contains(&format!("workflow resume {run}")), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_lasts_no_longer_than_the_server_says_and_a_stop_holds() {
    let world = World::new();
    let brief = client_that(&world, |workflows| workflows.seconds_max = Some(1)).await;
    brief.ok(TOOL, asking(300)).await;
    let ran = brief.ok(TOOL, json!({"action": "execute", "workflow_id": "asking"})).await;
    assert_eq!(ran["execution_status"]["status"], "failed", "{ran}");
    assert!(ran["execution_status"]["why"].as_str().unwrap().contains("longer than 1 seconds"), "{ran}");
    brief.ok("emergency_stop", json!({"reason": "a drill"})).await;
    let told = brief.refused(TOOL, json!({"action": "execute", "workflow_id": "asking"})).await;
    assert!(told["message"].as_str().unwrap().contains("halted"), "{told}");
    assert_eq!(world.records("workflow.run").len(), 2, "one run and its end");
}
