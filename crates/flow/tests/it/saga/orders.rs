//! What is done, what is taken back, and in which order.

use sealbook_flow::{Error, SagaStatus, StepState, UndoState};
use sealbook_record::{Certificate, OperationStatus, PartName, Undone};
use serde_json::{Value, json};

use super::world::{Ends, World, read, request, step, trip};
use crate::fixture::wait_for;

#[test]
fn steps_run_in_order_and_point_at_what_came_before() {
    let world = World::new();
    let car = json!({"name": "car", "tool": "car", "input": {"flight": "$.steps.flight.result.id",
        "day": "$.steps.flight.input.day", "all": ["$.inputs"]}});
    let run = world.run(&trip(&[step("flight"), step("hotel"), car]));
    assert_eq!((run.status(), run.why.clone()), (SagaStatus::Completed, None));
    assert_eq!(world.effects(), ["flight", "hotel", "car"]);
    let given = world.done.effects.lock().unwrap()[2].2.clone();
    assert_eq!(given, json!({"flight": "flight-1", "day": "2026-03-01", "all": [{"day": "2026-03-01"}]}));
    let story = world.bench.story();
    assert_eq!(story[0], "intent saga.run", "all steps are on record before the first begins");
    let input: Value = world.bench.part(0, PartName::Input);
    assert_eq!(input["saga"]["steps"].as_array().unwrap().len(), 3);
    assert_eq!(story.last().unwrap(), "outcome saga.run ok");
}

#[test]
fn what_was_done_is_taken_back_in_reverse_with_a_certificate() {
    for ends in [Ends::Refused, Ends::SaysNo] {
        let world = World::new();
        world.ends("car", &[ends]);
        let run = world.run(&trip(&[step("flight"), step("look"), step("hotel"), step("car")]));
        assert_eq!(run.status(), SagaStatus::Compensated, "{ends:?}");
        assert_eq!(world.effects(), ["flight", "look", "hotel", "hotel_cancel", "flight_cancel"], "{ends:?}");
        let cancelled = world.done.effects.lock().unwrap()[3].2.clone();
        assert_eq!(cancelled, json!({"id": "hotel-1"}), "bound from what the step gave");
        let operation = run.step("hotel").operation.unwrap();
        let operation = world.bench.ledger.operation(operation).unwrap().unwrap();
        assert_eq!(operation.status, OperationStatus::Compensated);
        let (_, record) = world.records().into_iter().find(|(_, it)| it.action == "undo.certified").unwrap();
        let told: Certificate = serde_json::from_str(record.part(PartName::Result).unwrap().get()).unwrap();
        assert_eq!((told.complete, told.undone, told.not_undone), (true, 2, 0));
        let actions: Vec<&str> = told.operations.iter().map(|it| &*it.action).collect();
        assert_eq!(actions, ["travel.hotel", "travel.flight"]);
    }
}

#[test]
fn an_undo_that_fails_does_not_keep_the_rest_from_being_taken_back() {
    let world = World::new();
    world.ends("car", &[Ends::Refused]);
    world.ends("hotel_cancel", &[Ends::Refused]);
    let run = world.run(&trip(&[step("flight"), step("hotel"), step("car")]));
    assert_eq!(run.status(), SagaStatus::CompensationFailed);
    assert_eq!(world.effects(), ["flight", "hotel", "flight_cancel"]);
    assert!(matches!(run.step("hotel").undo, UndoState::Failed(_)));
    assert_eq!(run.standing().iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["hotel"]);
}

#[test]
fn an_undo_has_retries_of_its_own_and_a_compensation_replaces_the_tools() {
    let world = World::new();
    world.ends("car", &[Ends::Refused]);
    world.ends("car_cancel", &[Ends::Gone, Ends::Gone, Ends::Lost]);
    let flight = json!({"name": "flight", "tool": "flight", "input": {"day": "x"}, "compensation": {"tool": "car_cancel",
        "input": {"of": "$.result.id", "day": "$.input.day", "asked": "$.inputs.day"}, "retries": 5, "deadline_s": 600}});
    let run = world.run(&trip(&[flight, step("car")]));
    assert_eq!(run.status(), SagaStatus::Compensated);
    let done = world.done.effects.lock().unwrap().clone();
    assert_eq!(done.len(), 2, "the same key does it once: {done:?}");
    assert_eq!(done[1].2, json!({"of": "flight-1", "day": "x", "asked": "2026-03-01"}));
    let begun = world.bench.story().iter().filter(|line| *line == "intent compensate.travel.flight").count();
    assert_eq!(begun, 4);
}

#[test]
fn what_cannot_be_taken_back_is_told_so() {
    let world = World::new();
    world.ends("car", &[Ends::Refused]);
    let mut saga = trip(&[step("flight"), step("mail"), step("car")]);
    let error = wait_for(world.runner.run(&read(&saga), &request())).unwrap_err();
    assert_eq!(error.code(), "saga_refused");
    assert!(error.to_string().contains("step `mail` cannot be taken back"), "{error}");
    assert_eq!(world.effects(), [""; 0]);
    saga["order"] = json!("warn");
    assert_eq!(read(&saga).problems(&world.runner.tools).warnings.len(), 1);
    let run = world.run(&saga);
    assert_eq!(run.status(), SagaStatus::NotUndoable);
    assert_eq!(world.effects(), ["flight", "mail", "flight_cancel"]);
    let (_, record) = world.records().into_iter().find(|(_, it)| it.action == "undo.certified").unwrap();
    let told: Certificate = serde_json::from_str(record.part(PartName::Result).unwrap().get()).unwrap();
    assert_eq!((told.complete, told.undone, told.not_undone), (false, 1, 1));
    assert_eq!(told.operations[0].undone, Undone::NotUndoable);
    assert_eq!(told.operations[0].why.as_deref(), Some("it has left"));
    // Last, or past the point of no return, it is allowed.
    for steps in [vec![step("flight"), step("mail")], vec![step("mail"), step("look")]] {
        assert_eq!(read(&trip(&steps)).problems(&world.runner.tools).errors, [""; 0]);
    }
}

#[test]
fn past_the_point_of_no_return_it_only_goes_forward() {
    let world = World::new();
    let mut pivot = step("mail");
    pivot["pivot"] = json!(true);
    let saga = trip(&[step("flight"), pivot, step("hotel")]);
    world.ends("hotel", &[Ends::Refused, Ends::Refused]);
    let run = world.run(&saga);
    assert_eq!((run.status(), world.effects()), (SagaStatus::Held, vec!["flight".to_owned(), "mail".to_owned()]));
    let journal = world.journal();
    let tell = |what| sealbook_flow::control(&world.bench.ledger, &journal, &run.id, what, super::world::ann(), None);
    let error = tell(sealbook_flow::Control::Cancel).unwrap_err();
    assert_eq!(error.code(), "saga_stands");
    for status in [SagaStatus::Held, SagaStatus::Completed] {
        tell(sealbook_flow::Control::Resume).unwrap();
        assert_eq!(world.resume(&run.id).status(), status);
    }
    assert_eq!(world.effects(), ["flight", "mail", "hotel"]);
    // Where the point itself fails, what came before is taken back.
    let world = World::new();
    world.ends("mail", &[Ends::Refused]);
    assert_eq!(world.run(&saga).status(), SagaStatus::Compensated);
    assert_eq!(world.effects(), ["flight", "flight_cancel"]);
}

#[test]
fn what_nobody_knows_is_asked_for_or_held_for_a_person() {
    // A tool that can be asked is asked.
    let world = World::new();
    world.ends("hotel", &[Ends::Lost]);
    assert_eq!(world.run(&trip(&[step("flight"), step("hotel")])).status(), SagaStatus::Completed);
    assert_eq!(world.effects(), ["flight", "hotel"]);
    // One that cannot is not called again, and nothing is taken back before somebody says it.
    for (said, status, effects) in [
        (sealbook_record::Outcome::Failed, SagaStatus::Compensated, vec!["flight", "car", "flight_cancel"]),
        (sealbook_record::Outcome::Ok, SagaStatus::Completed, vec!["flight", "car", "hotel"]),
    ] {
        let world = World::new();
        world.ends("car", &[Ends::Lost]);
        let run = world.run(&trip(&[step("flight"), step("car"), step("hotel")]));
        assert_eq!(run.status(), SagaStatus::Held);
        assert!(matches!(run.step("car").state, StepState::Unknown(_)));
        assert_eq!(world.effects(), ["flight", "car"]);
        assert_eq!(world.resume(&run.id).status(), SagaStatus::Held, "it is held until somebody says it");
        let reconciler = sealbook_flow::Reconciler {
            ledger: &world.bench.ledger,
            files: &crate::fixture::NoFiles,
            journal: std::sync::Arc::new(world.journal()),
            actor: super::world::ann(),
            reason: None,
        };
        reconciler.settle(run.step("car").operation.unwrap(), Some(said)).unwrap();
        assert_eq!(world.resume(&run.id).status(), status);
        assert_eq!(world.effects(), effects);
    }
}

#[test]
fn a_binding_to_nothing_fails_the_step_and_a_stranger_is_refused() {
    let world = World::new();
    let car = json!({"name": "car", "tool": "car", "input": {"id": "$.steps.flight.result.nothing"}});
    let run = world.run(&trip(&[step("flight"), car]));
    assert_eq!(run.status(), SagaStatus::Compensated);
    assert!(run.why.unwrap().contains("$.steps.flight.result.nothing"));
    let error = wait_for(world.runner.resume("saga_none", None, &request())).unwrap_err();
    assert!(matches!(error, Error::SagaNotFound { .. }));
    let over = wait_for(world.runner.resume(&run.id, None, &request())).unwrap_err();
    assert_eq!(over.code(), "saga_stands");
}
