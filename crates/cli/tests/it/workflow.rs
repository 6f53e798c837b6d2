//! `sealbook workflow`: from an empty graph to a run that people decide about, each in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use sealbook_testkit::endpoint::{Endpoint, Reply};
use serde_json::{Value, json};

use crate::fixture::Place;

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn told(place: &Place, arguments: &[&str]) -> Value {
    json_of(&place.ok(arguments.iter().chain(&["--format", "json"])))
}

/// A workflow that takes a number, asks somebody, and gives the number.
fn asking() -> String {
    json!({
        "workflow_id": "asking", "name": "Asking",
        "nodes": [
            {"node_id": "n", "name": "n", "node_type": "input", "config": {"input_type": "number"}},
            {"node_id": "ask", "name": "Ask", "node_type": "approval", "config": {"message": "Give {{ inputs.n }}?"}},
            {"node_id": "out", "name": "Out", "node_type": "output", "config": {"template": "{{ inputs.n }}"}}
        ],
        "edges": [{"from": "n", "to": "ask"}, {"from": "ask", "to": "out"}]
    })
    .to_string()
}

#[test]
fn a_workflow_is_made_changed_told_and_run() {
    let place = Place::new();
    let id =
        told(&place, &["workflow", "create", "Greeting", "--tag", "demo"])["workflow_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("workflow_") && id.len() == 21, "{id}");
    let add = |sort: &str, name: &str, config: &str| {
        told(&place, &["workflow", "add", &id, sort, name, "--config", config])["node_id"].as_str().unwrap().to_owned()
    };
    let who = add("input", "who", r#"{"input_type": "text"}"#);
    let many = add("input", "many", r#"{"input_type": "number", "default_value": 2}"#);
    let extra = add("wait", "Extra", r#"{"seconds": 1}"#);
    let out = add(
        "output",
        "Out",
        r#"{"output_format": "json", "template": {"who": "{{ inputs.who }}", "n": "{{ inputs.many }}"}}"#,
    );
    for from in [&who, &many, &extra] {
        told(&place, &["workflow", "connect", &id, from, &out]);
    }
    told(&place, &["workflow", "disconnect", &id, &extra, &out]);
    told(&place, &["workflow", "remove", &id, &extra]);
    told(&place, &["workflow", "update", &id, &out, "--name", "Result"]);
    let renamed = told(&place, &["workflow", "rename", &id, "--name", "Hello", "--description", "greets"]);
    assert_eq!(renamed["version"], 12, "{renamed}");
    let listed = told(&place, &["workflow", "list"]);
    assert_eq!((&listed["workflows"][0]["name"], &listed["workflows"][0]["node_count"]), (&json!("Hello"), &json!(3)));
    let shown = told(&place, &["workflow", "show", &id]);
    assert_eq!(shown["versions"].as_array().unwrap().len(), 12);
    let diff = place.run(["workflow", "diff", &format!("{id}@11"), &id, "--format", "json"]);
    assert_eq!((diff.code, json_of(&diff.out)["fields"].as_array().unwrap().len()), (1, 3), "{diff:?}");
    assert_eq!(told(&place, &["workflow", "validate", &id])["valid"], true);
    assert_eq!(place.run(["workflow", "validate", &format!("{id}@1")]).code, 1);
    assert!(place.ok(["workflow", "explain", &id, "--detail", "basic"]).contains("Result"));
    assert!(place.ok(["workflow", "diagram", &id]).starts_with("<svg"));
    assert!(place.ok(["workflow", "diagram", &id, "--as", "mermaid"]).contains("flowchart"));
    assert_eq!(told(&place, &["workflow", "templates"])["templates"].as_array().unwrap().len(), 13);
    // Inputs have the types that the workflow takes, also from files.
    place.write("who.txt", "ann");
    let run = told(&place, &["workflow", "run", &id, "--input", "who=@who.txt", "--input", "many=7"]);
    assert_eq!((&run["status"], &run["outputs"][&out]), (&json!("completed"), &json!({"who": "ann", "n": 7})));
    let run_id = run["execution_id"].as_str().unwrap();
    assert_eq!(told(&place, &["workflow", "status", run_id])["outputs"], run["outputs"]);
    let followed = place.run(["workflow", "status", run_id, "--follow"]);
    assert!(followed.code == 0 && followed.err.contains("completed"), "{followed:?}");
    assert_eq!(told(&place, &["workflow", "runs"])["runs"][0]["execution_id"], run_id);
    for (arguments, word) in [
        (vec!["workflow", "run", &id, "--input", "who=ann", "--input", "many=x"], "--input many is no JSON"),
        (vec!["workflow", "run", &id], "input `who`"),
        (vec!["workflow", "run", &id, "--input", "who=ann", "--input", "other=1"], "takes no such input"),
        (vec!["workflow", "run", "nowhere"], "Workflow nowhere not found"),
        (vec!["workflow", "status", "exec_0"], "Execution exec_0 not found"),
    ] {
        let ended = place.run(&arguments);
        assert!(ended.code == 2 && ended.err.contains(word), "{arguments:?}: {ended:?}");
    }
    let copy = told(&place, &["workflow", "clone", &id, "Copy"]);
    assert_eq!(copy["version"], 1);
    place.ok(["workflow", "delete", &id]);
    assert_eq!(told(&place, &["workflow", "list"])["workflows"][0]["workflow_id"], copy["workflow_id"]);
    // Nobody writes what says which workflows there are but these commands.
    let forged = place.run(["append", "--action", "workflow.defined", "--actor", "eve", "--target", "workflow:x"]);
    assert!(forged.code == 2 && forged.err.contains("sealbook workflow"), "{forged:?}");
    assert_eq!(place.run(["verify", "--complete"]).code, 0);
}

#[test]
fn a_tool_of_the_configuration_is_called_and_a_failure_ends_with_2() {
    let place = Place::new();
    let double = Endpoint::start(None, [Reply::Says("good morning".to_owned())]);
    let config = format!(
        "[http.ask]\ndescription = \"Asks\"\nurl = \"{}/v1/chat/completions\"\neffect = \"idempotent\"\nallow = [\"127.0.0.1\"]\n",
        double.url()
    );
    std::fs::write(place.home().join("tools.toml"), config).unwrap();
    let definition = |tool: &str| {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}]});
        json!({"workflow_id": "calls", "name": "Calls", "nodes": [
            {"node_id": "t", "name": "T", "node_type": "tool", "config": {"tool_name": tool, "parameters": body}},
            {"node_id": "o", "name": "O", "node_type": "output", "config": {"template": "{{ nodes.t.status }}"}}
        ], "edges": [{"from": "t", "to": "o"}]})
        .to_string()
    };
    place.write("calls.json", definition("ask"));
    let run = told(&place, &["workflow", "run", "calls.json"]);
    assert_eq!((&run["outputs"]["o"], double.requests().len()), (&json!(200), 1), "{run}");
    place.write("none.json", definition("nobody"));
    let ended = place.run(["workflow", "run", "none.json"]);
    assert!(ended.code == 2 && ended.err.contains("there is no tool `nobody`"), "{ended:?}");
    // A dry fork of it calls nothing.
    let id = run["execution_id"].as_str().unwrap();
    let fork = told(&place, &["workflow", "fork", id, "--at", "t"]);
    assert_eq!((&fork["dry"], &fork["outputs"]["o"], double.requests().len()), (&json!(true), &json!(200), 1));
    let replayed = told(&place, &["workflow", "replay", "calls.json"]);
    assert_eq!(replayed["replayed"][0]["same"], true, "{replayed}");
    assert_eq!(double.requests().len(), 1);
}

#[test]
fn a_run_waits_for_a_person_in_another_process() {
    let place = Place::new();
    place.make_approver();
    place.write("asking.json", asking());
    let begin = || {
        let mut command =
            place.command(["workflow", "run", "asking.json", "--input", "n=7", "--actor", "agent:builder"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = said.find_map(|line| line.ok().filter(|line| line.contains("sealbook approve"))).unwrap();
        let id = line.split('`').nth(1).unwrap().rsplit(' ').next().unwrap().to_owned();
        (child, id)
    };
    let (child, id) = begin();
    let own = place.beside("passphrase");
    let refused = place.run(["approve", &id, "--actor", "agent:builder", "--passphrase-file", own.to_str().unwrap()]);
    assert_eq!(refused.code, 2, "{refused:?}");
    place.approved(&["approve", &id, "--reason", "as discussed"]);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let (child, id) = begin();
    place.ok(["deny", &id]);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
    // Halted from elsewhere, gone on with, and called off by Ctrl-C.
    let (child, _) = begin();
    let open = told(&place, &["workflow", "runs", "--status", "running"]);
    let run = open["runs"][0]["execution_id"].as_str().unwrap();
    let frozen = place.run(["workflow", "freeze", run, "--format", "json"]);
    assert_eq!((frozen.code, &json_of(&frozen.out)["status"]), (0, &json!("frozen")), "{frozen:?}");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(3));
    let mut command = place.command(["workflow", "resume", run]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("sealbook approve")));
    let _ = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert_eq!(json_of(&place.run(["workflow", "status", run, "--format", "json"]).out)["status"], "cancelled");
    // What nobody runs any more is called off on record.
    let (mut child, _) = begin();
    let open = told(&place, &["workflow", "runs", "--status", "running"]);
    let run = open["runs"][0]["execution_id"].as_str().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    place.ok(["workflow", "cancel", run, "--wait", "0"]);
    assert_eq!(json_of(&place.run(["workflow", "status", run, "--format", "json"]).out)["status"], "cancelled");
    assert_eq!(place.run(["verify"]).code, 0);
}

#[test]
fn variables_of_the_composer_are_heeded() {
    let place = Place::new();
    let wrong = crate::fixture::end(place.command(["mcp"]).env("WORKFLOW_EXECUTION_TIMEOUT", "soon"), b"");
    assert!(wrong.code == 2 && wrong.err.contains("WORKFLOW_EXECUTION_TIMEOUT"), "{wrong:?}");
    let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let lines = format!("{initialize}\n{ready}\n{list}\n");
    for (value, is_there) in [("true", true), ("false", false)] {
        let mut command = place.command(["mcp"]);
        command.env("WORKFLOW_COMPOSER_ENABLED", value).env("WORKFLOW_EXECUTION_TIMEOUT", "300");
        let ended = crate::fixture::end(&mut command, lines.as_bytes());
        assert_eq!(ended.out.contains("\"workflow_composer\""), is_there, "{ended:?}");
    }
}
