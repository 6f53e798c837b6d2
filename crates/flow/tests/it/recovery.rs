//! Attempts, as they stand in the book.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealbook_flow::{Cause, Ending, Error, Fault, Journal, Pending, Repeat, Retry, Success, Time, Why, enter};
use sealbook_record::{
    Category, Completeness, CompletenessLimits, Outcome, PartName, Record, Target, TargetKind, Timestamp, Uuid,
};

use crate::fixture::{Bench, call, wait_for};

const UNAVAILABLE: Cause = Cause::Status(503);

/// No intent is open.
fn assert_complete(bench: &Bench) {
    let mut fold = Completeness::new(CompletenessLimits::default());
    bench.told().iter().for_each(|stored| fold.push(&stored.step()));
    let told = fold.finish();
    assert!(told.open_intents.is_empty() && told.outcomes_alone.is_empty(), "{told:?}");
}

#[test]
fn three_retries_are_four_attempts_and_each_is_recorded() {
    let bench = Bench::new();
    let made = AtomicU32::new(0);
    let failed = wait_for(bench.recovery(Retry::default()).run(&call("order.read", Repeat::Idempotent), |attempt| {
        assert_eq!((attempt.number, attempt.of), (made.fetch_add(1, Ordering::SeqCst) + 1, 4));
        async { Err::<Success<()>, _>(Fault::new(UNAVAILABLE)) }
    }));
    let Err(Error::GaveUp(gave_up)) = failed else { panic!("{failed:?}") };
    assert_eq!((gave_up.why, gave_up.attempts, made.into_inner()), (Why::Spent, 4, 4));
    let attempt = ["intent order.read", "outcome order.read failed"];
    assert_eq!(bench.story(), [attempt, attempt, attempt, attempt].concat());

    let told = bench.told();
    let records: Vec<&Record> = told.iter().map(|stored| stored.record.as_ref().unwrap()).collect();
    assert!(records.iter().all(|record| record.operation == Some(gave_up.operation)));
    // An outcome answers its intent, an intent the attempt before it.
    for (at, record) in records.iter().enumerate().skip(1) {
        let parent = if at % 2 == 1 { at - 1 } else { at - 2 };
        assert_eq!(record.parent, Some(records[parent].id));
    }
    assert_eq!(bench.part(4, PartName::Metadata)["attempt"], 3);
    assert_eq!(bench.part(1, PartName::Error)["then"], "retry");
    assert_eq!(bench.part(7, PartName::Error)["then"], "retries_spent");
    assert_eq!(bench.time.waits().len(), 3);
    assert_complete(&bench);
}

#[test]
fn an_attempt_is_durable_before_it_is_made() {
    let bench = Bench::new();
    let done = wait_for(bench.recovery(Retry::default()).run(&call("order.read", Repeat::Idempotent), |attempt| {
        let sealed = bench.told();
        assert_eq!(sealed.last().unwrap().record.as_ref().unwrap().id, attempt.intent);
        async move {
            if attempt.number < 3 {
                return Err(Fault::new(Cause::RateLimit));
            }
            Ok(Success::new(attempt.number).recorded(&serde_json::json!({"rows": 3})))
        }
    }))
    .unwrap();
    assert_eq!((done.value, done.attempts), (3, 3));
    assert!(done.unsealed.is_none());
    assert_eq!(bench.part(5, PartName::Result), serde_json::json!({"rows": 3}));
    assert_complete(&bench);
}

#[test]
fn what_may_not_be_repeated_is_called_once() {
    let bench = Bench::new();
    let failed = wait_for(
        bench
            .recovery(Retry::default())
            .run(&call("payment.make", Repeat::No), |_| async { Err::<Success<()>, _>(Fault::new(Cause::Lost)) }),
    );
    let Err(Error::GaveUp(gave_up)) = failed else { panic!("{failed:?}") };
    assert_eq!((gave_up.why, gave_up.attempts), (Why::MayNotRepeat, 1));
    // Nobody knows whether it was paid.
    assert_eq!(bench.story(), ["intent payment.make", "outcome payment.make unknown"]);
}

#[test]
fn every_attempt_carries_the_same_key() {
    let bench = Bench::new();
    let keys = Mutex::new(Vec::new());
    let repeat = Repeat::Keyed("order-7".to_owned());
    let _ = wait_for(bench.recovery(Retry::default()).run(&call("payment.make", repeat), |attempt| {
        keys.lock().unwrap().push(attempt.key);
        async { Err::<Success<()>, _>(Fault::new(Cause::Timeout)) }
    }));
    assert_eq!(keys.into_inner().unwrap(), vec![Some("order-7".to_owned()); 4]);
    assert_eq!(bench.part(6, PartName::Metadata)["idempotency"], "order-7");
}

#[test]
fn retry_after_decides_over_the_backoff() {
    let bench = Bench::new();
    let retry = Retry { base: Duration::ZERO, retries: 2, ..Retry::default() };
    let _ = wait_for(bench.recovery(retry).run(&call("order.read", Repeat::Idempotent), |attempt| async move {
        let value = ["7", "Thu, 01 Jan 2026 00:00:30 GMT", ""][attempt.number as usize - 1];
        Err::<Success<()>, _>(Fault::new(Cause::Status(429)).with_retry_after(value))
    }));
    assert_eq!(bench.time.waits(), [Duration::from_secs(7), Duration::from_secs(23)]);
}

#[test]
fn the_stop_is_looked_at_before_every_attempt() {
    let bench = Bench::new();
    let halted = wait_for(bench.recovery(Retry::default()).run(&call("order.read", Repeat::Idempotent), |_| {
        // While the attempt is under way, somebody stops everything.
        bench.stop();
        async { Err::<Success<()>, _>(Fault::new(UNAVAILABLE)) }
    }));
    assert!(matches!(halted, Err(Error::Stopped { .. })), "{halted:?}");
    assert_eq!(
        bench.story(),
        ["intent order.read", "event stop.set", "outcome order.read failed", "event order.read blocked"]
    );
    assert_eq!(bench.part(3, PartName::Error)["blocked_by"], "stop");

    let never = wait_for(bench.recovery(Retry::default()).run(&call("order.read", Repeat::Idempotent), |_| {
        panic!("it was called");
        #[expect(unreachable_code, reason = "it has a type")]
        async {
            Ok(Success::new(()))
        }
    }));
    assert!(matches!(never, Err(Error::Stopped { .. })));
    assert_complete(&bench);
}

#[test]
fn an_attempt_ends_at_the_deadline_and_is_then_in_doubt() {
    let bench = Bench::new();
    let retry = Retry { deadline: Duration::from_secs(10), ..Retry::default() };
    let failed = wait_for(bench.recovery(retry).run(&call("order.read", Repeat::Idempotent), |attempt| {
        assert_eq!(attempt.left, Duration::from_secs(10));
        std::future::pending::<Result<Success<()>, Fault>>()
    }));
    let Err(Error::GaveUp(gave_up)) = failed else { panic!("{failed:?}") };
    assert_eq!((gave_up.why, gave_up.fault.cause), (Why::Deadline, Cause::Timeout));
    assert_eq!(bench.story(), ["intent order.read", "outcome order.read unknown"]);
    assert_eq!(bench.time.passed(), Duration::from_secs(10));
}

#[test]
fn time_that_attempts_take_counts_towards_the_deadline() {
    let bench = Bench::new();
    let retry = Retry { retries: 100, base: Duration::ZERO, deadline: Duration::from_secs(10), ..Retry::default() };
    let failed = wait_for(bench.recovery(retry).run(&call("order.read", Repeat::Idempotent), |_| {
        bench.time.step(Duration::from_secs(4));
        async { Err::<Success<()>, _>(Fault::new(UNAVAILABLE)) }
    }));
    let Err(Error::GaveUp(gave_up)) = failed else { panic!("{failed:?}") };
    assert_eq!((gave_up.why, gave_up.attempts), (Why::Deadline, 3));
}

/// Never ends a wait: an attempt that hangs, hangs.
struct Frozen;

impl Time for Frozen {
    fn now(&self) -> Timestamp {
        Timestamp::default()
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _: Duration) -> Pending<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_call_that_is_dropped_is_recorded_as_cancelled() {
    let bench = Bench::new();
    let mut recovery = bench.recovery(Retry::default());
    recovery.time = Arc::new(Frozen);
    wait_for(async {
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let read = call("order.read", Repeat::Idempotent);
        let run = recovery.run(&read, move |_| {
            let _ = tell.take().unwrap().send(());
            std::future::pending::<Result<Success<()>, Fault>>()
        });
        let mut run = Box::pin(run);
        let mut told = Box::pin(told);
        std::future::poll_fn(|context| {
            assert!(run.as_mut().poll(context).is_pending());
            told.as_mut().poll(context).map(|_| ())
        })
        .await;
        drop(run);
    });
    // What a drop queues is sealed in its turn: whatever is appended now comes after it.
    bench.journal.seal(call("order.other", Repeat::No).intent).unwrap();
    assert_eq!(bench.story(), ["intent order.read", "outcome order.read cancelled", "event order.other"]);
    assert_complete(&bench);
}

#[test]
fn a_panic_is_recorded_as_a_failure() {
    let bench = Bench::new();
    let journal = Arc::clone(&bench.journal);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _entered = enter(&journal, call("order.read", Repeat::No).intent).unwrap();
        panic!("the disk of the caller is on fire");
    }));
    assert!(ended.is_err());
    bench.journal.seal(call("order.other", Repeat::No).intent).unwrap();
    assert_eq!(bench.story()[..2], ["intent order.read", "outcome order.read failed"]);
}

#[test]
fn secrets_in_what_fails_stay_out_of_the_book() {
    let bench = Bench::new();
    let secret = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let _ = wait_for(bench.recovery(Retry::default().never()).run(&call("order.read", Repeat::Idempotent), |_| {
        let fault = Fault::permanent(format!("Authorization: Bearer {secret} was refused"));
        async { Err::<Success<()>, _>(fault) }
    }));
    let message = bench.part(1, PartName::Error)["message"].as_str().unwrap().to_owned();
    assert!(!message.contains(secret) && message.contains("refused"), "{message}");
}

#[test]
fn content_that_is_too_large_does_not_cost_the_outcome() {
    let bench = Bench::new();
    for result in [serde_json::json!("x".repeat(2 << 20)), deep(200)] {
        let entered = enter(&bench.journal, call("order.read", Repeat::No).intent).unwrap();
        entered.end(Ending::new(Outcome::Ok).with(PartName::Result, &result)).unwrap();
    }
    assert!(bench.part(1, PartName::Result)["left_out"]["bytes"].as_u64().unwrap() > 2 << 20);
    assert_eq!(bench.part(3, PartName::Result)["left_out"]["bytes"], 402);
    assert_complete(&bench);
}

fn deep(levels: usize) -> serde_json::Value {
    (0..levels).fold(serde_json::json!("\u{e9}"[..0]), |inner, _| serde_json::json!([inner]))
}

/// Seals so many records, then the disk is full.
struct FullAfter {
    inner: Arc<dyn Journal>,
    left: AtomicU32,
}

impl Journal for FullAfter {
    fn next_id(&self) -> Uuid {
        self.inner.next_id()
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        self.room().and_then(|()| self.inner.enter(intent))
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.room().and_then(|()| self.inner.enter_undo(intent))
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.room().and_then(|()| self.inner.seal(record))
    }

    fn queue(&self, record: Record) -> Result<(), Error> {
        self.seal(record)
    }
}

impl FullAfter {
    fn room(&self) -> Result<(), Error> {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| Error::Store(sealbook_store::Error::DiskFull { path: "book".into() }))
    }
}

#[test]
fn nothing_is_called_or_repeated_that_cannot_be_recorded() {
    for (records, calls) in [(0, 0), (1, 1), (2, 1), (3, 2)] {
        let bench = Bench::new();
        let mut recovery = bench.recovery(Retry::default());
        recovery.journal = Arc::new(FullAfter { inner: Arc::clone(&bench.journal), left: AtomicU32::new(records) });
        let made = AtomicU32::new(0);
        let failed = wait_for(recovery.run(&call("order.read", Repeat::Idempotent), |_| {
            made.fetch_add(1, Ordering::SeqCst);
            async { Err::<Success<()>, _>(Fault::new(UNAVAILABLE)) }
        }));
        assert_eq!(failed.unwrap_err().code(), "disk_full");
        assert_eq!(made.into_inner(), calls, "with room for {records}");
    }
}

#[test]
fn what_was_done_is_not_lost_when_its_outcome_cannot_be_sealed() {
    let bench = Bench::new();
    let mut recovery = bench.recovery(Retry::default());
    recovery.journal = Arc::new(FullAfter { inner: Arc::clone(&bench.journal), left: AtomicU32::new(1) });
    let done = wait_for(recovery.run(&call("payment.make", Repeat::No), |_| async { Ok(Success::new("paid")) }));
    let done = done.unwrap();
    assert_eq!(done.value, "paid");
    assert_eq!(done.unsealed.unwrap().code(), "disk_full");
    // The book shows that something began.
    assert_eq!(bench.story(), ["intent payment.make"]);
}

#[test]
fn rules_hold_before_anything_is_called() {
    let bench = Bench::new();
    // Of the rules that every book begins with: agents keep off the commands that decide.
    let mut forbidden = call("shell.run", Repeat::No);
    forbidden.intent.set_part(PartName::Input, &serde_json::json!({"command": "sealbook resume --all"})).unwrap();
    let refused = wait_for(bench.recovery(Retry::default()).run(&forbidden, |_| {
        panic!("it was called");
        #[expect(unreachable_code, reason = "it has a type")]
        async {
            Ok(Success::new(()))
        }
    }));
    assert_eq!(refused.unwrap_err().code(), "refused_by_rules");
    assert_eq!(bench.story(), ["event shell.run blocked", "event alert.raised"]);
    assert_eq!(bench.part(0, PartName::Error)["blocked_by"], "rules");
}

#[test]
fn nobody_decides_by_naming_an_action() {
    let bench = Bench::new();
    for action in ["stop.lift", "approval.decided", "rule.disable", "alert.resolved"] {
        let refused = enter(&bench.journal, call(action, Repeat::No).intent).unwrap_err();
        assert_eq!(refused.code(), "action_reserved");
    }
    assert!(bench.story().is_empty());
}

#[test]
fn what_a_rule_alerts_on_raises_one_alert_and_goes_on() {
    let bench = Bench::new();
    // Of the rules that every book begins with: who writes what belongs to root.
    let mut write = call("file.write", Repeat::Idempotent);
    write.intent.category = Category::FileWrite;
    write.intent.target = Target::new(TargetKind::File, "/root/.profile");
    let done = wait_for(bench.recovery(Retry::default()).run(&write, |_| async { Ok(Success::new(())) }));
    assert_eq!(done.unwrap().attempts, 1);
    assert_eq!(bench.story(), ["intent file.write", "event alert.raised", "outcome file.write ok"]);
    assert_eq!(bench.told()[1].record.as_ref().unwrap().target.id, "high_privilege_access");
}
