//! What is done instead is told apart from the real thing.

use sealbook_flow::{Answer, Attempt, Cause, DoneOrTask, Error, Fault, Repeat, Retry, Success, Why};
use sealbook_record::{Category, PartName, Severity};

use crate::fixture::{Bench, call, wait_for};

async fn down(_: Attempt) -> Result<Success<&'static str>, Fault> {
    Err(Fault::new(Cause::Connect))
}

async fn cached(_: Attempt) -> Result<Success<&'static str>, Fault> {
    Ok(Success::new("from the cache"))
}

fn once(bench: &Bench) -> sealbook_flow::Recovery {
    bench.recovery(Retry::default().never())
}

#[test]
fn a_fallback_says_degraded_and_both_are_recorded() {
    let bench = Bench::new();
    let (read, cache) = (call("rates.read", Repeat::Idempotent), call("cache.read", Repeat::Idempotent));
    let answer = wait_for(once(&bench).run_or(&read, down, &cache, cached)).unwrap();
    let Answer::Degraded { instead, because } = answer else { panic!("it says that all is well") };
    assert_eq!((instead.value, because.why), ("from the cache", Why::Spent));
    assert_eq!(
        bench.story(),
        ["intent rates.read", "outcome rates.read failed", "intent cache.read", "outcome cache.read ok"]
    );
    let told = bench.told();
    let record = |index: usize| told[index].record.as_ref().unwrap();
    assert_eq!(record(2).tags, ["degraded"]);
    assert_eq!(record(2).parent, Some(record(0).id));
    assert_eq!(record(3).operation, record(0).operation);
}

#[test]
fn a_call_that_succeeds_needs_no_fallback() {
    let bench = Bench::new();
    let (read, cache) = (call("rates.read", Repeat::Idempotent), call("cache.read", Repeat::Idempotent));
    let answer = wait_for(once(&bench).run_or(&read, cached, &cache, down)).unwrap();
    assert!(matches!(answer, Answer::Whole(done) if done.value == "from the cache"));
    assert_eq!(bench.story().len(), 2);
}

#[test]
fn a_fallback_that_fails_is_a_failure() {
    let bench = Bench::new();
    let (read, cache) = (call("rates.read", Repeat::Idempotent), call("cache.read", Repeat::Idempotent));
    let failed = wait_for(once(&bench).run_or(&read, down, &cache, down));
    assert!(matches!(failed, Err(Error::GaveUp(gave_up)) if gave_up.action == "cache.read"));
}

#[test]
fn there_is_no_way_around_a_stop() {
    let bench = Bench::new();
    bench.stop();
    let (read, cache) = (call("rates.read", Repeat::Idempotent), call("cache.read", Repeat::Idempotent));
    let halted = wait_for(once(&bench).run_or(&read, cached, &cache, cached));
    assert!(matches!(halted, Err(Error::Stopped { .. })), "{halted:?}");
    assert_eq!(bench.story(), ["event stop.set", "event rates.read blocked"]);
}

#[test]
fn where_a_service_is_down_a_person_gets_a_task() {
    let bench = Bench::new();
    let order = call("erp.order.create", Repeat::No);
    let lost = |_| async { Err::<Success<()>, _>(Fault::new(Cause::Timeout)) };
    let task = wait_for(once(&bench).run_or_task(&order, lost, "enter order 7 by hand")).unwrap();
    let DoneOrTask::Task(task) = task else { panic!("it was done") };
    assert_eq!(bench.story(), ["intent erp.order.create", "outcome erp.order.create unknown", "event task.manual"]);
    let told = bench.told();
    let record = told[2].record.as_ref().unwrap();
    assert_eq!(record.id, task.id);
    assert_eq!((record.category, record.severity), (Category::TaskProcessing, Severity::Warning));
    assert_eq!(record.reason.as_deref(), Some("enter order 7 by hand"));
    assert_eq!(record.parent, Some(task.because.last));
    assert_eq!(bench.part(2, PartName::Input), serde_json::json!({"order": 7}));
    // Whoever does it by hand must look first.
    assert_eq!(bench.part(2, PartName::Context)["may_have_happened"], true);
}

#[test]
fn a_mistake_is_no_task() {
    let bench = Bench::new();
    let wrong = |_| async { Err::<Success<()>, _>(Fault::new(Cause::Status(422))) };
    let failed = wait_for(once(&bench).run_or_task(&call("erp.order.create", Repeat::No), wrong, "enter it by hand"));
    assert!(matches!(failed, Err(Error::GaveUp(gave_up)) if gave_up.why == Why::Permanent));
    assert_eq!(bench.story().len(), 2);
}
