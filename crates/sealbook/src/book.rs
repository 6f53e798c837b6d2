//! An open book.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sealbook_flow::{Journal, LedgerJournal};
use sealbook_policy::Policy;
use sealbook_record::{Actor, Record, Target, TargetKind};
use sealbook_store::{Ledger, Options, SystemEntropy, digest_key};

use crate::{Error, Place, Scope};

static INSTALLED: OnceLock<Book> = OnceLock::new();

/// A book of record that is open for writing. Cheap to clone; threads and tasks share it.
#[derive(Clone)]
pub struct Book {
    ledger: Arc<Ledger>,
    pub(crate) journal: Arc<dyn Journal>,
    actor: Actor,
    source: String,
    project: Option<String>,
    unsealed: Arc<AtomicU64>,
}

impl Book {
    /// Opens a book. It is compared with the head that is kept outside it.
    ///
    /// Errors: there is none, or it cannot be used.
    pub fn open(place: &Place) -> Result<Self, Error> {
        let ledger = Ledger::open(place.layout()?, Options::default())?;
        Self::of(ledger)
    }

    /// Opens a book, or makes one with keys of its own where there is none.
    pub fn open_or_create(place: &Place) -> Result<Self, Error> {
        let layout = place.layout()?;
        if layout.ledger_db().exists() {
            return Self::open(place);
        }
        match Ledger::create(layout, place.tenant_name(), Options::default(), None) {
            // Somebody was faster.
            Err(sealbook_store::Error::BookExists { .. }) => Self::open(place),
            made => Self::of(made?),
        }
    }

    fn of(ledger: Ledger) -> Result<Self, Error> {
        let key = digest_key(&ledger.layout().keys, ledger.origin(), &SystemEntropy)?;
        let ledger = Arc::new(ledger);
        let journal = Arc::new(LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(key))));
        let source = "sealbook-library".to_owned();
        Ok(Self { ledger, journal, actor: Actor::unknown(), source, project: None, unsealed: Arc::default() })
    }

    /// The same book, in which this actor acts where a scope names none.
    #[must_use]
    pub fn acting_as(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// The same book, in which records name this program as their source.
    #[must_use]
    pub fn source(self, program: impl Into<String>) -> Self {
        Self { source: program.into(), ..self }
    }

    /// The same book, in which records name this project.
    #[must_use]
    pub fn project(self, project: impl Into<String>) -> Self {
        Self { project: Some(project.into()), ..self }
    }

    /// Something that is about to be done: a dotted verb.
    pub fn scope(&self, action: impl Into<String>) -> Scope {
        Scope::new(Some(self.clone()), action.into())
    }

    /// Makes this the book of every [`macro@crate::audited`] that names none. `false` where one is installed already.
    ///
    /// An installed book is never dropped: call [`Book::flush`] before the program ends.
    pub fn install(&self) -> bool {
        INSTALLED.set(self.clone()).is_ok()
    }

    /// Waits until everything that was queued is durable. It blocks.
    ///
    /// Errors: the book cannot be written any more.
    pub fn flush(&self) -> Result<(), Error> {
        // Nothing to seal, in its turn behind everything that waits.
        self.ledger.append(Vec::new())?;
        Ok(())
    }

    /// How many records the book holds, its own first leaf among them.
    pub fn size(&self) -> Result<u64, Error> {
        Ok(self.ledger.head()?.size)
    }

    /// How many outcomes could not be sealed since this was opened. The book shows an open intent for each.
    pub fn unsealed(&self) -> u64 {
        self.unsealed.load(Ordering::Relaxed)
    }

    /// The ledger, for reading and proving.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The journal, for [`crate::flow::Recovery`].
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::clone(&self.journal)
    }

    pub(crate) fn record(&self, action: String) -> Record {
        let target = Target::new(TargetKind::Other, &*action);
        let mut record = Record::event(self.journal.next_id(), self.actor.clone(), action, target, self.journal.now());
        self.ledger.tenant().clone_into(&mut record.tenant);
        record.source.clone_from(&self.source);
        record.project.clone_from(&self.project);
        record
    }

    pub(crate) fn note_unsealed(&self) {
        self.unsealed.fetch_add(1, Ordering::Relaxed);
    }
}

impl AsRef<Self> for Book {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Book({})", self.ledger.origin())
    }
}

/// The book that [`Book::install`] was called on.
pub fn installed() -> Option<Book> {
    INSTALLED.get().cloned()
}
