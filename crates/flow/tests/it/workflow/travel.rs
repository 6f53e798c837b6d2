//! Runs within runs, runs made from others, and what a new definition would have given.

use std::sync::Arc;

use sealbook_flow::Unwritten;
use sealbook_flow::workflow::{Definition, Recorded, Run, RunRequest, RunStatus, Wish, wish};
use serde_json::{Value, json};

use super::world::{World, ann, never, request};
use super::{node, read, workflow};
use crate::fixture::wait_for;

fn priced(factor: u64) -> Definition {
    workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("look", "tool", json!({"tool_name": "look", "parameters": {"n": "{{ inputs.n }}"}})),
            node(
                "price",
                "transform",
                json!({"transform_type": "map", "transform_config": {
                "source_field": "inputs.list", "mapping": format!("item * {factor}")}})
            ),
            node("list", "input", json!({"input_type": "json", "default_value": [1, 2]})),
            node("pay", "tool", json!({"tool_name": "once", "parameters": {"sum": "{{ nodes.price }}"}})),
            node(
                "out",
                "output",
                json!({"output_format": "json", "template": {
                "paid": "{{ nodes.pay.sum }}", "price": "{{ nodes.price }}"}})
            )
        ]),
        &["n look", "look price", "list price", "price pay", "pay out"],
    )
}

fn forked(world: &World, definition: &Definition, recorded: Recorded, inputs: Value) -> Run {
    let request = RunRequest { recorded: Some(Arc::new(recorded)), ..request(inputs) };
    wait_for(world.runner().run(definition, &request, never())).unwrap()
}

#[test]
fn a_fork_takes_what_came_before_from_the_record_and_is_dry_unless_it_is_live() {
    let world = World::new();
    let (old, new) = (world.keep(&priced(2)), world.keep(&priced(3)));
    let done = world.run(&old, json!({"n": 7})).unwrap();
    assert_eq!((done.outputs(&old)["out"]["paid"].clone(), world.effects()), (json!([2, 4]), 2));
    // Dry: the price is worked out anew, and what was paid is what is on record.
    let dry = forked(&world, &new, Recorded::fork(done.clone(), &new, "price", true).unwrap(), json!({}));
    assert_eq!((dry.status, &dry.why, world.effects()), (RunStatus::Completed, &None, 2));
    assert_eq!(dry.outputs(&new)["out"], json!({"paid": [2, 4], "price": [3, 6]}));
    let found = world.found(&dry.run_id);
    assert!(found.dry);
    assert_eq!(found.fork.as_ref().map(|it| (it.run.as_str(), it.at.as_str())), Some((&*done.run_id, "price")));
    assert_ne!(found.run_id, done.run_id);
    assert_eq!(world.found(&done.run_id).steps, done.steps, "the older run stays as it was");
    // Live: what comes before is not done again, and what comes after is.
    let live = forked(&world, &new, Recorded::fork(done.clone(), &new, "price", false).unwrap(), json!({}));
    assert_eq!((live.outputs(&new)["out"]["paid"].clone(), world.effects()), (json!([3, 6]), 3));
    let given = forked(&world, &old, Recorded::fork(done.clone(), &old, "price", true).unwrap(), json!({"list": [5]}));
    assert_eq!(given.outputs(&old)["out"]["price"], json!([10]));
    assert_eq!(Recorded::fork(done, &new, "nowhere", true).unwrap_err().code(), "node_not_found");
}

#[test]
fn a_dry_run_never_makes_up_what_it_does_not_know() {
    let world = World::new();
    let failing = workflow(
        &json!([
            node("a", "tool", json!({"tool_name": "keyed", "parameters": {"fail": true}, "retry_count": 0})),
            node("b", "tool", json!({"tool_name": "once", "parameters": {"n": 1}})),
            node("out", "output", json!({"template": "x"}))
        ]),
        &["a b", "b out"],
    );
    let failing = world.keep(&failing);
    let failed = world.run(&failing, json!({})).unwrap();
    let mended =
        world.keep(&read(&failing.to_json().to_string().replace("\"keyed\"", "\"look\"").replace("true", "false")));
    let recorded = Recorded::fork(failed.clone(), &mended, "a", true).unwrap();
    let dry = forked(&world, &mended, recorded, json!({}));
    assert_eq!((dry.status, world.effects()), (RunStatus::Failed, 0));
    assert!(dry.why.as_ref().unwrap().contains("it was told to"), "{:?}", dry.why);
    let skipping = world.keep(&workflow(
        &json!([
            node("b", "tool", json!({"tool_name": "once", "parameters": {"n": 1}})),
            node("out", "output", json!({"template": "x"}))
        ]),
        &["b out"],
    ));
    let dry = forked(&world, &skipping, Recorded::replay(failed).unwrap(), json!({}));
    assert!(dry.why.as_ref().unwrap().contains("nothing on record of what it gave"), "{:?}", dry.why);
    assert_eq!(world.effects(), 0);
}

#[test]
fn a_replay_says_what_a_definition_would_have_given_and_leaves_no_trace() {
    let world = World::new();
    let (old, new) = (world.keep(&priced(2)), world.keep(&priced(3)));
    let done = world.run(&old, json!({"n": 7})).unwrap();
    let size = world.ledger.head().unwrap().size;
    let mut equipment = world.equipment();
    equipment.recovery.journal = Arc::new(Unwritten::new(Arc::clone(&world.journal)));
    equipment.wishes = None;
    let runner = equipment.runner();
    for (definition, price) in [(&old, json!([2, 4])), (&new, json!([3, 6]))] {
        let recorded = Some(Arc::new(Recorded::replay(done.clone()).unwrap()));
        let request = RunRequest { recorded, ..request(json!({})) };
        let run = wait_for(runner.run(definition, &request, never())).unwrap();
        assert_eq!(run.outputs(definition)["out"], json!({"paid": [2, 4], "price": price}));
    }
    assert_eq!((world.ledger.head().unwrap().size, world.effects()), (size, 2));
}

fn around(inner: &str) -> Definition {
    let mut json = workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("sub", "workflow", json!({"workflow": inner, "inputs": {"n": "{{ inputs.n }}"}})),
            node("out", "output", json!({"template": "{{ nodes.sub.out }}"}))
        ]),
        &["n sub", "sub out"],
    )
    .to_json();
    json["workflow_id"] = json!("around");
    read(&json.to_string())
}

#[test]
fn a_workflow_runs_another_one_as_a_run_of_its_own() {
    let world = World::new();
    world.keep(&priced(2));
    let around = world.keep(&around("orders"));
    let run = world.run(&around, json!({"n": 7})).unwrap();
    assert_eq!((run.status, &run.why), (RunStatus::Completed, &None));
    assert_eq!(run.outputs(&around)["out"]["price"], json!([2, 4]));
    let (all, _) = sealbook_flow::workflow::runs(&world.ledger, Some("orders"), &[], 9).unwrap();
    assert_eq!((all.len(), all[0].status), (1, RunStatus::Completed));
}

#[test]
fn a_workflow_that_runs_itself_ends() {
    let world = World::new();
    let itself = world.keep(&around("around"));
    let run = world.run(&itself, json!({"n": 7})).unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.why.as_ref().unwrap().contains("deep in each other"), "{:?}", run.why);
}

#[test]
fn what_halts_a_run_halts_those_within_it() {
    let world = World::new();
    world.keep(&workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("w", "wait", json!({"seconds": 200})),
            node("out", "output", json!({"template": "done"}))
        ]),
        &["n w", "w out"],
    ));
    let around = world.keep(&around("orders"));
    let id = "exec_00000000cccc".to_owned();
    let begin = RunRequest { run_id: Some(id.clone()), ..request(json!({"n": 7})) };
    let (runner, definition) = (world.runner(), around.clone());
    let running = std::thread::spawn(move || wait_for(runner.run(&definition, &begin, never())).unwrap());
    let open =
        |status: RunStatus| sealbook_flow::workflow::runs(&world.ledger, Some("orders"), &[status], 9).unwrap().0.len();
    while open(RunStatus::Running) == 0 {
        std::thread::yield_now();
    }
    wish(&*world.journal, &id, "around", Wish::Freeze, ann(), None).unwrap();
    assert_eq!(running.join().unwrap().status, RunStatus::Frozen);
    assert_eq!(open(RunStatus::Cancelled), 0, "it is not called off");
    let cancel = Box::pin(std::future::ready(()));
    let ended = wait_for(world.runner().resume(&around, &request(json!({})), &world.found(&id), cancel)).unwrap();
    assert_eq!(ended.status, RunStatus::Cancelled);
}
