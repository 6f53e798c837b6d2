//! A ledger, a clock that waits by being set, and calls that fail as they are told.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealbook_flow::{Call, Files, Journal, LedgerJournal, Pending, Recovery, Repeat, Retry, Time, Wanted};
use sealbook_policy::{DigestKey, Policy, StopScope};
use sealbook_record::{Actor, ActorKind, FileContent, PartName, Phase, Record, Target, TargetKind, Timestamp};
use sealbook_store::{Ledger, Query, Stored, SystemEntropy};
use sealbook_testkit::records::admit;
use sealbook_testkit::{Place, Rng, SimClock, seeded_options};

/// 2026-01-01T00:00:00Z.
pub(crate) const START_US: i64 = 1_767_225_600_000_000;

/// Waits by moving itself on. What is waited for is remembered.
#[derive(Default)]
pub(crate) struct SimTime {
    passed: Mutex<Duration>,
    waits: Mutex<Vec<Duration>>,
}

impl SimTime {
    pub(crate) fn step(&self, by: Duration) {
        *self.passed.lock().unwrap() += by;
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Time for SimTime {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.passed().as_micros()).unwrap();
        Timestamp::from_micros(START_US + passed)
    }

    fn passed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    fn wait(&self, how_long: Duration) -> Pending<'_, ()> {
        // Nothing happens before it is polled: a wait that is not needed does not pass.
        Box::pin(async move {
            self.step(how_long);
            self.waits.lock().unwrap().push(how_long);
        })
    }
}

/// A ledger of its own, with a stop that a test sets.
pub(crate) struct Bench {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) time: Arc<SimTime>,
    _place: Place,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let options = seeded_options(&mut Rng::new(7), Arc::new(SimClock::at(START_US)));
        let ledger = Arc::new(Ledger::create(place.layout(), "default", options, None).unwrap());
        let journal = LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(DigestKey::new([7; 32]))));
        Self { ledger, journal: Arc::new(journal), time: Arc::default(), _place: place }
    }

    /// Stops everything, as another process would: by a record.
    pub(crate) fn stop(&self) {
        let now = Timestamp::from_micros(START_US);
        let target = Target::new(TargetKind::Ledger, "all");
        let mut stop =
            Record::event(self.ledger.next_id(), Actor::new(ActorKind::User, "ann"), "stop.set", target, now);
        stop.set_part_json(PartName::Input, StopScope::all().to_json()).unwrap();
        self.ledger.append(vec![admit(stop)]).unwrap().pop().unwrap().unwrap();
    }

    pub(crate) fn recovery(&self, retry: Retry) -> Recovery {
        let (journal, time) = (Arc::clone(&self.journal), Arc::clone(&self.time) as Arc<dyn Time>);
        Recovery { retry, journal, time, entropy: Arc::new(SystemEntropy) }
    }

    /// Every record that was sealed, oldest first.
    pub(crate) fn told(&self) -> Vec<Stored> {
        let query = Query { leaf_type: vec!["record".to_owned()], ascending: true, ..Query::default() };
        let mut all = Vec::new();
        self.ledger
            .each_match(&query, &mut |stored| {
                all.push(stored);
                Ok(true)
            })
            .unwrap();
        all
    }

    /// Phase, action and outcome of each.
    pub(crate) fn story(&self) -> Vec<String> {
        let line = |record: &Record| {
            let outcome = record.outcome.map_or(String::new(), |outcome| format!(" {outcome}"));
            format!("{} {}{outcome}", phase(record.phase), record.action)
        };
        self.told().iter().map(|stored| line(stored.record.as_ref().unwrap())).collect()
    }

    /// A part of the nth record as JSON.
    pub(crate) fn part(&self, index: usize, part: PartName) -> serde_json::Value {
        let told = self.told();
        serde_json::from_str(told[index].record.as_ref().unwrap().part(part).unwrap().get()).unwrap()
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Intent => "intent",
        Phase::Outcome => "outcome",
        Phase::Event => "event",
    }
}

/// A call of the shop's ledger.
pub(crate) fn call(action: &str, repeat: Repeat) -> Call {
    let actor = Actor::new(ActorKind::Agent, "builder");
    let target = Target::new(TargetKind::Service, "erp");
    let id = "01944c2f-0000-7000-8000-000000000001".parse().unwrap();
    let mut intent = Record::event(id, actor, action, target, Timestamp::from_micros(START_US));
    intent.set_part(PartName::Input, &serde_json::json!({"order": 7})).unwrap();
    Call { intent, repeat }
}

/// Runs a future to its end.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A machine without files.
pub(crate) struct NoFiles;

impl Files for NoFiles {
    fn look(&self, _: &Path) -> FileContent {
        FileContent::Absent
    }

    fn link(&self, _: &Path) -> Option<PathBuf> {
        None
    }

    fn real(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn put(&self, _: &Path, _: &FileContent, _: &Wanted) -> Result<(), String> {
        Err("there are no files".to_owned())
    }
}
