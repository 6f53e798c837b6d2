//! What every engine behind the [`Store`] seam must do, as one suite.
//!
//! An engine is tried through [`Engine`]: a place that one store is made in, and that other handles
//! (other processes, for an engine on disk) open. Every case gets a fresh place.

mod reading;
mod sharing;
mod writing;

use std::sync::Arc;

use sealbook_ledger::{Origin, Uuid};
use sealbook_store::{Error, NewRow, Row, Snapshot, Store, Transaction};

use crate::Rng;

/// A fresh place for one store.
pub trait Engine: Send + Sync {
    /// Makes the store.
    fn create(&self, origin: &Origin, tenant: &str) -> Result<Arc<dyn Store>, Error>;
    /// Opens it once more, as another process would.
    fn open(&self) -> Result<Arc<dyn Store>, Error>;
    /// Opens it for reading.
    fn open_read_only(&self) -> Result<Arc<dyn Store>, Error>;
}

/// Makes a fresh place.
pub type Make<'f> = dyn Fn() -> Box<dyn Engine> + 'f;

/// Runs the suite. Panics where the engine does not keep the contract, and says which case it was in.
pub fn check(make: &Make<'_>) {
    for (name, case) in reading::CASES.iter().chain(writing::CASES).chain(sharing::CASES) {
        let engine = make();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&*engine)));
        if let Err(cause) = caught {
            let said = cause.downcast_ref::<String>().cloned();
            let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            panic!("contract case `{name}`: {}", said.unwrap_or_default());
        }
    }
}

type Case = (&'static str, fn(&dyn Engine));

/// One row as a test writes it, and as it expects it back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sample {
    seq: u64,
    id: Uuid,
    is_key: bool,
    leaf: Vec<u8>,
    content: Vec<u8>,
}

impl Sample {
    /// Bytes of no meaning: an engine does not look into them.
    fn new(seq: u64) -> Self {
        let mut rng = Rng::new(seq);
        let (mut leaf, mut content, mut id) = (vec![0; 40 + rng.index(60)], vec![0; rng.index(300)], [0; 16]);
        rng.fill(&mut leaf);
        rng.fill(&mut content);
        rng.fill(&mut id);
        Self { seq, id: Uuid::from_bytes(id), is_key: seq.is_multiple_of(7), leaf, content }
    }

    fn row(&self) -> NewRow<'_> {
        let row = Row { seq: self.seq, leaf: &self.leaf, content: &self.content };
        NewRow { row, id: self.id, is_key: self.is_key }
    }
}

fn samples(from: u64, to: u64) -> Vec<Sample> {
    (from..to).map(Sample::new).collect()
}

fn created(engine: &dyn Engine) -> Arc<dyn Store> {
    engine.create(&Origin::from_random([3; 16]), "default").expect("a store can be made in a fresh place")
}

fn begin(store: &dyn Store) -> Box<dyn Transaction + '_> {
    store.begin().expect("a transaction begins")
}

fn snapshot(store: &dyn Store) -> Box<dyn Snapshot + '_> {
    store.snapshot().expect("a snapshot opens")
}

/// A note as far as an engine is concerned.
fn note(size: u64) -> String {
    format!("origin\n{size}\nroot\n\n— signature\n")
}

/// Appends rows with the checkpoint over them.
fn put(tx: &mut dyn Transaction, rows: &[Sample]) {
    let new: Vec<NewRow<'_>> = rows.iter().map(Sample::row).collect();
    tx.append(&new).expect("rows that follow on the last are taken");
    let size = rows.last().map_or(0, |row| row.seq + 1);
    tx.put_checkpoint(size, &note(size)).expect("a checkpoint is taken");
}

/// As [`put`], in a transaction of its own.
fn seal(store: &dyn Store, rows: &[Sample]) {
    let mut tx = begin(store);
    put(&mut *tx, rows);
    tx.commit().expect("a commit succeeds");
}

fn scan(view: &dyn Snapshot, from: u64, to: u64) -> Vec<(u64, Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    view.scan(from, to, &mut |row| {
        rows.push((row.seq, row.leaf.to_vec(), row.content.to_vec()));
        Ok(true)
    })
    .expect("a scan succeeds");
    rows
}

fn expected(rows: &[Sample]) -> Vec<(u64, Vec<u8>, Vec<u8>)> {
    rows.iter().map(|row| (row.seq, row.leaf.clone(), row.content.clone())).collect()
}

fn head_size(view: &dyn Snapshot) -> Option<u64> {
    view.head().expect("the head can be read").map(|head| head.size)
}
