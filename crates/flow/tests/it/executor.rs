//! Calls of tools: what is on record of them, what is tried again, and what is asked instead.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sealbook_flow::{
    Availability, Called, Cause, Compensation, Deed, Effect, Error, Executor, Fault, NoSecrets, Pending, Probed,
    Registry, Request, Retry, Reversal, Schema, Secrets, Tool, ToolCall, ToolInfo, Why,
};
use sealbook_record::{Actor, ActorKind, Category, OperationStatus, PartName};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::fixture::{Bench, wait_for};

/// A calendar that fails as it is told, and keeps what it was asked.
struct Calendar {
    info: ToolInfo,
    effect: Effect,
    /// How its next answers fail; then it answers.
    faults: Mutex<Vec<(Cause, bool)>>,
    /// Bookings by the key of their call.
    booked: Mutex<Vec<(String, Value)>>,
    calls: AtomicUsize,
    answer: Value,
    can_probe: bool,
    availability: Availability,
}

impl Calendar {
    fn new(effect: Effect) -> Self {
        let input = json!({"type": "object", "required": ["day"], "additionalProperties": false,
            "properties": {"day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, "token": {"type": "string"}}});
        let output = json!({"type": "object", "required": ["event_id"]});
        let info = ToolInfo {
            name: "calendar".to_owned(),
            description: "Books a day".to_owned(),
            backend: "test".to_owned(),
            effect,
            reversal: Reversal::Call,
            input: Schema::new(input).unwrap(),
            output: Some(Schema::new(output).unwrap()),
        };
        Self {
            info,
            effect,
            faults: Mutex::default(),
            booked: Mutex::default(),
            calls: AtomicUsize::new(0),
            answer: json!({"event_id": "e7"}),
            can_probe: true,
            availability: Availability::YES,
        }
    }

    /// Fails so, one after the other; with `true`, it books all the same.
    fn failing(self, faults: &[(Cause, bool)]) -> Self {
        *self.faults.lock().unwrap() = faults.iter().rev().copied().collect();
        self
    }

    fn bookings(&self) -> usize {
        self.booked.lock().unwrap().len()
    }
}

impl Tool for Calendar {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (action, category) = ("calendar.create".to_owned(), Category::Booking);
        Deed { action, category, effect: self.effect, reversal: Reversal::Call }
    }

    fn availability(&self) -> Availability {
        self.availability.clone()
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let fault = self.faults.lock().unwrap().pop();
            let mut booked = self.booked.lock().unwrap();
            let is_known = self.effect == Effect::Idempotent && booked.iter().any(|(key, _)| key == call.key);
            if fault.is_none_or(|(_, is_done)| is_done) && !is_known {
                booked.push((call.key.to_owned(), call.input.clone()));
            }
            fault.map_or_else(|| Ok(self.answer.clone()), |(cause, _)| Err(Fault::new(cause)))
        })
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(async move {
            if !self.can_probe {
                return Err(Fault::new(Cause::Connect));
            }
            let is_there = self.booked.lock().unwrap().iter().any(|(key, _)| key == call.key);
            Ok(if is_there { Probed::Done(self.answer.clone()) } else { Probed::NotDone })
        })
    }

    fn compensation(&self, _: &Value, result: &Value) -> Compensation {
        Compensation::Call { tool: "calendar_cancel".to_owned(), input: json!({"event_id": result["event_id"]}) }
    }
}

struct OneSecret;

impl Secrets for OneSecret {
    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        (name == "calendar").then(|| Zeroizing::new("tok-5fd1c0ffee77aa".to_owned()))
    }
}

fn executor(bench: &Bench, tool: &Arc<Calendar>) -> Executor {
    let mut tools = Registry::new();
    tools.add(Arc::clone(tool) as Arc<dyn Tool>).unwrap();
    Executor::new("default", Arc::new(tools), bench.recovery(Retry::default()), Arc::new(OneSecret))
}

fn request(input: Value) -> Request {
    Request::new("calendar", input, Actor::new(ActorKind::Agent, "builder"))
}

fn book(bench: &Bench, tool: &Arc<Calendar>) -> Result<Called, Error> {
    wait_for(executor(bench, tool).call(&request(json!({"day": "2026-03-02"}))))
}

fn why(called: Result<Called, Error>) -> Why {
    match called {
        Err(Error::GaveUp(gave_up)) => gave_up.why,
        other => panic!("{other:?}"),
    }
}

fn status(bench: &Bench) -> OperationStatus {
    let operation = bench.told()[0].leaf.operation.unwrap();
    bench.ledger.operation(operation).unwrap().unwrap().status
}

#[test]
fn a_call_is_written_before_and_after_with_what_takes_it_back() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Idempotent)));
    let called = book(&bench, &tool).unwrap();
    assert_eq!(called.result, json!({"event_id": "e7"}));
    assert_eq!(bench.story(), ["intent calendar.create", "outcome calendar.create ok"]);
    let context = bench.part(0, PartName::Context);
    assert_eq!((&context["tool"], &context["effect"]), (&json!("calendar"), &json!("idempotent")));
    assert_eq!(context["pin"].as_str().unwrap().len(), 64);
    assert_eq!(bench.part(1, PartName::Result), json!({"event_id": "e7"}));
    let undo = json!({"compensation": {"call": {"tool": "calendar_cancel", "input": {"event_id": "e7"}}}});
    assert_eq!(bench.part(1, PartName::Metadata), undo);
}

#[test]
fn what_does_not_fit_is_not_called_and_is_on_record() {
    let tool = Arc::new(Calendar::new(Effect::Idempotent));
    for (input, place) in [
        (json!({"day": "tomorrow, sk-live-51H8abcdEFGHijkl"}), "/day"),
        (json!({"day": 7}), "/day"),
        (json!({}), ""),
        (json!({"day": "2026-03-02", "to": "me"}), ""),
        (json!("2026-03-02"), ""),
    ] {
        let bench = Bench::new();
        let Err(error) = wait_for(executor(&bench, &tool).call(&request(input))) else { panic!("it was called") };
        let Error::ToolInputInvalid { misfit, .. } = &error else { panic!("{error:?}") };
        assert_eq!(misfit.place, place, "{error}");
        assert!(!error.to_string().contains("sk-live") && !error.to_string().contains("tomorrow"), "{error}");
        assert_eq!(bench.story(), ["event tool.call failed"]);
        assert_eq!(bench.part(0, PartName::Error)["code"], "tool_input_invalid");
    }
    assert_eq!(tool.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn tools_that_are_unknown_away_or_changed_are_not_called() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Idempotent)));
    let executor = executor(&bench, &tool);
    let mut asked = request(json!({"day": "2026-03-02"}));
    asked.tool = "calender".to_owned();
    assert_eq!(wait_for(executor.call(&asked)).unwrap_err().code(), "tool_unknown");
    asked.tool = "calendar".to_owned();
    asked.pin = Some("0".repeat(64));
    assert_eq!(wait_for(executor.call(&asked)).unwrap_err().code(), "tool_changed");
    asked.pin = executor.tools().pin("calendar").map(str::to_owned);
    assert!(wait_for(executor.call(&asked)).is_ok());
    let away = Availability::no("no calendar is configured; name one in tools.toml");
    let tool = Arc::new(Calendar { availability: away, ..Calendar::new(Effect::Idempotent) });
    assert_eq!(book(&bench, &tool).unwrap_err().code(), "tool_unavailable");
    assert_eq!(tool.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_secret_reaches_the_tool_and_nothing_else() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Idempotent)));
    let asked = request(json!({"day": "2026-03-02", "token": "secret://calendar"}));
    wait_for(executor(&bench, &tool).call(&asked)).unwrap();
    assert_eq!(tool.booked.lock().unwrap()[0].1["token"], "tok-5fd1c0ffee77aa");
    assert_eq!(bench.part(0, PartName::Input)["token"], "secret://calendar");
    let all = format!("{:?}", bench.told());
    assert!(!all.contains("c0ffee"), "{all}");
    let missing = request(json!({"day": "2026-03-02", "token": "secret://other"}));
    assert_eq!(wait_for(executor(&bench, &tool).call(&missing)).unwrap_err().code(), "secret_missing");
    assert_eq!(tool.bookings(), 1);
}

#[test]
fn an_idempotent_call_is_made_again_with_the_same_key() {
    let (bench, tool) = (Bench::new(), Calendar::new(Effect::Idempotent));
    let tool = Arc::new(tool.failing(&[(Cause::Status(503), false), (Cause::Timeout, true)]));
    assert_eq!(book(&bench, &tool).unwrap().attempts, 3);
    assert_eq!((tool.calls.load(Ordering::Relaxed), tool.bookings()), (3, 1), "the other side knows the key");
    assert_eq!(status(&bench), OperationStatus::Ok);
}

#[test]
fn an_unsafe_call_of_which_nobody_knows_stays_unknown() {
    let (bench, tool) = (Bench::new(), Calendar::new(Effect::Unsafe));
    let tool = Arc::new(tool.failing(&[(Cause::Timeout, true)]));
    assert_eq!(why(book(&bench, &tool)), Why::MayNotRepeat);
    assert_eq!((tool.calls.load(Ordering::Relaxed), status(&bench)), (1, OperationStatus::Unknown));
}

#[test]
fn what_can_be_asked_is_asked_before_it_is_tried_again() {
    let bench = Bench::new();
    let tool = Arc::new(Calendar::new(Effect::Probeable).failing(&[(Cause::Timeout, true)]));
    let called = book(&bench, &tool).unwrap();
    assert_eq!((tool.calls.load(Ordering::Relaxed), tool.bookings()), (1, 1), "it had been done");
    assert_eq!(called.result, json!({"event_id": "e7"}));
    assert!(matches!(called.compensation, Compensation::Call { .. }));
    let story = ["intent calendar.create", "outcome calendar.create unknown", "event operation.reconciled ok"];
    assert_eq!(bench.story(), story);
    assert_eq!(status(&bench), OperationStatus::Ok);
    assert_eq!(bench.part(2, PartName::Metadata)["compensation"]["call"]["tool"], "calendar_cancel");

    let bench = Bench::new();
    let tool = Arc::new(Calendar::new(Effect::Probeable).failing(&[(Cause::Lost, false), (Cause::Connect, false)]));
    assert_eq!(book(&bench, &tool).unwrap().attempts, 3);
    assert_eq!((tool.calls.load(Ordering::Relaxed), tool.bookings()), (3, 1), "it had not been done");
    assert_eq!(status(&bench), OperationStatus::Ok);
}

#[test]
fn what_cannot_be_asked_now_is_not_tried_again() {
    let bench = Bench::new();
    let tool = Calendar { can_probe: false, ..Calendar::new(Effect::Probeable).failing(&[(Cause::Timeout, true)]) };
    let tool = Arc::new(tool);
    assert!(matches!(book(&bench, &tool), Err(Error::GaveUp(_))));
    assert_eq!((tool.calls.load(Ordering::Relaxed), status(&bench)), (1, OperationStatus::Unknown));
}

#[test]
fn an_answer_that_does_not_fit_its_schema_is_no_success() {
    let bench = Bench::new();
    let tool = Arc::new(Calendar { answer: json!({"id": 7}), ..Calendar::new(Effect::Unsafe) });
    assert!(matches!(book(&bench, &tool), Err(Error::GaveUp(_))));
    assert_eq!(status(&bench), OperationStatus::Unknown, "it may well have been done");
}

#[test]
fn a_stop_halts_before_the_tool_is_called() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Idempotent)));
    bench.stop();
    assert_eq!(book(&bench, &tool).unwrap_err().code(), "stopped");
    assert_eq!(tool.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn answers_have_the_shape_of_the_older_executor() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Unsafe)));
    let executor = executor(&bench, &tool);
    let good = serde_json::to_value(wait_for(executor.execute_tool(&request(json!({"day": "2026-03-02"}))))).unwrap();
    let intent = bench.told()[0].leaf.id.to_string();
    let expected = json!({"success": true, "tool": "calendar", "data": {"event_id": "e7"}, "audit_id": intent});
    assert_eq!(good, expected);
    let bad = serde_json::to_value(wait_for(executor.execute_tool(&request(json!({}))))).unwrap();
    assert_eq!((&bad["success"], &bad["data"]), (&json!(false), &Value::Null));
    assert!(bad["error"].as_str().unwrap().contains("day"), "{bad}");
}

#[test]
fn a_call_by_nobody_is_kept_and_flagged() {
    let (bench, tool) = (Bench::new(), Arc::new(Calendar::new(Effect::Idempotent)));
    let asked = Request { actor: Actor::unknown(), ..request(json!({"day": "2026-03-02"})) };
    wait_for(executor(&bench, &tool).call(&asked)).unwrap();
    for stored in bench.told() {
        let record = stored.record.unwrap();
        assert!(record.actor_unknown() && record.tags.contains(&"actor_unknown".to_owned()), "{record:?}");
    }
}

#[test]
fn a_pin_covers_all_that_is_declared() {
    let pin = |info: fn(&mut ToolInfo)| {
        let mut tool = Calendar::new(Effect::Idempotent);
        info(&mut tool.info);
        let mut tools = Registry::new();
        tools.add(Arc::new(tool)).unwrap();
        tools.list().next().unwrap().pin.to_owned()
    };
    let first = pin(|_| ());
    assert_eq!(first, pin(|_| ()));
    let changes: [fn(&mut ToolInfo); 4] = [
        |info| info.description.push('.'),
        |info| info.effect = Effect::Unsafe,
        |info| info.output = None,
        |info| info.input = Schema::anything(),
    ];
    for change in changes {
        assert_ne!(first, pin(change));
    }
}

#[test]
fn names_of_tools_are_their_own() {
    let mut tools = Registry::new();
    tools.add(Arc::new(Calendar::new(Effect::Pure))).unwrap();
    assert_eq!(tools.add(Arc::new(Calendar::new(Effect::Read))).unwrap_err().code(), "tool_invalid");
    for name in ["", "a b", "calendar\n", &"x".repeat(129), "café"] {
        let mut tool = Calendar::new(Effect::Pure);
        name.clone_into(&mut tool.info.name);
        assert_eq!(tools.add(Arc::new(tool)).unwrap_err().code(), "tool_invalid", "{name:?}");
    }
    let _ = NoSecrets;
}

#[test]
fn hostile_schemas_are_refused_or_bounded() {
    let deep = (0..10_000).fold("true".to_owned(), |inner, _| format!(r#"{{"not":{inner}}}"#));
    assert!(serde_json::from_str::<Value>(&deep).is_err(), "no parser of ours reads that");
    for schema in [
        json!({"type": "nothing"}),
        json!({"$ref": "http://127.0.0.1:1/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"pattern": "("}),
        json!({"enum": ["x".repeat(300_000)]}),
    ] {
        assert_eq!(Schema::new(schema.clone()).unwrap_err().code(), "schema_invalid", "{schema:.60}");
    }
    // Exponential for a matcher that goes back.
    let schema = Schema::new(json!({"type": "string", "pattern": "^(a+)+$"})).unwrap();
    assert!(schema.check(&json!(format!("{}b", "a".repeat(100_000)))).is_err());
    // A schema that refers to itself ends where the value does.
    let own = Schema::new(json!({"type": ["array", "null"], "items": {"$ref": "#"}})).unwrap();
    let nested = (0..100).fold(json!(null), |inner, _| json!([inner]));
    assert!(own.check(&nested).is_ok());
}
