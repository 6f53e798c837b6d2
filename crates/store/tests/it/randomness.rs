//! Where keys, salts, ids and names of ledgers come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sealbook_ledger::{Hash, Origin};
use sealbook_record::Timestamp;
use sealbook_store::{Clock, Content, Entropy, Ledger, Options, PartSlot, SqliteStore, Store, SystemEntropy};

use crate::fixture::{Place, admit, raw};

/// A clock that stands still: whoever took his randomness from it would always find the same.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_772_409_600_000_000)
    }
}

/// A source that can be foretold, and counts what is drawn from it.
#[derive(Default)]
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            *byte = Hash::of(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).0[0];
        }
    }
}

/// All that is random in a book: its name, its keys, the salts of a record.
fn random_in(options: &Options) -> (Origin, Vec<Hash>, Vec<[u8; 32]>) {
    let place = Place::new();
    let ledger = Ledger::create(place.layout(), "default", options.clone(), None).unwrap();
    ledger.append(vec![admit(raw(&ledger, "ann", "a.b", "t"))]).unwrap().remove(0).unwrap();
    let (origin, mut keys) = (ledger.origin().clone(), ledger.keys().unwrap());
    keys.sort_by_key(|entry| entry.role);
    drop(ledger);
    let store = SqliteStore::open(&place.layout().ledger_db()).unwrap();
    let mut salts = Vec::new();
    let each = &mut |row: sealbook_store::Row<'_>| {
        let leaf = sealbook_ledger::Leaf::parse(row.leaf).unwrap();
        let slots = Content::new(row.content).slots(leaf.parts.len()).unwrap();
        salts.extend(slots.iter().map(|slot| match slot {
            PartSlot::Present(salt, _) => **salt,
            PartSlot::Erased => panic!("nothing was erased"),
        }));
        Ok(true)
    };
    store.snapshot().unwrap().scan(0, 2, each).unwrap();
    (origin, keys.iter().map(|entry| entry.key.fingerprint()).collect(), salts)
}

#[test]
fn keys_and_salts_come_from_the_systems_random_source() {
    // All of it comes through one seam: with a source that can be foretold, all of it can be.
    let foretold = || Options { clock: Arc::new(Stopped), entropy: Arc::new(Counted::default()), ..Options::default() };
    let (one, other) = (random_in(&foretold()), random_in(&foretold()));
    assert_eq!(one, other);
    assert_eq!((one.1.len(), one.2.len() >= 2), (2, true), "two keys, and a salt for each part");

    // Behind the seam is the system's generator, unless a test puts another there; a clock that stands
    // still changes nothing about it.
    let systems = || Options { clock: Arc::new(Stopped), ..Options::default() };
    let named = || Options { entropy: Arc::new(SystemEntropy), ..systems() };
    for (one, other) in [(random_in(&systems()), random_in(&systems())), (random_in(&named()), random_in(&named()))] {
        assert_ne!(one.0, other.0);
        let (keys, salts) = ([one.1, other.1].concat(), [one.2, other.2].concat());
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len());
        assert_eq!(salts.iter().collect::<std::collections::BTreeSet<_>>().len(), salts.len());
    }
}

#[test]
fn the_systems_source_fills_all_it_is_given() {
    for len in [1, 31, 32, 4096, 65_536] {
        let mut bytes = vec![0; len];
        let mut seen = vec![false; len];
        // A byte that is zero forty times over was never filled.
        for _ in 0..40 {
            SystemEntropy.fill(&mut bytes);
            seen.iter_mut().zip(&bytes).for_each(|(seen, byte)| *seen |= *byte != 0);
        }
        assert!(seen.iter().all(|seen| *seen), "{len}");
    }
}
