//! Who can stop a saga, and what becomes of it then.

use std::sync::Arc;
use std::time::Duration;

use sealbook_flow::{
    Control, Retry, SagaRunner, SagaStatus, StepState, SystemTime, Tempo, WhenHeld, control, find_saga, sagas,
};
use sealbook_record::{Outcome, Phase};
use serde_json::{Value, json};

use super::world::{Ends, World, ann, outcomes, read, request, step, trip};
use crate::fixture::wait_for;

impl World {
    fn tell(&self, id: &str, what: Control) {
        control(&self.bench.ledger, &self.journal(), id, what, ann(), Some("it rains".to_owned())).unwrap();
    }

    /// A runner that looks all the time what it is told, by the system's clock.
    fn lively(&self, when_held: WhenHeld) -> SagaRunner {
        let mut runner = self.runner.clone();
        runner.tempo = Tempo { poll: Some(Duration::from_millis(5)), when_held };
        runner.recovery.time = Arc::new(SystemTime::default());
        runner
    }
}

/// A saga that asks before its second step.
fn asking() -> Value {
    let mut hotel = step("hotel");
    hotel["ask_first"] = json!(true);
    trip(&[step("flight"), hotel, step("car")])
}

#[test]
fn a_step_that_asks_first_waits_for_a_person() {
    let world = World::new();
    let run = world.run(&asking());
    assert_eq!((run.status(), world.effects()), (SagaStatus::Held, vec!["flight".to_owned()]));
    assert!(run.held.unwrap().contains("`hotel` asks first"));
    assert_eq!(world.resume(&run.id).status(), SagaStatus::Held, "to run it again is no answer");
    let holds = outcomes(&world.records(), "saga.held").len();
    assert_eq!(holds, 1, "it is said once");
    world.tell(&run.id, Control::Resume);
    assert_eq!(world.resume(&run.id).status(), SagaStatus::Completed);
    assert_eq!(world.effects(), ["flight", "hotel", "car"]);
}

#[test]
fn a_saga_is_cancelled_killed_and_frozen_between_steps() {
    for (what, status, effects) in [
        (Control::Cancel, SagaStatus::Compensated, vec!["flight", "flight_cancel"]),
        (Control::Kill, SagaStatus::Killed, vec!["flight"]),
        (Control::Freeze, SagaStatus::Held, vec!["flight"]),
    ] {
        let world = World::new();
        let run = world.run(&asking());
        world.tell(&run.id, what);
        let run = world.resume(&run.id);
        assert_eq!((run.status(), world.effects()), (status, effects.iter().map(|it| (*it).to_owned()).collect()));
        if what == Control::Kill {
            let standing: Vec<&str> = run.standing().iter().map(|(name, _)| *name).collect();
            assert_eq!(standing, ["flight"], "it says what stands");
            let again = control(&world.bench.ledger, &world.journal(), &run.id, Control::Resume, ann(), None);
            assert_eq!(again.unwrap_err().code(), "saga_stands");
        }
        if what == Control::Freeze {
            // Calling it off does not need it to go on first.
            world.tell(&run.id, Control::Cancel);
            assert_eq!(world.resume(&run.id).status(), SagaStatus::Compensated);
        }
    }
}

#[test]
fn a_running_saga_heeds_what_another_process_says() {
    let world = World::new();
    let mut runner = world.lively(WhenHeld::Wait);
    runner.recovery.retry =
        Retry { retries: 3, base: Duration::from_hours(1), cap: Duration::from_hours(1), ..Retry::default() };
    runner.recovery.retry.deadline = Duration::from_hours(10);
    world.ends("flight", &[Ends::Gone, Ends::Gone]);
    let world = &world;
    wait_for(async {
        let saga = read(&trip(&[step("flight"), step("hotel")]));
        let mut asked = request();
        asked.id = Some("saga_a".to_owned());
        let run = runner.run(&saga, &asked);
        // It waits an hour before it tries again; called off meanwhile, it does not.
        let other = async {
            until(|| outcomes(&world.records(), "travel.flight").contains(&Some(Outcome::Unknown))).await;
            let error = runner.resume("saga_a", None, &asked).await.unwrap_err();
            assert!(error.to_string().contains("another process runs it"), "{error}");
            world.tell("saga_a", Control::Freeze);
            until(|| find_saga(&world.bench.ledger, "saga_a").unwrap().is_held()).await;
            world.tell("saga_a", Control::Kill);
        };
        let (run, ()) = both(Box::pin(run), Box::pin(other)).await;
        assert_eq!(run.unwrap().status(), SagaStatus::Killed);
    });
    world.is_sound();
}

#[test]
fn a_call_that_is_torn_by_a_kill_may_have_happened() {
    let world = World::new();
    world.ends("flight", &[Ends::Hangs]);
    let runner = world.lively(WhenHeld::Wait);
    let world = &world;
    let run = wait_for(async {
        let mut asked = request();
        asked.id = Some("saga_b".to_owned());
        let saga = read(&trip(&[step("flight")]));
        let other = async {
            until(|| world.effects() == ["flight"]).await;
            world.tell("saga_b", Control::Kill);
        };
        both(Box::pin(runner.run(&saga, &asked)), Box::pin(other)).await.0.unwrap()
    });
    assert_eq!(run.status(), SagaStatus::Killed);
    let run = find_saga(&world.bench.ledger, "saga_b").unwrap();
    assert!(matches!(run.step("flight").state, StepState::Unknown(_)), "{run:?}");
    assert_eq!(run.standing().len(), 1);
}

#[test]
fn the_emergency_stop_holds_steps_and_undos_alike() {
    let world = World::new();
    let run = world.run(&asking());
    world.bench.stop();
    world.tell(&run.id, Control::Resume);
    let run = world.resume(&run.id);
    assert_eq!((run.status(), world.effects()), (SagaStatus::Held, vec!["flight".to_owned()]));
    assert!(run.held.unwrap().contains("emergency stop"));
    world.tell(&run.id, Control::Cancel);
    let run = world.resume(&run.id);
    assert_eq!((run.status(), world.effects()), (SagaStatus::Held, vec!["flight".to_owned()]));
    let blocked = outcomes(&world.records(), "compensate.travel.flight");
    assert_eq!(blocked, [Some(Outcome::Blocked)]);
    assert!(wait_for(world.runner.run(&read(&asking()), &request())).is_err(), "nothing new begins");
}

#[test]
fn sagas_are_listed_and_many_are_called_off_at_once() {
    let world = World::new();
    let runner = world.lively(WhenHeld::Wait);
    let world = &world;
    let saga = read(&asking());
    wait_for(async {
        let ids: Vec<String> = (0..50).map(|at| format!("saga_{at}")).collect();
        let (runner, saga) = (&runner, &saga);
        let runs = ids.iter().map(|id| {
            let asked = sealbook_flow::SagaRequest { id: Some(id.clone()), ..request() };
            async move { runner.run(saga, &asked).await }
        });
        let mut runs: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> = runs.map(|run| Box::pin(run) as _).collect();
        let other = async {
            let held = |run: &sealbook_flow::SagaRun| run.status() == SagaStatus::Held;
            until(|| sagas(&world.bench.ledger, 100, &held).unwrap().len() == 50).await;
            for id in &ids {
                world.tell(id, Control::Cancel);
            }
        };
        let all = async {
            let mut ended = Vec::new();
            for run in join(&mut runs).await {
                ended.push(run);
            }
            ended
        };
        let (ended, ()) = both(all, other).await;
        assert_eq!(ended.len(), 50);
        assert!(
            ended.into_iter().all(|run: Result<sealbook_flow::SagaRun, sealbook_flow::Error>| run.unwrap().status()
                == SagaStatus::Compensated)
        );
    });
    assert_eq!(world.effects().iter().filter(|it| *it == "flight").count(), 50);
    assert_eq!(world.effects().iter().filter(|it| *it == "flight_cancel").count(), 50);
    let open = world.records().iter().filter(|(_, it)| it.action == "saga.run" && it.phase == Phase::Outcome).count();
    assert_eq!(open, 50);
    world.is_sound();
}

/// Looks again and again, while others go on.
async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        sealbook_flow::Time::wait(&SystemTime::default(), Duration::from_millis(5)).await;
    }
}

async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut one, mut other) = (None, None);
    std::future::poll_fn(move |context| {
        if one.is_none()
            && let std::task::Poll::Ready(it) = a.as_mut().poll(context)
        {
            one = Some(it);
        }
        if other.is_none()
            && let std::task::Poll::Ready(it) = b.as_mut().poll(context)
        {
            other = Some(it);
        }
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => std::task::Poll::Ready((one, other)),
            (first, second) => {
                (one, other) = (first, second);
                std::task::Poll::Pending
            }
        }
    })
    .await
}

async fn join<T>(all: &mut [std::pin::Pin<Box<dyn Future<Output = T> + '_>>]) -> Vec<T> {
    let mut done: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (at, one) in all.iter_mut().enumerate() {
            if done[at].is_none()
                && let std::task::Poll::Ready(it) = one.as_mut().poll(context)
            {
                done[at] = Some(it);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
