//! Every byte of a book, flipped in turn, in memory: each flip is found, and located.
//!
//! CI flips one byte in sixteen; `SEALBOOK_TAMPER_STEP=1` flips all of them.

use std::collections::BTreeMap;
use std::path::Path;

use sealbook_ledger::{Checkpoint, Fault, Origin, Uuid};
use sealbook_record::PartName;
use sealbook_store::{
    EachId, EachRow, EraseRequest, Error, Row, Snapshot, SqliteStore, Store, StoreHead, Stray, Transaction,
    VerifyOptions, verify,
};

use crate::fixture::{Place, admit, raw, with_part};

/// A sealed book, held in memory. Reading sees a flipped byte in the place that is named.
#[derive(Default, Clone)]
pub(crate) struct Memory {
    pub(crate) rows: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) tiles: BTreeMap<(u8, u64), Vec<u8>>,
    checkpoints: BTreeMap<u64, Vec<u8>>,
    keys: Vec<u64>,
    ids: BTreeMap<Uuid, u64>,
}

#[derive(Clone)]
pub(crate) struct Book {
    origin: Origin,
    pub(crate) memory: Memory,
}

impl Book {
    pub(crate) fn read(store: &dyn Store) -> Self {
        let view = store.snapshot().unwrap();
        let mut memory = Memory { keys: view.key_seqs().unwrap(), ..Memory::default() };
        view.each_id(&mut |id, seq| {
            memory.ids.insert(Uuid::from_slice(id).unwrap(), seq);
            Ok(true)
        })
        .unwrap();
        let size = Checkpoint::of_note(&view.head().unwrap().unwrap().note).unwrap().size;
        view.scan(0, size, &mut |row| {
            memory.rows.push((row.leaf.to_vec(), row.content.to_vec()));
            Ok(true)
        })
        .unwrap();
        for place in (0..=size / 256).map(|index| (0, index)).chain([(1, 0)]) {
            memory.tiles.extend(view.tile(place.0, place.1).unwrap().map(|hashes| (place, hashes)));
        }
        view.checkpoints(0, u64::MAX, &mut |size, note| {
            memory.checkpoints.insert(size, note.as_bytes().to_vec());
            Ok(true)
        })
        .unwrap();
        Self { origin: store.origin().clone(), memory }
    }

    fn faults(&self) -> Vec<Fault> {
        verify(self, 1, &VerifyOptions { signatures: false, ..VerifyOptions::default() }, &|_| {}).unwrap().faults
    }
}

impl Store for Book {
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn tenant(&self) -> &'static str {
        "default"
    }
    fn place(&self) -> &Path {
        Path::new("memory")
    }
    fn scrub(&self) -> Result<bool, Error> {
        Ok(true)
    }
    fn relearn(&self) -> Result<(), Error> {
        unreachable!("verification writes nothing")
    }
    fn snapshot(&self) -> Result<Box<dyn Snapshot + Send + '_>, Error> {
        Ok(Box::new(&self.memory))
    }
    fn begin(&self) -> Result<Box<dyn Transaction + '_>, Error> {
        unreachable!("verification writes nothing")
    }
}

impl Snapshot for &Memory {
    fn head(&self) -> Result<Option<StoreHead>, Error> {
        let newest = self.checkpoints.last_key_value();
        Ok(newest.map(|(size, note)| StoreHead { size: *size, note: String::from_utf8_lossy(note).into_owned() }))
    }
    fn scan(&self, from: u64, to: u64, each: &mut EachRow<'_>) -> Result<(), Error> {
        for seq in from..to.min(self.rows.len() as u64) {
            let (leaf, content) = &self.rows[seq as usize];
            if !each(Row { seq, leaf, content })? {
                break;
            }
        }
        Ok(())
    }
    fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.tiles.get(&(level, index)).cloned())
    }
    fn checkpoints(
        &self,
        from: u64,
        to: u64,
        each: &mut dyn FnMut(u64, &str) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for (size, note) in self.checkpoints.range(from..to) {
            if !each(*size, &String::from_utf8_lossy(note))? {
                break;
            }
        }
        Ok(())
    }
    fn seq_of(&self, id: Uuid) -> Result<Option<u64>, Error> {
        Ok(self.ids.get(&id).copied())
    }
    fn id_max(&self) -> Result<Option<Uuid>, Error> {
        Ok(None)
    }
    fn key_seqs(&self) -> Result<Vec<u64>, Error> {
        Ok(self.keys.clone())
    }
    fn each_id(&self, each: &mut EachId<'_>) -> Result<(), Error> {
        for (id, seq) in &self.ids {
            if !each(id.as_bytes(), *seq)? {
                break;
            }
        }
        Ok(())
    }
    fn strays(&self, _: u64) -> Result<Vec<Stray>, Error> {
        Ok(Vec::new())
    }
}

/// A book of 200 records: several commits, several parts, one of them erased.
fn book() -> Book {
    let place = Place::new();
    let ledger = place.create();
    for commit in 0..9 {
        let record = |i: usize| {
            let record = with_part(
                raw(&ledger, "agent-7", "tools.call", &format!("t{commit}.{i}")),
                PartName::Input,
                "{\"q\":1}",
            );
            admit(with_part(record, PartName::Result, "{\"rows\":[1,2,3]}"))
        };
        for answer in ledger.append((0..22).map(record).collect()).unwrap() {
            answer.unwrap();
        }
    }
    let request = EraseRequest { seq: 20, parts: vec!["result".to_owned()] };
    ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "20"))).unwrap();
    drop(ledger);
    let book = Book::read(&SqliteStore::open(&place.layout().ledger_db()).unwrap());
    assert_eq!(book.memory.rows.len(), 200);
    assert_eq!(book.faults(), []);
    book
}

fn step() -> usize {
    std::env::var("SEALBOOK_TAMPER_STEP").map_or(16, |step| step.parse().expect("a number"))
}

/// Flips bits of every `step`th byte, and asks whether a fault lies where the flip was.
fn flip_each(
    book: &mut Book,
    bytes: impl Fn(&mut Memory) -> &mut Vec<u8>,
    what: &str,
    is_there: impl Fn(&Fault) -> bool,
) -> usize {
    let len = bytes(&mut book.memory).len();
    let mut flips = 0;
    for at in (what.len() % step()..len).step_by(step()) {
        let bit = 1 << (at % 8);
        bytes(&mut book.memory)[at] ^= bit;
        let faults = book.faults();
        assert!(faults.iter().any(&is_there), "{what}, byte {at}: {faults:?}");
        bytes(&mut book.memory)[at] ^= bit;
        flips += 1;
    }
    flips
}

#[test]
fn every_flipped_byte_is_found_and_located() {
    let book = book();
    let (rows, tiles): (Vec<usize>, Vec<_>) = ((0..200).collect(), book.memory.tiles.keys().copied().collect());
    let sizes: Vec<u64> = book.memory.checkpoints.keys().copied().collect();
    let flips: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = rows
            .chunks(100)
            .map(|own| {
                let mut book = book.clone();
                scope.spawn(move || {
                    let mut flips = 0;
                    for &seq in own {
                        let of_seq = |f: &Fault| f.entry().is_some_and(|e| e.seq == seq as u64);
                        flips += flip_each(&mut book, |m| &mut m.rows[seq].0, &format!("leaf {seq}"), of_seq);
                        flips += flip_each(&mut book, |m| &mut m.rows[seq].1, &format!("content {seq}"), of_seq);
                    }
                    flips
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    let mut book = book;
    let mut more = 0;
    for place in tiles {
        more += flip_each(
            &mut book,
            |m| m.tiles.get_mut(&place).unwrap(),
            &format!("tile {place:?}"),
            |f| f.tile() == Some(place),
        );
    }
    for size in sizes {
        more += flip_each(
            &mut book,
            |m| m.checkpoints.get_mut(&size).unwrap(),
            &format!("checkpoint {size}"),
            |f| f.checkpoint() == Some(size),
        );
    }
    assert_eq!(book.faults(), []);
    println!("{} flips found and located", flips + more);
}

#[test]
fn what_is_cut_off_or_swapped_is_found() {
    let book = book();
    let mut cut = book.clone();
    cut.memory.rows.pop();
    assert!(cut.faults().iter().any(|f| matches!(f, Fault::SeqGap { from: 199, to: 200 })), "{:?}", cut.faults());

    let mut swapped = book.clone();
    swapped.memory.rows.swap(30, 31);
    let places: Vec<u64> = swapped.faults().iter().filter_map(|f| f.entry().map(|e| e.seq)).collect();
    assert!(places.contains(&30) && places.contains(&31), "{places:?}");

    let mut emptied = book.clone();
    let content = &mut emptied.memory.rows[40].1;
    let parts = content[0];
    content.truncate(0);
    content.push(parts);
    assert!(emptied.faults().iter().any(|f| f.entry().is_some_and(|e| e.seq == 40)));
}
