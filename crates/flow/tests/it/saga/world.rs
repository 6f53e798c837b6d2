//! A travel agency whose tools do as they are told, and keep what was done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sealbook_flow::{
    Cause, Compensation, Deed, Effect, Fault, LedgerJournal, NoSecrets, Pending, Probed, Registry, Retry, Reversal,
    SagaDefinition, SagaRequest, SagaRun, SagaRunner, Schema, Tempo, Tool, ToolCall, ToolInfo, WhenHeld,
};
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Actor, ActorKind, Category, CertificateCheck, LawfulCheck, Outcome, Record, Unlawful};
use serde_json::{Value, json};

use crate::fixture::{Bench, wait_for};

/// How a call ends that is told to end otherwise than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// It is refused for good.
    Refused,
    /// It happens, and the answer gets lost.
    Lost,
    /// It does not happen, and nobody knows.
    Gone,
    /// It answers `success: false`.
    SaysNo,
    /// It never ends.
    Hangs,
}

/// What was done, by the key of the call: once per key, however often it was asked.
#[derive(Default)]
pub(crate) struct Done {
    pub(crate) effects: Mutex<Vec<(String, String, Value)>>,
    pub(crate) ends: Mutex<BTreeMap<String, Vec<Ends>>>,
}

pub(crate) struct Desk {
    info: ToolInfo,
    undo: Option<String>,
    done: Arc<Done>,
}

impl Tool for Desk {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: format!("travel.{}", self.info.name), category: Category::Booking, effect, reversal }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(async move {
            let ends = self.done.ends.lock().unwrap().get_mut(&self.info.name).and_then(Vec::pop);
            let happens = !matches!(ends, Some(Ends::Refused | Ends::Gone | Ends::SaysNo));
            if happens {
                let mut effects = self.done.effects.lock().unwrap();
                let is_known = effects.iter().any(|(_, key, _)| key == call.key);
                if !is_known || self.info.effect == Effect::Unsafe {
                    effects.push((self.info.name.clone(), call.key.to_owned(), call.input.clone()));
                }
            }
            match ends {
                None => Ok(json!({"id": format!("{}-1", self.info.name), "given": call.input})),
                Some(Ends::Refused) => Err(Fault::permanent("fully booked")),
                Some(Ends::Lost | Ends::Gone) => Err(Fault::new(Cause::Lost)),
                Some(Ends::SaysNo) => Ok(json!({"success": false, "error": "fully booked"})),
                Some(Ends::Hangs) => std::future::pending().await,
            }
        })
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        let is_done = self.done.effects.lock().unwrap().iter().any(|(_, key, _)| key == call.key);
        let id = format!("{}-1", self.info.name);
        let probed = if is_done { Probed::Done(json!({"id": id})) } else { Probed::NotDone };
        Box::pin(std::future::ready(Ok(probed)))
    }

    fn compensation(&self, _: &Value, result: &Value) -> Compensation {
        match (&self.undo, self.info.reversal) {
            (Some(tool), _) => Compensation::Call { tool: tool.clone(), input: json!({"id": result["id"]}) },
            (None, Reversal::Irreversible) => Compensation::Irreversible { why: "it has left".to_owned() },
            (None, _) => Compensation::Nothing,
        }
    }
}

pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) done: Arc<Done>,
    pub(crate) runner: SagaRunner,
}

impl World {
    pub(crate) fn new() -> Self {
        let bench = Bench::new();
        let done = Arc::<Done>::default();
        let mut tools = Registry::new();
        let mut add = |name: &str, effect, reversal, undo: Option<&str>| {
            let info = ToolInfo {
                name: name.to_owned(),
                description: name.to_owned(),
                backend: "test".to_owned(),
                effect,
                reversal,
                input: Schema::new(json!({"type": "object"})).unwrap(),
                output: None,
            };
            tools.add(Arc::new(Desk { info, undo: undo.map(str::to_owned), done: Arc::clone(&done) })).unwrap();
        };
        add("flight", Effect::Idempotent, Reversal::Call, Some("flight_cancel"));
        add("flight_cancel", Effect::Idempotent, Reversal::Irreversible, None);
        add("hotel", Effect::Probeable, Reversal::Call, Some("hotel_cancel"));
        add("hotel_cancel", Effect::Idempotent, Reversal::Irreversible, None);
        add("car", Effect::Unsafe, Reversal::Call, Some("car_cancel"));
        add("car_cancel", Effect::Idempotent, Reversal::Irreversible, None);
        add("mail", Effect::Unsafe, Reversal::Irreversible, None);
        add("look", Effect::Read, Reversal::Nothing, None);
        let runner = SagaRunner {
            tenant: "default".to_owned(),
            ledger: Arc::clone(&bench.ledger),
            tools: Arc::new(tools),
            recovery: bench.recovery(Retry { retries: 1, ..Retry::default() }),
            secrets: Arc::new(NoSecrets),
            tempo: Tempo { poll: None, when_held: WhenHeld::Leave },
        };
        Self { bench, done, runner }
    }

    /// The next calls of a tool end so, in this order; those after them go well.
    pub(crate) fn ends(&self, tool: &str, ends: &[Ends]) {
        self.done.ends.lock().unwrap().insert(tool.to_owned(), ends.iter().rev().copied().collect());
    }

    pub(crate) fn run(&self, saga: &Value) -> SagaRun {
        let run = wait_for(self.runner.run(&read(saga), &request())).unwrap();
        self.is_sound();
        run
    }

    pub(crate) fn resume(&self, id: &str) -> SagaRun {
        let run = wait_for(self.runner.resume(id, None, &request())).unwrap();
        self.is_sound();
        run
    }

    /// Tools in the order in which they took effect.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.done.effects.lock().unwrap().iter().map(|(tool, ..)| tool.clone()).collect()
    }

    pub(crate) fn records(&self) -> Vec<(u64, Record)> {
        self.bench.told().into_iter().filter_map(|stored| Some((stored.seq, stored.record?))).collect()
    }

    /// Nothing on record is unlawful, and each certificate is founded.
    pub(crate) fn is_sound(&self) {
        let records = self.records();
        assert_eq!(unlawful(&records), Vec::new());
        let mut check = CertificateCheck::default();
        for (seq, record) in records {
            check.push(seq, record);
        }
        assert_eq!(check.finish(), Vec::new());
    }

    /// The other part of the journal: another process on the same book.
    pub(crate) fn journal(&self) -> LedgerJournal {
        LedgerJournal::new(Arc::clone(&self.bench.ledger), Arc::new(Policy::new(DigestKey::new([7; 32]))))
    }
}

pub(crate) fn unlawful(records: &[(u64, Record)]) -> Vec<Unlawful> {
    let mut check = LawfulCheck::default();
    for (seq, record) in records {
        check.push(*seq, record);
    }
    assert!(check.runs() > 0, "no run was checked");
    check.finish()
}

pub(crate) fn read(saga: &Value) -> SagaDefinition {
    SagaDefinition::read(&saga.to_string()).unwrap()
}

pub(crate) fn ann() -> Actor {
    Actor::new(ActorKind::User, "ann")
}

pub(crate) fn request() -> SagaRequest {
    let inputs = json!({"day": "2026-03-01"}).as_object().unwrap().clone();
    SagaRequest { actor: Some(ann()), inputs, ..SagaRequest::default() }
}

/// Steps that call a tool of their own name.
pub(crate) fn trip(steps: &[Value]) -> Value {
    json!({"name": "trip", "steps": steps})
}

pub(crate) fn step(name: &str) -> Value {
    json!({"name": name, "tool": name, "input": {"day": "$.inputs.day"}})
}

/// The outcomes of records of an action.
pub(crate) fn outcomes(records: &[(u64, Record)], action: &str) -> Vec<Option<Outcome>> {
    records.iter().filter(|(_, record)| record.action == action).map(|(_, record)| record.outcome).collect()
}
