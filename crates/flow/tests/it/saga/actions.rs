//! Sagas of functions, as a program writes them.

use std::sync::{Arc, Mutex};

use sealbook_flow::{Action, Effect, Fault, Registry, SagaManager, SagaRunner, SagaStatus};
use serde_json::{Value, json};

use super::world::World;
use crate::fixture::wait_for;

/// What functions did.
type Log = Arc<Mutex<Vec<String>>>;

fn manager(world: &World) -> SagaManager {
    SagaManager::new(SagaRunner { tools: Arc::new(Registry::new()), ..world.runner.clone() })
}

fn action(log: &Log, name: &'static str, gives: Result<Value, Fault>) -> Action {
    let log = Arc::clone(log);
    Action::new("booking", name, move |call| {
        log.lock().unwrap().push(format!("{name} {}", call.input));
        std::future::ready(gives.clone())
    })
}

fn with_undo(log: &Log, name: &'static str) -> Action {
    let undone = Arc::clone(log);
    action(log, name, Ok(json!({"id": name}))).undone_by(move |call| {
        undone.lock().unwrap().push(format!("undo {}", call.input["result"]["id"]));
        std::future::ready(Ok(json!({"cancelled": true})))
    })
}

#[test]
fn functions_are_executed_and_the_answer_counts_them() {
    let (world, log) = (World::new(), Log::default());
    let manager = manager(&world);
    let id = manager.create_saga("ann", "Book a trip", Some("conv-1"));
    let saga = manager.get_saga(&id).unwrap();
    assert_eq!((&*saga.saga_id, &*saga.user_id, saga.status), (&*id, "ann", None));
    manager.add_action(&id, with_undo(&log, "flight")).unwrap();
    let hotel = with_undo(&log, "hotel").given(json!({"flight": "$.steps.flight.result.id"}));
    manager.add_action(&id, hotel).unwrap();
    let answer = wait_for(manager.execute_saga(&id)).unwrap();
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        json!({"success": true, "status": "completed", "actions_executed": 2})
    );
    assert_eq!(*log.lock().unwrap(), ["flight {}", "hotel {\"flight\":\"flight\"}"]);
    assert_eq!(manager.get_saga(&id).unwrap().status, Some(SagaStatus::Completed));
    let records = world.records();
    let begun = records.iter().find(|(_, it)| it.action == "booking.hotel").unwrap();
    assert_eq!((&*begun.1.actor.id, begun.1.conversation.as_deref()), ("ann", Some("conv-1")));
    world.is_sound();
}

#[test]
fn a_compensator_is_given_what_its_action_gave_and_one_without_is_told() {
    let (world, log) = (World::new(), Log::default());
    let manager = manager(&world);
    let id = manager.create_saga("ann", "Book a trip", None);
    for action in [
        with_undo(&log, "flight"),
        action(&log, "mail", Ok(json!({"id": "m"}))),
        with_undo(&log, "hotel"),
        action(&log, "pay", Ok(json!({"success": false}))),
    ] {
        manager.add_action(&id, action).unwrap();
    }
    let answer = wait_for(manager.execute_saga(&id)).unwrap();
    assert_eq!((answer.success, answer.status, answer.actions_compensated), (false, SagaStatus::NotUndoable, Some(2)));
    assert_eq!(answer.not_compensated, ["mail"]);
    assert!(answer.error.unwrap().contains("step `pay` failed"));
    assert_eq!(log.lock().unwrap()[4..], ["undo \"hotel\"", "undo \"flight\""]);
    world.is_sound();
}

#[test]
fn a_function_is_tried_again_as_its_effect_allows() {
    let world = World::new();
    let tries = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tries);
    let manager = manager(&world);
    let id = manager.create_saga("ann", "Retry", None);
    let action = Action::new("test", "flaky", move |_| {
        let mut tries = counted.lock().unwrap();
        *tries += 1;
        let fails = *tries == 1;
        std::future::ready(if fails { Err(Fault::new(sealbook_flow::Cause::Lost)) } else { Ok(json!(1)) })
    });
    manager.add_action(&id, action.effect(Effect::Idempotent)).unwrap();
    assert!(wait_for(manager.execute_saga(&id)).unwrap().success);
    assert_eq!(*tries.lock().unwrap(), 2);
    assert!(!world.bench.time.waits().is_empty(), "it waited before it tried again");
    assert_eq!(manager.add_action("saga_none", with_undo(&Log::default(), "x")).unwrap_err().code(), "saga_not_found");
}
