//! A book, tools that keep their effects, and people who decide from elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealbook_flow::workflow::{
    BookWishes, Definition, Equipment, Hands, NoHands, Run, RunRequest, Runner, Shelf, find_run,
};
use sealbook_flow::{
    Compensation, Deed, Effect, Error, Fault, Journal, LedgerJournal, NoSecrets, Pending, Probed, Recovery, Registry,
    Retry, Reversal, Schema, Time, Tool, ToolCall, ToolInfo,
};
use sealbook_ledger::SigningKey;
use sealbook_policy::{Approval, Choice, DigestKey, Policy, State, StopScope};
use sealbook_record::{Actor, ActorKind, Category, PartName, Record, Target, TargetKind, Timestamp};
use sealbook_store::{Ledger, Options, SystemEntropy};
use sealbook_testkit::Place;
use sealbook_testkit::records::admit;
use serde_json::{Value, json};

/// Short waits are over at once, and let others work; long ones never are.
pub(crate) struct Patient;

impl Time for Patient {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(crate::fixture::START_US)
    }

    fn passed(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        if how_long <= Duration::from_secs(100) {
            return Box::pin(tokio::task::yield_now());
        }
        Box::pin(std::future::pending())
    }
}

/// What tools did: how often, by the key of the call.
pub(crate) type Effects = Arc<Mutex<BTreeMap<String, usize>>>;

/// Gives what it is given, and keeps each effect. It hangs or fails where it is told to.
struct Echo {
    info: ToolInfo,
    effects: Effects,
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
            if call.input["fail"] == true {
                return Err(Fault::permanent("it was told to"));
            }
            *self.effects.lock().unwrap().entry(call.key.to_owned()).or_default() += 1;
            if call.input["hang"] == true {
                std::future::pending::<()>().await;
            }
            Ok(call.input.clone())
        })
    }

    fn probe<'a>(&'a self, _: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(std::future::ready(Ok(Probed::NotDone)))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

/// The tools `keyed`, `look` and `once`.
pub(crate) fn tools(effects: &Effects) -> Registry {
    let mut tools = Registry::new();
    for (name, effect) in [("keyed", Effect::Idempotent), ("look", Effect::Read), ("once", Effect::Unsafe)] {
        let info = ToolInfo {
            name: name.to_owned(),
            description: "Gives what it is given".to_owned(),
            backend: "test".to_owned(),
            effect,
            reversal: Reversal::Nothing,
            input: Schema::new(json!({"type": "object"})).unwrap(),
            output: None,
        };
        tools.add(Arc::new(Echo { info, effects: Arc::clone(effects) })).unwrap();
    }
    tools
}

pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) effects: Effects,
}

impl World {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        drop(Ledger::create(place.layout(), "default", Options::default(), None).unwrap());
        Self::open(place, Effects::default())
    }

    /// The same book as a process finds it that begins now.
    pub(crate) fn again(self) -> Self {
        let Self { place, ledger, journal, shelf, effects } = self;
        drop((shelf, journal, ledger));
        Self::open(place, effects)
    }

    fn open(place: Place, effects: Effects) -> Self {
        let ledger = Arc::new(Ledger::open(place.layout(), Options::default()).unwrap());
        let policy = Arc::new(Policy::new(DigestKey::new([7; 32])));
        let journal: Arc<dyn Journal> = Arc::new(LedgerJournal::new(Arc::clone(&ledger), policy));
        let shelf = Arc::new(Shelf::new(Arc::clone(&ledger)));
        Self { place, ledger, journal, shelf, effects }
    }

    pub(crate) fn equipment(&self) -> Equipment {
        let shelf = Arc::clone(&self.shelf);
        Equipment { shelf, ..equipment(&self.ledger, &self.journal, Arc::new(tools(&self.effects))) }
    }

    pub(crate) fn runner(&self) -> Runner {
        self.equipment().runner()
    }

    pub(crate) fn keep(&self, definition: &Definition) -> Definition {
        self.shelf.adopt(&*self.journal, definition, &ann()).unwrap().0
    }

    pub(crate) fn run(&self, definition: &Definition, inputs: Value) -> Result<Run, Error> {
        crate::fixture::wait_for(self.runner().run(definition, &request(inputs), never()))
    }

    pub(crate) fn found(&self, id: &str) -> Run {
        find_run(&self.ledger, id).unwrap()
    }

    pub(crate) fn effects(&self) -> usize {
        self.effects.lock().unwrap().values().sum()
    }

    /// Stops everything, as another process would.
    pub(crate) fn stop(&self) {
        let target = Target::new(TargetKind::Ledger, "all");
        let mut stop = Record::event(self.ledger.next_id(), ann(), "stop.set", target, self.ledger.now());
        stop.set_part_json(PartName::Input, StopScope::all().to_json()).unwrap();
        self.ledger.append(vec![admit(stop)]).unwrap().pop().unwrap().unwrap();
    }
}

/// What runs in this book need.
pub(crate) fn equipment(ledger: &Arc<Ledger>, journal: &Arc<dyn Journal>, tools: Arc<Registry>) -> Equipment {
    let time: Arc<dyn Time> = Arc::new(Patient);
    let retry = Retry { deadline: Duration::from_secs(1_000), ..Retry::default() };
    let (journal, entropy) = (Arc::clone(journal), Arc::new(SystemEntropy));
    Equipment {
        tenant: "default".to_owned(),
        ledger: Arc::clone(ledger),
        shelf: Arc::new(Shelf::new(Arc::clone(ledger))),
        tools,
        recovery: Recovery { retry, journal, time: Arc::clone(&time), entropy },
        secrets: Arc::new(NoSecrets),
        agents: Arc::new(NoHands) as Arc<dyn Hands>,
        wishes: Some(Arc::new(BookWishes::new(Arc::clone(ledger), time))),
        observer: None,
        notice: None,
    }
}

pub(crate) fn ann() -> Actor {
    Actor::new(ActorKind::User, "ann")
}

pub(crate) fn request(inputs: Value) -> RunRequest {
    let inputs = inputs.as_object().unwrap().clone();
    RunRequest { inputs, actor: Some(Actor::new(ActorKind::Agent, "builder")), ..RunRequest::default() }
}

pub(crate) fn never() -> Pending<'static, ()> {
    Box::pin(std::future::pending())
}

/// Somebody in another process, with an approver's key.
pub(crate) struct Person {
    ledger: Ledger,
    key: SigningKey,
    name: String,
}

impl Person {
    /// `number` decides the key. The first one that is made is believed, and those that it names.
    pub(crate) fn new(world: &World, number: u8, name: &str, named_by: Option<u8>) -> Self {
        let key = SigningKey::from_seed(&[number; 32]);
        let target = Target::new(TargetKind::Key, "approver");
        let by = Record::event(world.ledger.next_id(), ann(), "key.approver", target, world.ledger.now());
        let signer = named_by.map(|number| SigningKey::from_seed(&[number; 32]));
        world.ledger.add_approver(*key.public(), admit(by), signer.as_ref()).unwrap();
        let ledger = Ledger::open(world.place.layout(), Options::default()).unwrap();
        Self { ledger, key, name: name.to_owned() }
    }

    /// Waits until somebody asks, and gives the newest request that waits.
    pub(crate) fn asked(&self) -> Approval {
        loop {
            if let Some(asked) = self.waiting() {
                return asked;
            }
            std::thread::yield_now();
        }
    }

    /// How many requests wait.
    pub(crate) fn open(&self) -> usize {
        let mut state = State::new();
        self.ledger.bring_up(&mut state).unwrap();
        let now = self.ledger.now();
        state.approvals().iter().filter(|it| it.state(now) == sealbook_policy::ApprovalState::Waiting).count()
    }

    pub(crate) fn waiting(&self) -> Option<Approval> {
        let mut state = State::with_history();
        self.ledger.bring_up(&mut state).unwrap();
        let now = self.ledger.now();
        let waits = |it: &&Approval| it.state(now) == sealbook_policy::ApprovalState::Waiting;
        state.approvals().iter().filter(waits).max_by_key(|it| it.seq).cloned()
    }

    /// Decides; why it counts for nothing, where it does.
    pub(crate) fn decide(&self, approval: &Approval, choice: Choice) -> Option<&'static str> {
        self.decide_as(approval, choice, &self.name)
    }

    pub(crate) fn decide_as(&self, approval: &Approval, choice: Choice, name: &str) -> Option<&'static str> {
        let target = Target::new(TargetKind::Record, "x");
        let actor = Actor::new(ActorKind::User, name);
        let mut record = Record::event(self.ledger.next_id(), actor, "approval.decided", target, self.ledger.now());
        record.parent = Some(approval.id);
        record.set_part_json(PartName::Input, choice.decision_json(approval.digest)).unwrap();
        let sealed = self.ledger.append_approved(vec![admit(record)], &self.key).unwrap().remove(0).unwrap();
        let mut state = State::with_history();
        self.ledger.bring_up(&mut state).unwrap();
        state.refused().iter().find(|(seq, _)| *seq == sealed.seq).map(|(_, why)| *why)
    }
}
