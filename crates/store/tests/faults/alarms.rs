//! No false alarm: an honest book that others write to meanwhile is never taken for a forged one.

use std::path::Path;
use std::sync::{Arc, Mutex};

use sealbook_ledger::Origin;
use sealbook_store::{Error, Ledger, Options, Snapshot, Store, Transaction};
use sealbook_testkit::records::{admit, event};
use sealbook_testkit::sim::{Honesty, SimDisk, SimStore};
use sealbook_testkit::{Place, Rng};

/// What another process does in the moment after a view was opened.
type Meanwhile = Mutex<Option<Box<dyn FnOnce() + Send>>>;

/// A store on which another process is always a little faster.
struct Overtaken {
    store: SimStore,
    meanwhile: Meanwhile,
}

impl Store for Overtaken {
    fn origin(&self) -> &Origin {
        self.store.origin()
    }

    fn tenant(&self) -> &str {
        self.store.tenant()
    }

    fn place(&self) -> &Path {
        self.store.place()
    }

    fn scrub(&self) -> Result<bool, Error> {
        self.store.scrub()
    }

    fn relearn(&self) -> Result<(), Error> {
        self.store.relearn()
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error> {
        let view = self.store.snapshot()?;
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(act) = meanwhile {
            act();
        }
        Ok(view)
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error> {
        self.store.begin()
    }
}

#[test]
fn a_book_that_grows_while_it_is_opened_is_not_rolled_back() {
    let place = Place::new();
    let disk = SimDisk::new(Rng::new(1), Honesty::Honest);
    let store = SimStore::create(&disk, &Origin::from_random([1; 16]), "default").unwrap();
    let ledger = Ledger::found(Arc::new(store), place.layout(), Options::default(), None).unwrap();
    let size = ledger.head().unwrap().size;
    let act = move || {
        let record = event(ledger.next_id(), ledger.now(), "agent", "file.write", "0");
        ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap();
    };
    let store = Overtaken { store: SimStore::open(&disk).unwrap(), meanwhile: Mutex::new(Some(Box::new(act))) };
    let opened = Ledger::open_store(Arc::new(store), place.layout(), Options::default());
    let opened = opened.unwrap_or_else(|alarm| panic!("a false alarm: {alarm}"));
    assert_eq!(opened.head().unwrap().size, size + 1, "the other one did write");
}
