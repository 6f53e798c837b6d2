//! Runs: what comes next, what is on record, and going on after a crash.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealbook_flow::workflow::{
    Definition, Hands, NoHands, Node, NodeStatus, Place, Run, RunEvent, RunRequest, RunStatus, Runner, StepEnd,
};
use sealbook_flow::{
    Compensation, Deed, Effect, Error, Fault, Journal, NoSecrets, Pending, Probed, Recovery, Registry, Retry, Reversal,
    Schema, Time, Tool, ToolCall, ToolInfo,
};
use sealbook_record::{Actor, ActorKind, Category, Outcome, PartName, Record, Timestamp, Uuid};
use sealbook_store::{Query, SystemEntropy};
use serde_json::{Value, json};

use super::{node, workflow};
use crate::fixture::{Bench, wait_for};

/// Waits up to 100 seconds are over at once; longer ones never.
pub(super) struct Patient;

impl Time for Patient {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(crate::fixture::START_US)
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        if how_long <= Duration::from_secs(100) {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(std::future::pending())
    }
}

/// Gives what it is given, fails where it is told to, and keeps each effect by its key.
pub(super) struct Echo {
    pub(super) info: ToolInfo,
    pub(super) effects: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Tool for Echo {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: format!("test.{}", self.info.name), category: Category::ToolCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            if call.input["hang"] == true {
                std::future::pending::<()>().await;
            }
            if call.input["fail"] == true {
                return Err(Fault::permanent("it was told to"));
            }
            let mut effects = self.effects.lock().unwrap();
            let is_known = effects.iter().any(|(key, _)| key == call.key);
            if self.info.effect != Effect::Idempotent || !is_known {
                effects.push((call.key.to_owned(), call.input.clone()));
            }
            Ok(call.input.clone())
        })
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        let done = self.effects.lock().unwrap().iter().find(|(key, _)| key == call.key).map(|(_, value)| value.clone());
        Box::pin(std::future::ready(Ok(done.map_or(Probed::NotDone, Probed::Done))))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

/// A journal that ends like a process that is killed: after so many writes, nothing is written any more.
pub(super) struct Mortal {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) left: AtomicUsize,
}

impl Mortal {
    fn lives(&self) -> Result<(), Error> {
        let lived = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
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

/// Answers in the words that it is asked.
struct Yes;

impl Hands for Yes {
    fn step<'a>(&'a self, node: &'a Node, asked: Value, _: &'a Place) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(std::future::ready(Ok(json!({"type": node.config.node_type(), "asked": asked}))))
    }
}

struct World {
    bench: Bench,
    pub(super) effects: Arc<Mutex<Vec<(String, Value)>>>,
}

impl World {
    fn new() -> Self {
        Self { bench: Bench::new(), effects: Arc::default() }
    }

    fn runner(&self, journal: Arc<dyn Journal>, hands: Arc<dyn Hands>) -> Runner {
        let mut tools = Registry::new();
        for (name, effect) in [("keyed", Effect::Idempotent), ("asked", Effect::Probeable), ("once", Effect::Unsafe)] {
            let info = ToolInfo {
                name: name.to_owned(),
                description: "Gives what it is given".to_owned(),
                backend: "test".to_owned(),
                effect,
                reversal: Reversal::Nothing,
                input: Schema::new(json!({"type": "object"})).unwrap(),
                output: None,
            };
            tools.add(Arc::new(Echo { info, effects: Arc::clone(&self.effects) })).unwrap();
        }
        let (retry, time) = (Retry { deadline: Duration::from_secs(1_000), ..Retry::default() }, Arc::new(Patient));
        let recovery = Recovery { retry, journal, time, entropy: Arc::new(SystemEntropy) };
        Runner::new("default", Arc::new(tools), recovery, Arc::new(NoSecrets), hands)
    }

    fn run(&self, definition: &Definition, inputs: Value) -> Result<Run, Error> {
        let runner = self.runner(Arc::clone(&self.bench.journal), Arc::new(Yes));
        wait_for(runner.run(definition, &request(inputs), never()))
    }

    /// What the book tells of the run that it holds.
    fn on_record(&self) -> Option<Run> {
        let told = self.bench.told().into_iter();
        Run::fold(told.filter_map(|stored| RunEvent::of(stored.record.as_ref()?, &stored.redactions)))
    }
}

pub(super) fn request(inputs: Value) -> RunRequest {
    let inputs = inputs.as_object().unwrap().clone();
    RunRequest { inputs, actor: Some(Actor::new(ActorKind::Agent, "builder")), ..RunRequest::default() }
}

pub(super) fn never() -> Pending<'static, ()> {
    Box::pin(std::future::pending())
}

fn keyed(id: &str, parameters: Value) -> Value {
    node(id, "tool", json!({"tool_name": "keyed", "parameters": parameters}))
}

fn orders() -> Definition {
    let rows = json!({"rows": [{"id": 1}, {"id": 2}]});
    workflow(
        &json!([
            node("order", "input", json!({"input_type": "json", "default_value": rows})),
            node(
                "large",
                "condition",
                json!({"condition_type": "expression", "expression": "inputs.order.rows.size() > 1"})
            ),
            node(
                "each",
                "loop",
                json!({
                    "iteration_source": "inputs.order.rows",
                    "loop_body": [
                        keyed("pick", json!({"id": "{{ item.id }}", "at": "{{ index }}"})),
                        keyed("pack", json!({"picked": "{{ nodes.pick.id }}"}))
                    ]
                })
            ),
            keyed("small", json!({"x": 1})),
            node("fork", "parallel", json!({})),
            keyed("left", json!({"side": "left"})),
            node("right", "tool", json!({"tool_name": "asked", "parameters": {"side": "right"}})),
            node("join", "merge", json!({})),
            node("yes", "approval", json!({"message": "Send {{ nodes.each | length }}?"})),
            node("sub", "workflow", json!({"workflow": "invoices", "inputs": {"n": "{{ nodes.each | length }}"}})),
            node(
                "out",
                "output",
                json!({"template": {"packed": "{{ nodes.each }}", "both": "{{ nodes.join }}", "yes": "{{ nodes.yes.asked }}"}})
            )
        ]),
        &[
            "order large",
            "large each true",
            "large small false",
            "each fork",
            "small fork",
            "fork left",
            "fork right",
            "left join",
            "right join",
            "join yes",
            "yes sub",
            "sub out",
        ],
    )
}

#[test]
fn a_run_gives_its_outputs_and_each_step_is_on_record() {
    let world = World::new();
    let orders = orders();
    let run = world.run(&orders, json!({})).unwrap();
    assert_eq!((run.status, &run.why), (RunStatus::Completed, &None));
    assert_eq!(
        Value::Object(run.outputs(&orders)),
        json!({"out": {
            "packed": [{"picked": 1}, {"picked": 2}],
            "both": {"left": {"side": "left"}, "right": {"side": "right"}},
            "yes": "Send 2?"
        }})
    );
    let effects: Vec<Value> = world.effects.lock().unwrap().iter().map(|(_, value)| value.clone()).collect();
    assert_eq!(
        effects[..4],
        [json!({"id": 1, "at": 0}), json!({"picked": 1}), json!({"id": 2, "at": 1}), json!({"picked": 2})]
    );
    let plan = run.next(&orders);
    assert_eq!((plan.nodes["small"], plan.nodes["each"]), (NodeStatus::Skipped, NodeStatus::Completed));
    let told = world.on_record().unwrap();
    assert_eq!((told.status, &told.run_id, &told.digest), (RunStatus::Completed, &run.run_id, &orders.digest()));
    assert_eq!(told.steps, run.steps, "the book tells the same");
    assert_eq!(told.outputs(&orders), run.outputs(&orders));
    let query = Query { tags: vec![run.run_id.clone()], action: vec!["workflow.node".to_owned()], ..Query::default() };
    let mut count = 0;
    world
        .bench
        .ledger
        .each_match(&query, &mut |_| {
            count += 1;
            Ok(true)
        })
        .unwrap();
    assert_eq!(count, 2 * run.steps.len(), "an intent and an outcome for each");
}

#[test]
fn a_status_and_a_trace_have_their_shapes() {
    let world = World::new();
    let definition = workflow(
        &json!([
            keyed("boil", json!({"a": 1})),
            node("pour", "tool", json!({"tool_name": "keyed", "parameters": {"fail": true}, "retry_count": 0})),
            node("out", "output", json!({"template": "x"}))
        ]),
        &["boil pour", "pour out"],
    );
    let run = world.run(&definition, json!({})).unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    assert!(run.run_id.starts_with("exec_") && run.run_id.len() == 17);
    let errors = run.errors(&definition);
    assert!(
        errors.len() == 1 && errors[0].starts_with("Node pour failed: test.keyed failed: it was told to"),
        "{errors:?}"
    );
    let trace = serde_json::to_value(run.trace(&definition)).unwrap();
    let lines: Vec<String> =
        trace.as_array().unwrap().iter().map(|it| format!("{} {}", it["action"], it["node_id"])).collect();
    assert_eq!(lines, [r#""starting" "boil""#, r#""completed" "boil""#, r#""starting" "pour""#, r#""failed" "pour""#]);
    assert_eq!((&trace[1]["result_size"], &trace[1]["node_name"]), (&json!(7), &json!("boil")));
    let status = run.status(&definition, Timestamp::from_micros(crate::fixture::START_US));
    assert_eq!(
        (&status["status"], &status["progress"], &status["total_nodes"]),
        (&json!("failed"), &json!(1), &json!(3))
    );
    for field in ["execution_id", "workflow_id", "start_time", "end_time", "errors", "duration"] {
        assert!(!status[field].is_null(), "{field}: {status}");
    }
    assert_eq!(run.next(&definition).nodes["out"], NodeStatus::Skipped);
    assert_eq!(world.on_record().unwrap().status, RunStatus::Failed, "it is saved");
}

#[test]
fn what_is_not_valid_is_not_begun() {
    let world = World::new();
    let none = workflow(&json!([node("a", "wait", json!({"seconds": 1}))]), &[]);
    let error = world.run(&none, json!({})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Workflow validation failed: [No output nodes found - workflow will not produce results]"
    );
    let unknown = workflow(
        &json!([node("t", "tool", json!({"tool_name": "nobody"})), node("o", "output", json!({"template": "x"}))]),
        &["t o"],
    );
    assert!(world.run(&unknown, json!({})).unwrap_err().to_string().contains("no tool `nobody`"));
    let orders = orders();
    let error = world.run(&orders, json!({"frobnicate": 1})).unwrap_err();
    assert_eq!(error.code(), "workflow_input_invalid");
    let number = workflow(
        &json!([
            node("n", "input", json!({"input_type": "number"})),
            node("o", "output", json!({"template": "{{ inputs.n }}"}))
        ]),
        &["n o"],
    );
    assert!(world.run(&number, json!({})).unwrap_err().to_string().contains("not given"));
    assert!(world.run(&number, json!({"n": "7"})).unwrap_err().to_string().contains("no number"));
    assert_eq!(world.run(&number, json!({"n": 7})).unwrap().outputs(&number)["o"], json!(7));
    assert!(world.bench.told().iter().all(|it| it.record.as_ref().unwrap().action != "tool.call"));
}

/// Three branches, some of which fail, and a merge.
fn joined(merge: &Value, fails: [bool; 3]) -> (Run, Definition) {
    let world = World::new();
    let branch = |id: &str, fail: bool| {
        node(id, "tool", json!({"tool_name": "keyed", "parameters": {"fail": fail, "id": id}, "retry_count": 0}))
    };
    let definition = workflow(
        &json!([
            node("fork", "parallel", json!({})),
            branch("a", fails[0]),
            branch("b", fails[1]),
            branch("c", fails[2]),
            node("m", "merge", merge.clone()),
            node("out", "output", json!({"template": "{{ nodes.m }}"}))
        ]),
        &["fork a", "fork b", "fork c", "a m", "b m", "c m", "m out"],
    );
    let run = world.run(&definition, json!({})).unwrap();
    (run, definition)
}

#[test]
fn merges_join_as_they_say() {
    let ids = |merge: Value, fails| {
        let (run, definition) = joined(&merge, fails);
        let given = run.outputs(&definition).get("out").cloned();
        (run.status, given.map(|it| it.as_object().unwrap().len()))
    };
    let (done, failed) = (RunStatus::Completed, RunStatus::Failed);
    assert_eq!(ids(json!({}), [false; 3]), (done, Some(3)));
    assert_eq!(ids(json!({}), [false, true, false]), (failed, None));
    assert_eq!(ids(json!({"join": "settled"}), [false, true, false]), (done, Some(2)));
    assert_eq!(ids(json!({"join": "settled"}), [true; 3]), (done, Some(0)));
    assert_eq!(ids(json!({"join": "any"}), [true, true, false]), (done, Some(1)));
    assert_eq!(ids(json!({"join": "any"}), [true; 3]), (failed, None));
    assert_eq!(ids(json!({"join": "n", "count": 2}), [true, false, false]), (done, Some(2)));
    assert_eq!(ids(json!({"join": "n", "count": 2}), [true, true, false]), (failed, None));
    let (run, definition) = joined(&json!({"reducer": "union"}), [false; 3]);
    assert!(run.errors(&definition)[0].contains("the branches differ in `id`"), "{:?}", run.errors(&definition));
}

#[test]
fn a_hundred_branches_begin_within_their_bound() {
    let mut nodes = vec![node("fork", "parallel", json!({"max_concurrent": 7}))];
    nodes.extend((0..100).map(|at| keyed(&format!("b{at}"), json!({"n": at}))));
    nodes.push(node("m", "merge", json!({"reducer": "list"})));
    nodes.push(node("out", "output", json!({"template": "{{ nodes.m | length }}"})));
    let edges: Vec<String> =
        (0..100).flat_map(|at| [format!("fork b{at}"), format!("b{at} m")]).chain(["m out".to_owned()]).collect();
    let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
    let wide = workflow(&json!(nodes), &edges);
    let (at, id) = (Timestamp::from_micros(0), "01944c2f-0000-7000-8000-000000000001".parse().unwrap());
    let began = RunEvent::Began {
        run_id: "exec_1".to_owned(),
        workflow_id: "w".to_owned(),
        digest: String::new(),
        version: None,
        fork: None,
        dry: false,
        by: None,
        inputs: Some(json!({})),
        intent: id,
        operation: None,
        at,
    };
    let mut run = Run::fold([began]).unwrap();
    assert_eq!(run.next(&wide).begin, ["fork"]);
    run.apply(RunEvent::StepEnded { path: "fork".to_owned(), end: StepEnd::Completed(Value::Null), at });
    assert_eq!(run.next(&wide).begin.len(), 7);
    run.apply(RunEvent::StepBegan { path: "b0".to_owned(), at });
    assert_eq!(run.next(&wide).begin.len(), 6);
    let done = World::new().run(&wide, json!({})).unwrap();
    assert_eq!(done.outputs(&wide)["out"], json!(100));
}

#[test]
fn a_run_is_called_off_and_has_an_end() {
    let world = World::new();
    let hangs = |seconds: u64| {
        let mut json = workflow(
            &json!([
                node("t", "tool", json!({"tool_name": "keyed", "parameters": {"hang": true}})),
                node("o", "output", json!({"template": "x"}))
            ]),
            &["t o"],
        )
        .to_json();
        json["timeout_s"] = json!(seconds);
        super::read(&json.to_string())
    };
    let runner = world.runner(Arc::clone(&world.bench.journal), Arc::new(NoHands));
    let cancel = Box::pin(std::future::ready(()));
    let run = wait_for(runner.run(&hangs(300), &request(json!({})), cancel)).unwrap();
    assert_eq!((run.status, run.why.as_deref()), (RunStatus::Cancelled, Some("it was called off")));
    let run = wait_for(runner.run(&hangs(50), &request(json!({})), never())).unwrap();
    assert_eq!((run.status, run.why.as_deref()), (RunStatus::Failed, Some("it took longer than 50 seconds")));
    let attempt = json!({"tool_name": "keyed", "parameters": {"hang": true}, "attempt_timeout_s": 5, "retry_count": 1});
    let attempts =
        workflow(&json!([node("t", "tool", attempt), node("o", "output", json!({"template": "x"}))]), &["t o"]);
    let run = wait_for(runner.run(&attempts, &request(json!({})), never())).unwrap();
    assert_eq!(run.status, RunStatus::Unknown, "nobody knows whether a call that ran out of time took effect");
    assert!(run.errors(&attempts)[0].contains("attempts: 2"), "{:?}", run.errors(&attempts));
    let nobody = workflow(
        &json!([node("y", "approval", json!({"message": "?"})), node("o", "output", json!({"template": "x"}))]),
        &["y o"],
    );
    let run = wait_for(runner.run(&nobody, &request(json!({})), never())).unwrap();
    assert!(run.errors(&nobody)[0].contains("nothing here does steps of the type approval"));
}

#[test]
fn a_stop_keeps_a_run_from_beginning() {
    let world = World::new();
    world.bench.stop();
    assert_eq!(world.run(&orders(), json!({})).unwrap_err().code(), "stopped");
    assert!(world.effects.lock().unwrap().is_empty());
}

/// Killed after every single write, and gone on with: each effect happens once, and the end is the same.
#[test]
fn killed_at_every_write_a_run_goes_on_and_repeats_nothing() {
    let orders = orders();
    let mut kills = 0;
    for left in 0.. {
        let world = World::new();
        let journal = Arc::new(Mortal { journal: Arc::clone(&world.bench.journal), left: AtomicUsize::new(left) });
        let killed = wait_for(world.runner(journal, Arc::new(Yes)).run(&orders, &request(json!({})), never()));
        if killed.is_ok() {
            break;
        }
        kills += 1;
        let Some(before) = world.on_record() else {
            assert!(world.effects.lock().unwrap().is_empty(), "without an intent nothing is done");
            continue;
        };
        let runner = world.runner(Arc::clone(&world.bench.journal), Arc::new(Yes));
        let run = wait_for(runner.resume(&orders, &request(json!({})), &before, never()));
        let run = run.unwrap_or_else(|error| panic!("after {left} writes: {error}"));
        assert_eq!((run.status, &run.why), (RunStatus::Completed, &None), "after {left} writes");
        assert_eq!(run.outputs(&orders)["out"]["packed"], json!([{"picked": 1}, {"picked": 2}]));
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for (key, _) in world.effects.lock().unwrap().iter() {
            *effects.entry(key.clone()).or_default() += 1;
        }
        assert_eq!(effects.len(), 6, "after {left} writes nothing is missing: {effects:?}");
        assert!(effects.values().all(|count| *count == 1), "after {left} writes: {effects:?}");
        let told = world.on_record().unwrap();
        assert_eq!((told.status, told.outputs(&orders)), (RunStatus::Completed, run.outputs(&orders)));
    }
    assert!(kills > 40, "{kills}");
}

#[test]
fn what_may_have_happened_once_is_left_for_a_person() {
    let once = workflow(
        &json!([
            node("pay", "tool", json!({"tool_name": "once", "parameters": {"n": 1}})),
            node("o", "output", json!({"template": "{{ nodes.pay.n }}"}))
        ]),
        &["pay o"],
    );
    let mut unknown = 0;
    for left in 1..12 {
        let world = World::new();
        let journal = Arc::new(Mortal { journal: Arc::clone(&world.bench.journal), left: AtomicUsize::new(left) });
        if wait_for(world.runner(journal, Arc::new(Yes)).run(&once, &request(json!({})), never())).is_ok() {
            break;
        }
        let before = world.on_record().unwrap();
        let runner = world.runner(Arc::clone(&world.bench.journal), Arc::new(Yes));
        let run = wait_for(runner.resume(&once, &request(json!({})), &before, never())).unwrap();
        let paid = world.effects.lock().unwrap().len();
        assert!(paid <= 1, "after {left} writes it was paid {paid} times");
        match run.status {
            RunStatus::Unknown => unknown += 1,
            RunStatus::Completed => assert_eq!(paid, 1),
            status => panic!("after {left} writes: {status:?}"),
        }
        assert_eq!(world.on_record().unwrap().status, run.status);
    }
    assert!(unknown > 0);
}

#[test]
fn a_run_pins_its_definition_and_ends_once() {
    let world = World::new();
    let orders = orders();
    let done = world.run(&orders, json!({})).unwrap();
    let runner = world.runner(Arc::clone(&world.bench.journal), Arc::new(Yes));
    let error = wait_for(runner.resume(&orders, &request(json!({})), &done, never())).unwrap_err();
    assert!(error.to_string().contains("the run is over"), "{error}");
    let mut open = done;
    open.status = RunStatus::Running;
    let other = orders.renamed(Some("Other"), None, None).unwrap();
    let error = wait_for(runner.resume(&other, &request(json!({})), &open, never())).unwrap_err();
    assert_eq!(error.code(), "run_not_resumable");
    assert!(error.to_string().contains("pins another version"), "{error}");
}

#[test]
fn data_that_was_redacted_is_not_taken_for_data() {
    let world = World::new();
    let definition = workflow(
        &json!([
            keyed("t", json!({"password": "{{ inputs.p }}"})),
            node("p", "input", json!({})),
            node("o", "output", json!({"template": "{{ nodes.t.password }}"}))
        ]),
        &["p t", "t o"],
    );
    let run = world.run(&definition, json!({"p": "hunter2-hunter2"})).unwrap();
    assert_eq!(run.status, RunStatus::Completed);
    let told = world.on_record().unwrap();
    assert!(matches!(&told.steps["t"], sealbook_flow::workflow::Step::Ended(StepEnd::Hidden)), "{:?}", told.steps);
    let mut open = told;
    open.status = RunStatus::Running;
    let runner = world.runner(Arc::clone(&world.bench.journal), Arc::new(Yes));
    let error = wait_for(runner.resume(&definition, &request(json!({})), &open, never())).unwrap_err();
    assert!(error.to_string().contains("does not hold the data"), "{error}");
}

#[test]
fn the_outcome_of_a_run_says_how_it_ended() {
    let world = World::new();
    world.run(&orders(), json!({})).unwrap();
    let told = world.bench.told();
    let of = |action: &str, outcome: Option<Outcome>| {
        told.iter().filter_map(|it| it.record.as_ref()).find(|it| it.action == action && it.outcome == outcome).unwrap()
    };
    let intent = of("workflow.run", None);
    let outcome = of("workflow.run", Some(Outcome::Ok));
    assert_eq!((outcome.parent, outcome.operation), (Some(intent.id), intent.operation));
    let context: Value = serde_json::from_str(intent.part(PartName::Context).unwrap().get()).unwrap();
    assert_eq!((&context["digest"], &context["version"]), (&json!(orders().digest()), &json!(1)));
    let call = of("test.keyed", None);
    let step = told.iter().find(|it| it.record.as_ref().is_some_and(|it| Some(it.id) == call.parent)).unwrap();
    assert_eq!(step.record.as_ref().unwrap().action, "workflow.node");
}
