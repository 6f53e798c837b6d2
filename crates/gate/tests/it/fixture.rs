//! A book in a place of its own, with an engine that refuses when it is told to.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealbook_gate::{Gate, GateOptions};
use sealbook_ledger::Origin;
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Actor, ActorKind, Completeness, CompletenessLimits, Record, Target, TargetKind, Told};
use sealbook_store::{Error, Ledger, Options, Snapshot, SqliteStore, Store, Stored, Transaction};
use sealbook_testkit::Place;

/// An engine whose disk is full while `full` says so.
pub(crate) struct Fickle {
    inner: SqliteStore,
    full: Arc<AtomicBool>,
}

impl Store for Fickle {
    fn origin(&self) -> &Origin {
        self.inner.origin()
    }

    fn tenant(&self) -> &str {
        self.inner.tenant()
    }

    fn place(&self) -> &Path {
        self.inner.place()
    }

    fn scrub(&self) -> Result<bool, Error> {
        self.inner.scrub()
    }

    fn relearn(&self) -> Result<(), Error> {
        self.inner.relearn()
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error> {
        self.inner.snapshot()
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Error::DiskFull { path: self.place().to_owned() });
        }
        self.inner.begin()
    }
}

pub(crate) struct Book {
    pub(crate) place: Place,
    pub(crate) ledger: Arc<Ledger>,
    full: Arc<AtomicBool>,
}

impl Book {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        drop(Ledger::create(place.layout(), "default", Options::default(), None).unwrap());
        let full = Arc::new(AtomicBool::new(false));
        let inner = SqliteStore::open(&place.layout().ledger_db()).unwrap();
        let store = Arc::new(Fickle { inner, full: Arc::clone(&full) });
        let ledger = Arc::new(Ledger::open_store(store, place.layout(), Options::default()).unwrap());
        Self { place, ledger, full }
    }

    pub(crate) fn policy() -> Policy {
        Policy::new(DigestKey::new([7; 32]))
    }

    pub(crate) fn gate(&self, options: GateOptions) -> Gate {
        Gate::new(Arc::clone(&self.ledger), Self::policy(), options).unwrap()
    }

    pub(crate) fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    /// Every record in order, key leaves left out.
    pub(crate) fn records(&self) -> Vec<Stored> {
        let reader = self.ledger.reader().unwrap();
        (0..reader.size().unwrap()).map(|seq| reader.record(seq).unwrap()).filter(|s| s.record.is_some()).collect()
    }

    /// Action, phase and outcome of every record.
    pub(crate) fn story(&self) -> Vec<String> {
        let told = |stored: &Stored| {
            let record = stored.record.as_ref().unwrap();
            let outcome = record.outcome.map_or(String::new(), |outcome| format!(" {outcome}"));
            format!("{} {}{outcome}", record.action, record.phase)
        };
        self.records().iter().map(told).collect()
    }

    pub(crate) fn told(&self) -> Told {
        let mut fold = Completeness::new(CompletenessLimits::default());
        for stored in self.records() {
            fold.push(&stored.step());
        }
        fold.finish()
    }

    pub(crate) fn call(&self, tool: &str) -> Record {
        let actor = Actor::new(ActorKind::Agent, "tester");
        let target = Target::new(TargetKind::Tool, format!("server/{tool}"));
        Record::event(self.ledger.next_id(), actor, "tools.call", target, self.ledger.now())
    }
}
