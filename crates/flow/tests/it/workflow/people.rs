//! What people do to runs from elsewhere: they approve, deny, halt, call off and stop.

use std::sync::Arc;

use sealbook_flow::workflow::{Definition, Run, RunRequest, RunStatus, Wish, find_run, wish};
use sealbook_policy::Choice;
use sealbook_record::{Actor, ActorKind};
use serde_json::{Value, json};

use super::world::{Person, World, ann, never, request};
use super::{node, workflow};
use crate::fixture::wait_for;

fn asking(config: Value) -> Definition {
    workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("ask", "approval", config),
            node("pay", "tool", json!({"tool_name": "keyed", "parameters": {"n": "{{ inputs.n }}"}})),
            node("out", "output", json!({"template": "{{ nodes.ask.by }}"}))
        ]),
        &["n ask", "ask pay", "pay out"],
    )
}

/// Runs it on another thread, as another process would.
fn beside(world: &World, definition: &Definition, request: RunRequest) -> std::thread::JoinHandle<Run> {
    let (runner, definition) = (world.runner(), definition.clone());
    std::thread::spawn(move || wait_for(runner.run(&definition, &request, never())).unwrap())
}

#[test]
fn an_approval_wants_as_many_people_as_it_says_and_none_of_them_is_the_asker() {
    let world = World::new();
    let (bob, eve) = (Person::new(&world, 9, "bob", None), Person::new(&world, 8, "eve", Some(9)));
    let asking = world.keep(&asking(json!({"message": "Pay {{ inputs.n }}?", "quorum": 2})));
    let running = beside(&world, &asking, request(json!({"n": 7})));
    let asked = bob.asked();
    assert_eq!((asked.approvers, asked.call.server.as_str(), asked.call.tool.as_str()), (2, "workflow", "orders/ask"));
    assert_eq!(bob.decide_as(&asked, Choice::Approve, "builder"), Some("who asked may not approve"));
    assert_eq!(bob.decide(&asked, Choice::Approve), None);
    let again = bob.decide(&asked, Choice::Approve);
    assert_eq!(again, Some("this approver has said yes already, and another one is needed"));
    assert_eq!(world.effects(), 0, "one is not two");
    assert_eq!(eve.decide(&asked, Choice::Approve), None);
    let run = running.join().unwrap();
    assert_eq!((run.status, &run.outputs(&asking)["out"]), (RunStatus::Completed, &json!(["bob", "eve"])));
    assert_eq!(world.effects(), 1);
}

#[test]
fn a_yes_is_for_its_bytes_and_its_run() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let asking = world.keep(&asking(json!({"message": "Pay?"})));
    let first = beside(&world, &asking, request(json!({"n": 7})));
    let asked = bob.asked();
    // The same message over other data is another question.
    let mut forged = asked.clone();
    forged.digest = sealbook_ledger::Hash::of(b"other bytes");
    assert_eq!(bob.decide(&forged, Choice::Approve), Some("it is about other bytes than the request"));
    assert_eq!(bob.decide(&asked, Choice::Approve), None);
    assert_eq!(first.join().unwrap().status, RunStatus::Completed);
    let second = beside(&world, &asking, request(json!({"n": 8})));
    let other = bob.asked();
    assert_ne!((other.id, other.call.arguments), (asked.id, asked.call.arguments));
    assert_eq!(bob.decide(&other, Choice::Deny), None);
    let run = second.join().unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.why.as_ref().unwrap().contains("bob said no"), "{:?}", run.why);
    assert_eq!(world.effects(), 1, "a no is a no");
}

#[test]
fn one_process_at_a_time_runs_a_run() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let asking = world.keep(&asking(json!({"message": "Pay?"})));
    let id = "exec_00000000bbbb".to_owned();
    let begin = RunRequest { run_id: Some(id.clone()), ..request(json!({"n": 7})) };
    let running = beside(&world, &asking, begin);
    let asked = bob.asked();
    let before = find_run(&world.ledger, &id).unwrap();
    let resume = || wait_for(world.runner().resume(&asking, &request(json!({})), &before, never()));
    assert!(resume().unwrap_err().to_string().contains("another process runs it"));
    assert_eq!(bob.decide(&asked, Choice::Approve), None);
    assert_eq!(running.join().unwrap().status, RunStatus::Completed);
    // What was read of it before is not what it is by now.
    assert!(resume().unwrap_err().to_string().contains("gone on with it meanwhile"));
    assert_eq!(world.effects(), 1);
}

#[test]
fn what_changed_since_it_was_asked_about_is_refused() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let asking = world.keep(&asking(json!({"message": "Pay {{ inputs.n }}?"})));
    let id = "exec_00000000aaaa".to_owned();
    let begin = RunRequest { run_id: Some(id.clone()), ..request(json!({"n": 7})) };
    let running = beside(&world, &asking, begin);
    let asked = bob.asked();
    wish(&*world.journal, &id, "orders", Wish::Freeze, ann(), None).unwrap();
    assert_eq!(running.join().unwrap().status, RunStatus::Frozen);
    assert_eq!(bob.decide(&asked, Choice::Approve), None);
    // The same step of the same run, and other data: the yes is not for that.
    let mut other = world.found(&id);
    other.inputs = Some(json!({"n": 9}));
    let run = wait_for(world.runner().resume(&asking, &request(json!({})), &other, never())).unwrap();
    assert!(run.why.as_ref().unwrap().contains("is not what was asked about"), "{:?}", run.why);
    assert_eq!(world.effects(), 0);
}

#[test]
fn a_yes_counts_only_from_those_who_are_named_and_in_time() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let named = world.keep(&asking(json!({"message": "Pay?", "approvers": ["eve"]})));
    let running = beside(&world, &named, request(json!({"n": 7})));
    assert_eq!(bob.decide(&bob.asked(), Choice::Approve), None);
    let run = running.join().unwrap();
    assert!(run.why.as_ref().unwrap().contains("none of those whose yes counts: eve"), "{:?}", run.why);
    let brief = world.keep(&asking(json!({"message": "Pay?", "expires_s": 1})));
    let run = world.run(&brief, json!({"n": 7})).unwrap();
    assert!(run.why.as_ref().unwrap().contains("nobody approved it within 1 seconds"), "{:?}", run.why);
    assert_eq!(world.effects(), 0);
}

#[test]
fn a_run_is_halted_gone_on_with_and_called_off_from_elsewhere() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let asking = world.keep(&asking(json!({"message": "Pay?"})));
    let running = beside(&world, &asking, request(json!({"n": 7})));
    bob.asked();
    let (open, _) = sealbook_flow::workflow::runs(&world.ledger, None, &[RunStatus::Running], 9).unwrap();
    let id = open[0].run_id.clone();
    wish(&*world.journal, &id, "orders", Wish::Freeze, ann(), Some("lunch".to_owned())).unwrap();
    assert_eq!(running.join().unwrap().status, RunStatus::Frozen);
    let world = world.again();
    let halted = world.found(&id);
    assert_eq!((halted.status, world.effects()), (RunStatus::Frozen, 0));
    // What was asked is still asked: one request, whoever goes on.
    let (runner, definition, before) = (world.runner(), asking.clone(), halted.clone());
    let going = std::thread::spawn(move || {
        let request = RunRequest { actor: Some(ann()), ..RunRequest::default() };
        wait_for(runner.resume(&definition, &request, &before, never())).unwrap()
    });
    // Who began it may not approve, whoever went on.
    assert_eq!(bob.decide_as(&bob.asked(), Choice::Approve, "builder"), Some("who asked may not approve"));
    assert_eq!(bob.decide(&bob.asked(), Choice::Approve), None);
    let run = going.join().unwrap();
    assert_eq!((run.status, world.effects()), (RunStatus::Completed, 1));
    assert_eq!(world.found(&id).status, RunStatus::Completed);
    // Another one is called off.
    let running = beside(&world, &asking, request(json!({"n": 8})));
    bob.asked();
    let (open, _) = sealbook_flow::workflow::runs(&world.ledger, None, &[RunStatus::Running], 9).unwrap();
    wish(&*world.journal, &open[0].run_id, "orders", Wish::Cancel, ann(), None).unwrap();
    let run = running.join().unwrap();
    assert_eq!((run.status, run.why.as_deref()), (RunStatus::Cancelled, Some("a person called it off")));
    assert_eq!(world.found(&run.run_id).status, RunStatus::Cancelled);
    assert_eq!(world.effects(), 1);
}

#[test]
fn a_halted_run_that_nobody_goes_on_with_can_be_ended() {
    let world = World::new();
    let waiting = world.keep(&workflow(
        &json!([node("w", "wait", json!({"seconds": 200})), node("out", "output", json!({"template": "x"}))]),
        &["w out"],
    ));
    let id = "exec_00000000bbbb".to_owned();
    wish(&*world.journal, &id, "orders", Wish::Freeze, ann(), None).unwrap();
    let request = RunRequest { run_id: Some(id.clone()), ..request(json!({})) };
    let run = wait_for(world.runner().run(&waiting, &request, never())).unwrap();
    assert_eq!(run.status, RunStatus::Frozen);
    let ended = wait_for(world.runner().end_as_cancelled(&waiting, &request, &run)).unwrap();
    assert_eq!(ended.status, RunStatus::Cancelled);
    assert_eq!(world.found(&id).status, RunStatus::Cancelled);
    assert!(wait_for(world.runner().end_as_cancelled(&waiting, &request, &ended)).is_err());
}

/// A run of three steps and a call that never ends by itself.
fn endless() -> Definition {
    workflow(
        &json!([
            node("a", "tool", json!({"tool_name": "keyed", "parameters": {"n": 1}})),
            node("hang", "tool", json!({"tool_name": "keyed", "parameters": {"hang": true}})),
            node("after", "tool", json!({"tool_name": "once", "parameters": {"n": 2}})),
            node("out", "output", json!({"template": "x"}))
        ]),
        &["a hang", "hang after", "after out"],
    )
}

const MANY: usize = 50;

/// So many runs at once, and what becomes of them once `halt` did something to them.
fn many(definition: &Definition, world: &World, halt: impl FnOnce(&World, &[String])) -> Vec<Run> {
    let ids: Vec<String> = (0..MANY).map(|at| format!("exec_{at:012x}")).collect();
    let runner = Arc::new(world.runner());
    let definition = Arc::new(definition.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running: Vec<_> = ids
        .iter()
        .map(|id| {
            let (runner, definition, id) = (Arc::clone(&runner), Arc::clone(&definition), id.clone());
            runtime.spawn(async move {
                let request = RunRequest { run_id: Some(id), ..request(json!({})) };
                runner.run(&definition, &request, never()).await.unwrap()
            })
        })
        .collect();
    halt(world, &ids);
    running.into_iter().map(|run| runtime.block_on(run).unwrap()).collect()
}

fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::yield_now();
    }
}

#[test]
fn fifty_runs_at_once_are_called_off() {
    let world = World::new();
    let endless = world.keep(&endless());
    let ended = many(&endless, &world, |world, ids| {
        until(|| world.effects() == 2 * MANY);
        for id in ids {
            wish(&*world.journal, id, "orders", Wish::Cancel, ann(), None).unwrap();
        }
    });
    assert!(ended.iter().all(|run| run.status == RunStatus::Cancelled));
    let world = world.again();
    for run in ended {
        let found = world.found(&run.run_id);
        assert_eq!(found.status, RunStatus::Cancelled, "{found:?}");
        assert!(!found.steps.contains_key("after"));
    }
    assert_eq!(world.effects(), 2 * MANY, "nothing happened after that");
}

#[test]
fn fifty_runs_at_once_are_halted_and_gone_on_with() {
    let world = World::new();
    let waiting = world.keep(&workflow(
        &json!([
            node("a", "tool", json!({"tool_name": "keyed", "parameters": {"n": 1}})),
            node("w", "wait", json!({"seconds": 200})),
            node("after", "output", json!({"template": "x"}))
        ]),
        &["a w", "w after"],
    ));
    let halted = many(&waiting, &world, |world, ids| {
        until(|| world.effects() == MANY);
        for id in ids {
            wish(&*world.journal, id, "orders", Wish::Freeze, ann(), None).unwrap();
        }
    });
    assert!(halted.iter().all(|run| run.status == RunStatus::Frozen));
    let world = world.again();
    for run in &halted {
        let found = world.found(&run.run_id);
        assert_eq!(found.status, RunStatus::Frozen, "{found:?}");
        let cancel = Box::pin(std::future::ready(()));
        let gone_on = wait_for(world.runner().resume(&waiting, &request(json!({})), &found, cancel)).unwrap();
        assert_eq!(gone_on.status, RunStatus::Cancelled);
    }
    assert_eq!(world.effects(), MANY, "what was done is not done again");
}

#[test]
fn a_stop_ends_fifty_runs_at_once_before_their_next_step() {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    let asking = world.keep(&asking(json!({"message": "Pay?"})));
    let numbered = Actor::new(ActorKind::Agent, "builder");
    let ids: Vec<String> = (0..MANY).map(|at| format!("exec_{at:012x}")).collect();
    let runner = Arc::new(world.runner());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running: Vec<_> = ids
        .iter()
        .map(|id| {
            let (runner, asking, id) = (Arc::clone(&runner), asking.clone(), id.clone());
            let actor = Some(numbered.clone());
            runtime.spawn(async move {
                let request = RunRequest { run_id: Some(id), actor, ..request(json!({"n": 7})) };
                runner.run(&asking, &request, never()).await.unwrap()
            })
        })
        .collect();
    until(|| bob.open() == MANY);
    world.stop();
    for run in running {
        let run = runtime.block_on(run).unwrap();
        assert_eq!(run.status, RunStatus::Failed);
        assert!(run.why.as_ref().unwrap().contains("a person has halted"), "{:?}", run.why);
        assert_eq!(world.found(&run.run_id).status, RunStatus::Failed);
    }
    assert_eq!(world.effects(), 0);
}
