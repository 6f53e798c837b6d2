//! A process that runs a workflow with branches, a loop, an approval and a run within it is killed at every write of
//! its journal: just before it, and just after it. What it did to the world is counted at a server outside of it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sealbook_flow::workflow::{Definition, RunRequest, RunStatus, Shelf, find_run};
use sealbook_flow::{
    Compensation, Deed, Effect, Error, Fault, Journal, LedgerJournal, Pending, Probed, Registry, Reversal, Schema,
    Tool, ToolCall, ToolInfo,
};
use sealbook_policy::{Choice, DigestKey, Policy};
use sealbook_record::{Category, PartName, Phase, Record, Timestamp, Uuid};
use sealbook_store::{Ledger, Options, Query};
use sealbook_testkit::layout_under;
use serde_json::{Value, json};

use super::world::{Person, World, never, request};
use super::{node, read, workflow};
use crate::fixture::wait_for;

const RUN: &str = "exec_00000000dddd";
const DIR: &str = "SEALBOOK_KILLS_DIR";

/// Ends the process at the write that it is told, as `kill -9` does: nothing is dropped, nothing is flushed.
struct Deadly {
    journal: Arc<dyn Journal>,
    left: AtomicUsize,
    after: bool,
}

impl Deadly {
    fn write<T>(&self, write: impl FnOnce() -> T) -> T {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left == 0 && !self.after {
            std::process::abort();
        }
        let done = write();
        if left == 0 {
            std::process::abort();
        }
        done
    }
}

impl Journal for Deadly {
    fn next_id(&self) -> Uuid {
        self.journal.next_id()
    }

    fn now(&self) -> Timestamp {
        self.journal.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        self.write(|| self.journal.enter(intent))
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.write(|| self.journal.enter_undo(intent))
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.write(|| self.journal.seal(record))
    }

    fn queue(&self, record: Record) -> Result<(), Error> {
        self.write(|| self.journal.queue(record))
    }

    fn seal_soon(&self, record: Record) -> Result<(), Error> {
        self.write(|| self.journal.seal_soon(record))
    }

    fn hurry(&self) {
        self.journal.hurry();
    }
}

/// Tells the server of its call.
struct Post {
    info: ToolInfo,
    address: String,
}

impl Tool for Post {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: format!("test.{}", self.info.name), category: Category::ToolCall, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        writeln!(stream, "{}", call.key).unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        Box::pin(std::future::ready(Ok(call.input.clone())))
    }

    fn probe<'a>(&'a self, _: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(std::future::ready(Ok(Probed::NotDone)))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

fn posting(address: &str) -> Registry {
    let mut tools = Registry::new();
    for (name, effect) in [("keyed", Effect::Idempotent), ("once", Effect::Unsafe)] {
        let info = ToolInfo {
            name: name.to_owned(),
            description: "Tells the server".to_owned(),
            backend: "test".to_owned(),
            effect,
            reversal: Reversal::Nothing,
            input: Schema::new(json!({"type": "object"})).unwrap(),
            output: None,
        };
        tools.add(Arc::new(Post { info, address: address.to_owned() })).unwrap();
    }
    tools
}

fn inner() -> Definition {
    let keyed = json!({"tool_name": "keyed", "parameters": {"in": "sub"}});
    let nodes = json!([node("t", "tool", keyed), node("out", "output", json!({"template": "{{ nodes.t.in }}"}))]);
    let mut json = workflow(&nodes, &["t out"]).to_json();
    json["workflow_id"] = json!("inner");
    read(&json.to_string())
}

fn outer() -> Definition {
    let keyed = |id: &str| node(id, "tool", json!({"tool_name": "keyed", "parameters": {"at": id}}));
    workflow(
        &json!([
            node("fork", "parallel", json!({})),
            keyed("left"),
            keyed("right"),
            node("join", "merge", json!({})),
            node("list", "input", json!({"input_type": "json", "default_value": [1, 2]})),
            node("each", "loop", json!({"iteration_source": "inputs.list", "loop_body": [keyed("body")]})),
            node("ask", "approval", json!({"message": "Go on?"})),
            node("sub", "workflow", json!({"workflow": "inner"})),
            node("last", "tool", json!({"tool_name": "once", "parameters": {"n": 1}})),
            node("out", "output", json!({"template": "{{ nodes.last.n }}"}))
        ]),
        &[
            "fork left",
            "fork right",
            "left join",
            "right join",
            "join each",
            "list each",
            "each ask",
            "ask sub",
            "sub last",
            "last out",
        ],
    )
}

/// The process that is killed. It does nothing where it is run as a test.
#[test]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let said = |name: &str| std::env::var(format!("SEALBOOK_KILLS_{name}")).unwrap();
    let ledger = Arc::new(Ledger::open(layout_under(dir.as_ref()), Options::default()).unwrap());
    let policy = Arc::new(Policy::new(DigestKey::new([7; 32])));
    let journal: Arc<dyn Journal> = Arc::new(Deadly {
        journal: Arc::new(LedgerJournal::new(Arc::clone(&ledger), policy)),
        left: AtomicUsize::new(said("LEFT").parse().unwrap()),
        after: said("AFTER") == "true",
    });
    let mut equipment = super::world::equipment(&ledger, &journal, Arc::new(posting(&said("ADDRESS"))));
    equipment.shelf = Arc::new(Shelf::new(Arc::clone(&ledger)));
    let definition = equipment.shelf.find("orders").unwrap();
    let runner = equipment.runner();
    let request = RunRequest { run_id: Some(RUN.to_owned()), ..request(json!({})) };
    let run = match find_run(&ledger, RUN) {
        Ok(before) if !before.status.is_open() => before,
        Ok(before) => wait_for(runner.resume(&definition, &request, &before, never())).unwrap(),
        Err(_) => wait_for(runner.run(&definition, &request, never())).unwrap(),
    };
    assert!(!run.status.is_open());
}

/// Whoever asks gets an answer, and is counted.
fn server() -> (String, Arc<Mutex<BTreeMap<String, usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, counts) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(BTreeMap::new())));
    let counted = Arc::clone(&counts);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut key = String::new();
            // A child that is killed in between may have said nothing.
            if BufReader::new(stream.try_clone().unwrap()).read_line(&mut key).is_ok() && key.ends_with('\n') {
                *counted.lock().unwrap().entry(key.trim().to_owned()).or_default() += 1;
                let _ = writeln!(stream, "ok");
            }
        }
    });
    (address, counts)
}

/// Runs the child; whether it came to its end.
fn run_child(world: &World, address: &str, left: usize, after: bool) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["workflow::kills::child", "--exact"]).env(DIR, world.place.path());
    child.env("SEALBOOK_KILLS_LEFT", left.to_string()).env("SEALBOOK_KILLS_AFTER", after.to_string());
    child.env("SEALBOOK_KILLS_ADDRESS", address).stdout(Stdio::null()).stderr(Stdio::null());
    child.status().unwrap().success()
}

/// Intents of calls in the book, by the key that the call bears.
fn announced(world: &World) -> BTreeMap<String, usize> {
    let query = Query {
        action: vec!["test.keyed".to_owned(), "test.once".to_owned()],
        phase: vec![Phase::Intent.as_str().to_owned()],
        ..Query::default()
    };
    let mut all = BTreeMap::new();
    world
        .ledger
        .each_match(&query, &mut |stored| {
            let record = stored.record.unwrap();
            let context: Value = serde_json::from_str(record.part(PartName::Context).unwrap().get()).unwrap();
            let step = &context["step"];
            let key = format!("{}/{}", step["run"].as_str().unwrap(), step["path"].as_str().unwrap());
            *all.entry(key).or_default() += 1;
            Ok(true)
        })
        .unwrap();
    all
}

/// Kills at the `left`th write, goes on, and looks at what is so; `None` where there was nothing left to kill.
fn killed(left: usize, after: bool) -> Option<RunStatus> {
    let world = World::new();
    let bob = Person::new(&world, 9, "bob", None);
    world.keep(&inner());
    world.keep(&outer());
    let (address, counts) = server();
    let is_over = Arc::new(AtomicBool::new(false));
    let people = {
        let is_over = Arc::clone(&is_over);
        std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                if let Some(asked) = bob.waiting() {
                    assert_eq!(bob.decide(&asked, Choice::Approve), None);
                }
                std::thread::yield_now();
            }
        })
    };
    let survived = run_child(&world, &address, left, after);
    assert!(survived || run_child(&world, &address, usize::MAX, false), "after {left} writes it does not go on");
    is_over.store(true, Ordering::SeqCst);
    people.join().unwrap();
    let run = world.found(RUN);
    let (counts, announced) = (counts.lock().unwrap().clone(), announced(&world));
    let told = format!("killed at write {left} (after it: {after}): {counts:?} {announced:?} {run:?}");
    for (key, count) in &counts {
        let intents = announced.get(key).copied().unwrap_or_default();
        assert!(intents >= *count, "{key} happened {count} times, and {intents} are announced; {told}");
        let is_unsafe = key.ends_with("/last");
        assert!(!is_unsafe || *count == 1, "what may happen once happened {count} times; {told}");
    }
    let keyed = counts.keys().filter(|key| !key.ends_with("/last")).count();
    assert_eq!(keyed, 5, "something is missing; {told}");
    match run.status {
        RunStatus::Completed => assert!(counts.contains_key(&format!("{RUN}/last")), "{told}"),
        // Only where nobody can know whether the last call took effect.
        RunStatus::Unknown => assert!(run.why.as_ref().unwrap().contains("a person decides"), "{told}"),
        _ => panic!("{told}"),
    }
    let report = world.ledger.verify(&sealbook_store::VerifyOptions::default(), &|_| {}).unwrap();
    assert!(report.valid, "{told}");
    (!survived).then_some(run.status)
}

#[test]
fn killed_at_every_write_nothing_is_missing_and_nothing_is_repeated_unsaid() {
    for after in [false, true] {
        let (mut kills, mut unknown) = (0, 0);
        while let Some(status) = killed(kills, after) {
            kills += 1;
            unknown += usize::from(status == RunStatus::Unknown);
        }
        assert!(kills > 40, "{kills}");
        assert!((1..=4).contains(&unknown), "{unknown} of {kills}");
    }
}
