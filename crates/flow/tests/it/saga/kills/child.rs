//! The process that is killed: this test binary, started again as another program.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealbook_flow::{
    Cause, Compensation, Deed, Effect, Error, Fault, Journal, LedgerJournal, NoSecrets, Pending, Probed, Recovery,
    Registry, Retry, Reversal, SagaDefinition, SagaRequest, SagaRunner, Schema, SystemTime, Tempo, Tool, ToolCall,
    ToolInfo, WhenHeld,
};
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Category, Record, Timestamp, Uuid};
use sealbook_store::{Ledger, Options, SystemEntropy};
use sealbook_testkit::{Place, layout_under};
use serde_json::{Value, json};

use super::server::ask;
use crate::fixture::wait_for;

pub(super) const ID: &str = "saga_killed";

/// Not a test of its own: what the other test starts. Without a role it does nothing.
#[test]
fn program() {
    let Ok(saga) = std::env::var("SAGA_ROLE") else { return };
    let number = |name: &str| std::env::var(name).unwrap().parse::<usize>().unwrap();
    let root = std::env::var("SAGA_ROOT").unwrap();
    let ledger = Arc::new(Ledger::open(layout_under(std::path::Path::new(&root)), Options::default()).unwrap());
    let port = u16::try_from(number("SAGA_PORT")).unwrap();
    let runner = runner(&ledger, port, Some(number("SAGA_BOUNDARY")));
    wait_for(runner.run(&definition(&saga), &request())).unwrap();
}

/// A process under way.
pub(super) struct Child(std::process::Child);

impl Child {
    pub(super) fn start(place: &Place, port: u16, saga: &str, boundary: usize) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["saga::kills::child::program", "--exact", "--nocapture", "--test-threads=1"])
            .env("SAGA_ROLE", saga)
            .env("SAGA_ROOT", place.path())
            .env("SAGA_PORT", port.to_string())
            .env("SAGA_BOUNDARY", boundary.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this binary runs");
        Self(child)
    }

    /// SIGKILL at its boundary; `false` where it ended before.
    pub(super) fn runs_until_killed(mut self) -> bool {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let is_there = lines.map_while(Result::ok).any(|line| line == "at the boundary");
        if is_there {
            self.0.kill().unwrap();
        }
        let status = self.0.wait().unwrap();
        assert!(is_there || status.success(), "{status}");
        is_there
    }
}

pub(super) fn request() -> SagaRequest {
    SagaRequest { actor: Some(crate::saga::world::ann()), id: Some(ID.to_owned()), ..SagaRequest::default() }
}

fn definition(saga: &str) -> SagaDefinition {
    let mut steps: Vec<Value> = ["flight", "hotel", "car"]
        .iter()
        .map(|tool| json!({"name": tool, "tool": tool, "input": {"of": "trip"}}))
        .collect();
    if saga == "failing" {
        steps.push(json!({"name": "no", "tool": "no"}));
    }
    SagaDefinition::read(&json!({"name": saga, "steps": steps}).to_string()).unwrap()
}

/// A runner whose journal stops for ever at a boundary.
pub(super) fn runner(ledger: &Arc<Ledger>, port: u16, boundary: Option<usize>) -> SagaRunner {
    let mut tools = Registry::new();
    let mut add = |name: &'static str, effect, undo: Option<&'static str>| {
        let info = ToolInfo {
            name: name.to_owned(),
            description: name.to_owned(),
            backend: "test".to_owned(),
            effect,
            reversal: if undo.is_some() { Reversal::Call } else { Reversal::Irreversible },
            input: Schema::new(json!({"type": "object"})).unwrap(),
            output: None,
        };
        tools.add(Arc::new(Remote { info, undo, port })).unwrap();
    };
    add("flight", Effect::Idempotent, Some("flight_cancel"));
    add("hotel", Effect::Probeable, Some("hotel_cancel"));
    add("car", Effect::Unsafe, Some("car_cancel"));
    add("no", Effect::Idempotent, None);
    for undo in ["flight_cancel", "hotel_cancel", "car_cancel"] {
        add(undo, Effect::Idempotent, None);
    }
    let journal = LedgerJournal::new(Arc::clone(ledger), Arc::new(Policy::new(DigestKey::new([7; 32]))));
    let journal = Boundary { journal: Arc::new(journal), passed: AtomicUsize::new(0), end: boundary };
    let retry = Retry { base: Duration::from_millis(1), ..Retry::default() };
    SagaRunner {
        tenant: "default".to_owned(),
        ledger: Arc::clone(ledger),
        tools: Arc::new(tools),
        recovery: Recovery {
            retry,
            journal: Arc::new(journal),
            time: wait_for(async { Arc::new(SystemTime::default()) }),
            entropy: Arc::new(SystemEntropy),
        },
        secrets: Arc::new(NoSecrets),
        tempo: Tempo { poll: None, when_held: WhenHeld::Leave },
    }
}

/// Before and after each write is a boundary.
struct Boundary {
    journal: Arc<dyn Journal>,
    passed: AtomicUsize,
    end: Option<usize>,
}

impl Boundary {
    fn pass(&self) {
        if Some(self.passed.fetch_add(1, Ordering::SeqCst)) == self.end {
            let mut out = std::io::stdout().lock();
            out.write_all(b"\nat the boundary\n").unwrap();
            out.flush().unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}

impl Journal for Boundary {
    fn next_id(&self) -> Uuid {
        self.journal.next_id()
    }

    fn now(&self) -> Timestamp {
        self.journal.now()
    }

    fn enter(&self, intent: Record) -> Result<(), Error> {
        self.pass();
        let entered = self.journal.enter(intent);
        self.pass();
        entered
    }

    fn enter_undo(&self, intent: Record) -> Result<(), Error> {
        self.journal.enter_undo(intent)
    }

    fn seal(&self, record: Record) -> Result<(), Error> {
        self.pass();
        let sealed = self.journal.seal(record);
        self.pass();
        sealed
    }

    fn queue(&self, record: Record) -> Result<(), Error> {
        self.journal.queue(record)
    }
}

struct Remote {
    info: ToolInfo,
    undo: Option<&'static str>,
    port: u16,
}

impl Tool for Remote {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: format!("travel.{}", self.info.name), category: Category::Booking, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(std::future::ready(match ask(self.port, "do", &self.info.name, call.key) {
            Ok(true) => Ok(json!({"id": 1})),
            Ok(false) => Err(Fault::permanent("fully booked")),
            Err(_) => Err(Fault::new(Cause::Lost)),
        }))
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(std::future::ready(match ask(self.port, "ask", &self.info.name, call.key) {
            Ok(true) => Ok(Probed::Done(json!({"id": 1}))),
            Ok(false) => Ok(Probed::NotDone),
            Err(_) => Err(Fault::new(Cause::Lost)),
        }))
    }

    fn compensation(&self, _: &Value, result: &Value) -> Compensation {
        match self.undo {
            Some(tool) => Compensation::Call { tool: tool.to_owned(), input: json!({"id": result["id"]}) },
            None => Compensation::Irreversible { why: "it is an undo".to_owned() },
        }
    }
}
