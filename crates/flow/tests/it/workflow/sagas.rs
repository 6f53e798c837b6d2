//! A saga within a run: what was done in it is taken back where it fails, and once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealbook_flow::workflow::{Definition, NoHands, Run, RunEvent, RunRequest, RunStatus, Runner};
use sealbook_flow::{
    Cause, Compensation, Deed, Effect, Error, Fault, Journal, NoSecrets, Pending, Recovery, Registry, Retry, Reversal,
    Schema, Tool, ToolCall, ToolInfo,
};
use sealbook_record::{Category, CertificateCheck, LawfulCheck, Outcome, Record, Timestamp, Uuid};
use sealbook_store::SystemEntropy;
use serde_json::{Value, json};

use super::{node, workflow};
use crate::fixture::{Bench, wait_for};

type Effects = Arc<Mutex<Vec<(String, String)>>>;

/// Keeps what it did by its key, and fails where it is told to.
struct Desk {
    info: ToolInfo,
    undo: Option<&'static str>,
    effects: Effects,
}

impl Tool for Desk {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: format!("test.{}", self.info.name), category: Category::ToolCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            match call.input["ends"].as_str() {
                Some("failed") => return Err(Fault::permanent("it was told to")),
                Some("lost") => return Err(Fault::new(Cause::Lost)),
                _ => {}
            }
            {
                let mut effects = self.effects.lock().unwrap();
                if !effects.iter().any(|(_, key)| key == call.key) {
                    effects.push((self.info.name.clone(), call.key.to_owned()));
                }
            }
            if call.input["ends"] == "hangs" {
                std::future::pending::<()>().await;
            }
            Ok(json!({"id": self.info.name}))
        })
    }

    fn compensation(&self, _: &Value, result: &Value) -> Compensation {
        match self.undo {
            Some(tool) => Compensation::Call { tool: tool.to_owned(), input: json!({"id": result["id"]}) },
            None => Compensation::Nothing,
        }
    }
}

struct World {
    bench: Bench,
    effects: Effects,
}

/// A journal that ends like a process that is killed.
struct Mortal {
    journal: Arc<dyn Journal>,
    left: std::sync::atomic::AtomicUsize,
}

impl Mortal {
    fn lives(&self) -> Result<(), Error> {
        use std::sync::atomic::Ordering::SeqCst;
        let lived = self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        lived.map(drop).map_err(|_| Error::Offload { cause: "killed".to_owned() })
    }
}

impl Journal for Mortal {
    fn next_id(&self) -> Uuid {
        self.journal.next_id()
    }

    fn now(&self) -> Timestamp {
        self.journal.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        self.lives()?;
        self.journal.enter(intent)
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.lives()?;
        self.journal.enter_undo(intent)
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.lives()?;
        self.journal.seal(record)
    }

    fn queue(&self, record: Record) -> Result<(), Error> {
        self.lives()?;
        self.journal.queue(record)
    }
}

impl World {
    fn new() -> Self {
        Self { bench: Bench::new(), effects: Effects::default() }
    }

    fn runner(&self, writes: usize) -> Runner {
        let mut tools = Registry::new();
        for (name, undo) in [("flight", Some("unflight")), ("hotel", Some("unhotel")), ("room", None)]
            .into_iter()
            .chain([("unflight", None), ("unhotel", None), ("unroom", None)])
        {
            let info = ToolInfo {
                name: name.to_owned(),
                description: name.to_owned(),
                backend: "test".to_owned(),
                effect: Effect::Idempotent,
                reversal: if undo.is_some() { Reversal::Call } else { Reversal::Nothing },
                input: Schema::new(json!({"type": "object"})).unwrap(),
                output: None,
            };
            tools.add(Arc::new(Desk { info, undo, effects: Arc::clone(&self.effects) })).unwrap();
        }
        let journal = Mortal { journal: Arc::clone(&self.bench.journal), left: writes.into() };
        let recovery = Recovery {
            retry: Retry { retries: 0, base: Duration::ZERO, ..Retry::default() },
            journal: Arc::new(journal),
            time: Arc::new(super::runs::Patient),
            entropy: Arc::new(SystemEntropy),
        };
        Runner::new("default", Arc::new(tools), recovery, Arc::new(NoSecrets), Arc::new(NoHands))
    }

    fn on_record(&self) -> Option<Run> {
        let told = self.bench.told();
        Run::fold(told.iter().filter_map(|stored| RunEvent::of(stored.record.as_ref()?, &stored.redactions)))
    }

    fn effects(&self) -> Vec<String> {
        self.effects.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }

    fn is_sound(&self, at: &str) {
        let (mut lawful, mut certificates) = (LawfulCheck::default(), CertificateCheck::default());
        for stored in self.bench.told() {
            let record = stored.record.unwrap();
            lawful.push(stored.seq, &record);
            certificates.push(stored.seq, record);
        }
        assert_eq!((lawful.runs(), lawful.finish()), (1, Vec::new()), "{at}");
        assert_eq!(certificates.finish(), Vec::new(), "{at}");
    }
}

fn call(id: &str, ends: &str) -> Value {
    node(id, "tool", json!({"tool_name": id, "parameters": {"ends": ends}, "retry_count": 0}))
}

/// Looks, books in a saga, and goes on.
fn trip(last: &str) -> Definition {
    let mut room = call("room", last);
    room["config"]["compensation"] =
        json!({"tool_name": "unroom", "parameters": {"of": "{{ result.id }}", "was": "{{ parameters.ends }}"}});
    let ends = call("hotel", last);
    let body = json!({"saga_body": [call("flight", "ok"), room_ok(&room), ends]});
    workflow(
        &json!([
            node("in", "input", json!({"input_type": "text", "default_value": "x"})),
            node("trip", "saga", body),
            node("out", "output", json!({}))
        ]),
        &["in trip", "trip out"],
    )
}

fn room_ok(room: &Value) -> Value {
    let mut room = room.clone();
    room["config"]["parameters"]["ends"] = json!("ok");
    room
}

fn never() -> Pending<'static, ()> {
    Box::pin(std::future::pending())
}

#[test]
fn a_saga_that_succeeds_gives_what_its_last_step_gave() {
    let world = World::new();
    let run = wait_for(world.runner(usize::MAX).run(&trip("ok"), &RunRequest::default(), never())).unwrap();
    assert_eq!((run.status, world.effects()), (RunStatus::Completed, strings(&["flight", "room", "hotel"])));
    assert_eq!(run.scope(&trip("ok")).node("trip"), Some(&json!({"id": "hotel"})));
    world.is_sound("it went well");
}

#[test]
fn a_saga_that_fails_is_taken_back_and_the_run_fails() {
    let world = World::new();
    let run = wait_for(world.runner(usize::MAX).run(&trip("failed"), &RunRequest::default(), never())).unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(world.effects(), strings(&["flight", "room", "unroom", "unflight"]));
    let errors = run.errors(&trip("failed"));
    assert!(errors.iter().any(|why| why.contains("2 of 2 steps were taken back")), "{errors:?}");
    let told = world.bench.told();
    let undo = told.iter().filter_map(|it| it.record.as_ref()).find(|it| it.action == "compensate.test.room").unwrap();
    let input = undo.part(sealbook_record::PartName::Input).unwrap().get();
    assert_eq!(input, r#"{"of":"room","was":"ok"}"#, "bound from what was given and what came of it");
    world.is_sound("it was taken back");
}

#[test]
fn what_nobody_knows_is_left_for_a_person() {
    let world = World::new();
    let run = wait_for(world.runner(usize::MAX).run(&trip("lost"), &RunRequest::default(), never())).unwrap();
    assert_eq!((run.status, world.effects()), (RunStatus::Unknown, strings(&["flight", "room"])));
    world.is_sound("nobody knows");
}

#[test]
fn a_run_that_is_called_off_takes_its_open_saga_back() {
    let world = World::new();
    let effects = Arc::clone(&world.effects);
    let cancel: Pending<'_, ()> = Box::pin(std::future::poll_fn(move |context| {
        context.waker().wake_by_ref();
        let is_there = effects.lock().unwrap().iter().any(|(name, _)| name == "hotel");
        if is_there { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }));
    let run = wait_for(world.runner(usize::MAX).run(&trip("hangs"), &RunRequest::default(), cancel)).unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    assert_eq!(world.effects(), strings(&["flight", "room", "hotel", "unroom", "unflight"]));
    let told = world.bench.told();
    let of = |action: &str| {
        let records = told.iter().filter_map(|it| it.record.as_ref());
        records.filter(|it| it.action == action).filter_map(|it| it.outcome).collect::<Vec<_>>()
    };
    assert_eq!(of("test.hotel"), [Outcome::Unknown], "a call that was torn may have happened");
    assert_eq!(of("compensate.test.hotel"), [Outcome::Failed], "and that is said");
    world.is_sound("it was called off");
}

#[test]
fn a_saga_goes_on_after_a_crash_at_every_write_forward_and_back() {
    for (last, status, effects) in [
        ("ok", RunStatus::Completed, strings(&["flight", "room", "hotel"])),
        ("failed", RunStatus::Failed, strings(&["flight", "room", "unroom", "unflight"])),
    ] {
        let definition = trip(last);
        let mut writes = 0;
        loop {
            let world = World::new();
            let ended = wait_for(world.runner(writes).run(&definition, &RunRequest::default(), never()));
            let at = format!("{last}, after {writes} writes");
            writes += 1;
            if let Ok(run) = &ended {
                assert_eq!((run.status, world.effects()), (status, effects.clone()), "{at}");
                assert!(writes > 10, "{at}");
                break;
            }
            let Some(before) = world.on_record() else {
                assert_eq!(world.effects(), strings(&[]), "{at}");
                continue;
            };
            if before.status == RunStatus::Running {
                let runner = world.runner(usize::MAX);
                let run = wait_for(runner.resume(&definition, &RunRequest::default(), &before, never())).unwrap();
                assert_eq!(run.status, status, "{at}: {:?}", run.why);
            }
            assert_eq!(world.effects(), effects, "{at}: each once, in this order");
            world.is_sound(&at);
        }
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
