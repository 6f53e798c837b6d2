//! Each breach of what runs may do is found from the records alone.

use sealbook_ledger::Phase;
use sealbook_record::{Outcome, PartName, Record};
use serde_json::json;

use super::world::{Ends, World, step, trip, unlawful};

type Records = Vec<(u64, Record)>;

/// What is said of records that were changed.
fn said(mut records: Records, change: impl FnOnce(&mut Records)) -> Vec<&'static str> {
    assert_eq!(unlawful(&records), Vec::new());
    change(&mut records);
    for (seq, (at, _)) in records.iter_mut().enumerate() {
        *at = seq as u64;
    }
    unlawful(&records).into_iter().map(|breach| breach.why).collect()
}

fn compensated() -> Records {
    let world = World::new();
    world.ends("car", &[Ends::Refused]);
    world.run(&trip(&[step("flight"), step("hotel"), step("car")]));
    world.records()
}

fn at(records: &Records, phase: Phase, action: &str) -> usize {
    records.iter().position(|(_, it)| it.phase == phase && it.action == action).unwrap()
}

#[test]
fn an_effect_without_an_intent_is_found() {
    let why = said(compensated(), |records| {
        let intent = at(records, Phase::Intent, "travel.hotel");
        records.remove(intent);
    });
    assert!(why.contains(&"an outcome without an intent before it"), "{why:?}");
}

#[test]
fn a_repetition_that_is_not_declared_is_found() {
    let why = said(compensated(), |records| {
        let intent = at(records, Phase::Intent, "travel.flight");
        let mut again = records[intent].clone();
        again.1.id = "01944c2f-0000-7000-8000-0000000000aa".parse().unwrap();
        records.insert(intent + 2, again);
    });
    assert!(why.contains(&"a repetition that is not declared"), "{why:?}");
    assert!(why.contains(&"a step that was done is done again"), "{why:?}");
}

#[test]
fn a_call_that_may_not_be_repeated_is_found() {
    let world = World::new();
    world.ends("car", &[Ends::Lost]);
    world.run(&trip(&[step("car")]));
    let why = said(world.records(), |records| {
        let intent = at(records, Phase::Intent, "travel.car");
        let mut again = records[intent].clone();
        again.1.parent = Some(again.1.id);
        again.1.id = "01944c2f-0000-7000-8000-0000000000aa".parse().unwrap();
        records.insert(intent + 2, again);
    });
    assert_eq!(why, ["a call that may not be repeated was"]);
}

#[test]
fn what_is_taken_back_out_of_order_or_was_not_done_is_found() {
    let why = said(compensated(), |records| {
        let first = at(records, Phase::Intent, "compensate.travel.hotel");
        let second = at(records, Phase::Intent, "compensate.travel.flight");
        let moved: Vec<_> = records.drain(second..second + 2).collect();
        records.splice(first..first, moved);
    });
    assert_eq!(why, ["taken back out of order"]);
    let why = said(compensated(), |records| {
        let done = at(records, Phase::Outcome, "travel.hotel");
        records[done].1.outcome = Some(Outcome::Failed);
    });
    assert!(why.contains(&"an undo of what was not done"), "{why:?}");
    let why = said(compensated(), |records| {
        let undo = at(records, Phase::Intent, "compensate.travel.hotel");
        let operation = records[at(records, Phase::Intent, "travel.flight")].1.operation;
        records[undo].1.operation = operation;
    });
    assert!(why.contains(&"an undo of something else"), "{why:?}");
}

#[test]
fn steps_out_of_order_and_strange_steps_are_found() {
    let world = World::new();
    world.run(&trip(&[step("flight"), step("hotel")]));
    let done = world.records();
    let why = said(done.clone(), |records| {
        let first = at(records, Phase::Intent, "travel.flight");
        let second = at(records, Phase::Intent, "travel.hotel");
        let moved: Vec<_> = records.drain(second..second + 2).collect();
        records.splice(first..first, moved);
    });
    assert_eq!(why, ["a step began before the one before it was done"]);
    let why = said(done.clone(), |records| {
        let intent = at(records, Phase::Intent, "saga.run");
        let saga = json!({"saga": {"name": "trip", "steps": [step("flight")]}, "inputs": {}});
        records[intent].1.set_part(PartName::Input, &saga).unwrap();
    });
    assert_eq!(why, ["a step that the saga does not have"]);
    let why = said(done.clone(), |records| {
        let outcome = at(records, Phase::Outcome, "travel.hotel");
        records[outcome].1.outcome = Some(Outcome::Failed);
    });
    assert_eq!(why, ["it says that all is done, and that is not so"]);
    let why = said(done, |records| {
        let end = records.pop().unwrap();
        let step = at(records, Phase::Intent, "travel.hotel");
        records.insert(step, end);
    });
    assert!(why.contains(&"it went on after it had ended"), "{why:?}");
}

#[test]
fn a_step_that_begins_after_taking_back_began_and_an_undo_past_the_pivot_are_found() {
    let why = said(compensated(), |records| {
        let undo = at(records, Phase::Intent, "compensate.travel.hotel");
        let mut more = records[at(records, Phase::Intent, "travel.car")].clone();
        more.1.parent = Some(more.1.id);
        more.1.id = "01944c2f-0000-7000-8000-0000000000aa".parse().unwrap();
        records.insert(undo + 1, more);
    });
    assert_eq!(why, ["a step began after taking back had begun"]);
    let why = said(compensated(), |records| {
        let intent = at(records, Phase::Intent, "saga.run");
        let mut pivot = step("hotel");
        pivot["pivot"] = json!(true);
        let saga = json!({"saga": trip(&[step("flight"), pivot, step("car")]), "inputs": {}});
        records[intent].1.set_part(PartName::Input, &saga).unwrap();
    });
    assert!(why.contains(&"taken back past the point of no return"), "{why:?}");
    let why = said(compensated(), |records| {
        let undo = at(records, Phase::Outcome, "compensate.travel.flight");
        records[undo].1.outcome = Some(Outcome::Failed);
    });
    assert_eq!(why, ["it says that nothing of it is left, and that is not so"]);
}
