//! A program that appends from several threads and says what was acknowledged, and the check that
//! all it said is true of the book.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use sealbook_ledger::{Hash, KeyRole, LeafType, PART_STATEMENT, Uuid};
use sealbook_record::PartName;
use sealbook_store::{EraseRequest, Ledger, Options, Query, SqliteStore};
use sealbook_testkit::model::Book;
use sealbook_testkit::records::{admit, event, with_part};
use sealbook_testkit::{Rng, layout_under};

use crate::child::{self, Process};

/// What to append.
pub(crate) struct Plan<'p> {
    pub(crate) root: &'p Path,
    /// Actors are called after it: each run needs a name of its own.
    pub(crate) name: String,
    pub(crate) threads: u64,
    /// Batches of each thread.
    pub(crate) batches: u64,
    pub(crate) seed: u64,
}

impl Plan<'_> {
    /// Starts the program up to where it waits for go.
    pub(crate) fn start(&self) -> Process {
        let mut command: Command = child::command("append");
        child::at(&mut command, self.root)
            .env("FAULTS_NAME", &self.name)
            .env("FAULTS_THREADS", self.threads.to_string())
            .env("FAULTS_BATCHES", self.batches.to_string())
            .env("FAULTS_SEED", self.seed.to_string());
        Process::start(&mut command)
    }
}

/// The program.
pub(crate) fn main() {
    let (name, batches) = (child::text_setting("FAULTS_NAME"), child::setting("FAULTS_BATCHES"));
    let mut rng = Rng::new(child::setting("FAULTS_SEED"));
    child::wait_for_go();
    let ledger = Ledger::open(layout_under(&child::root()), Options::default()).expect("an honest book opens");
    std::thread::scope(|scope| {
        for thread in 0..child::setting("FAULTS_THREADS") {
            let (mut rng, actor, ledger) = (rng.fork(), format!("{name}-{thread}"), &ledger);
            scope.spawn(move || {
                let mut number = 0;
                for batch in 0..batches {
                    append(ledger, &mut rng, &actor, &mut number);
                    if thread == 0 && batch % 6 == 5 {
                        do_something_else(ledger, &mut rng);
                    }
                }
            });
        }
    });
}

fn append(ledger: &Ledger, rng: &mut Rng, actor: &str, number: &mut u64) {
    let batch: Vec<_> = (0..=rng.below(8))
        .map(|at| {
            let record = event(ledger.next_id(), ledger.now(), actor, "file.write", &(*number + at).to_string());
            admit(with_part(record, PartName::Input, &format!("\"{}\"", "x".repeat(rng.index(2_000)))))
        })
        .collect();
    *number += batch.len() as u64;
    let answers = ledger.append(batch).expect("an honest book takes records");
    let mut said = String::new();
    for sealed in answers {
        let sealed = sealed.expect("every record is sealed");
        let _ = writeln!(said, "ack {actor} {} {} {}", sealed.seq, sealed.id, sealed.hash);
    }
    child::say(&said);
}

/// What moves pages and keys: each is a moment to be killed in.
fn do_something_else(ledger: &Ledger, rng: &mut Rng) {
    let by = |action: &str| admit(event(ledger.next_id(), ledger.now(), "operator", action, "book"));
    match rng.below(5) {
        0 => drop(ledger.scrub().expect("scrub")),
        1 => drop(ledger.catch_up().expect("catch up")),
        2 => {
            let role = if rng.percent(50) { KeyRole::Record } else { KeyRole::Checkpoint };
            // Another process may have retired the key between our look and our seal.
            let _ = ledger.rotate_key(role, &mut |action| Ok(by(action)));
        }
        _ => {
            let seq = rng.below(ledger.head().expect("head").size);
            // Not every record has the part, or still has it.
            let _ = ledger.erase(&EraseRequest { seq, parts: vec!["input".to_owned()] }, by("record.erase"));
        }
    }
}

/// What the program said.
#[derive(Debug, Clone)]
pub(crate) struct Ack {
    pub(crate) actor: String,
    pub(crate) seq: u64,
    pub(crate) id: Uuid,
    pub(crate) hash: Hash,
}

impl Ack {
    /// Reads a line; other lines are the test harness's own.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("ack ")?.split(' ');
        let mut word = || words.next().expect("a line is said whole or not at all");
        let (actor, seq, id, hash) = (word().to_owned(), word(), word(), word());
        Some(Self {
            actor,
            seq: seq.parse().expect("a number"),
            id: id.parse().expect("an id"),
            hash: hash.parse().expect("a hash"),
        })
    }
}

/// The book against what was said: every record is there once, where it was said to be, and each
/// actor's records are there without a gap and in their order.
pub(crate) fn check(root: &Path, acks: &[Ack], signatures: bool) -> Result<Book, String> {
    let store = SqliteStore::open_read_only(&layout_under(root).ledger_db()).map_err(|e| e.to_string())?;
    let book = Book::read(&store, signatures).map_err(|violation| violation.0)?;
    let mut said: BTreeMap<&str, u64> = BTreeMap::new();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for ack in acks {
        let row = book.rows.get(ack.seq as usize).ok_or_else(|| format!("{ack:?} was lost"))?;
        if (row.leaf.id, row.hash) != (ack.id, ack.hash) {
            return Err(format!("another record is in the place of {ack:?}"));
        }
        if last.insert(&ack.actor, ack.seq).is_some_and(|before| before >= ack.seq) {
            return Err(format!("{ack:?} was acknowledged out of order"));
        }
        *said.entry(&ack.actor).or_default() += 1;
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (seq, row) in book.rows.iter().enumerate().filter(|(_, row)| row.leaf.typ == LeafType::Record) {
        let (actor, number) = who_and_what(row.parts[PART_STATEMENT].as_deref().expect("no statement is erased here"));
        let next = found.entry(actor.clone()).or_default();
        if number != *next {
            return Err(format!("seq {seq} is record {number} of {actor}, the next was {next}"));
        }
        *next += 1;
    }
    for (actor, said) in said {
        if found.get(actor).is_none_or(|found| *found < said) {
            return Err(format!("of {said} acknowledged records of {actor} there are {:?}", found.get(actor)));
        }
    }
    Ok(book)
}

/// The index agrees with the book on an actor's records.
pub(crate) fn check_query(ledger: &Ledger, book: &Book, actor: &str) {
    let of_actor = |row: &&sealbook_testkit::model::BookRow| {
        row.leaf.typ == LeafType::Record
            && who_and_what(row.parts[PART_STATEMENT].as_deref().expect("no statement is erased here")).0 == actor
    };
    let expected: Vec<u64> = book.rows.iter().filter(of_actor).map(|row| row.leaf.seq).collect();
    let query = Query { actor: vec![actor.to_owned()], ascending: true, limit: Some(10_000), ..Query::default() };
    let found: Vec<u64> = ledger.query(&query).expect("a query").rows.iter().map(|row| row.seq).collect();
    assert_eq!(found, expected, "the query for {actor}");
}

fn who_and_what(statement: &[u8]) -> (String, u64) {
    let statement: serde_json::Value = serde_json::from_slice(statement).expect("a statement is JSON");
    let text = |part: &str| statement[part]["id"].as_str().expect("it has an id").to_owned();
    (text("actor"), text("target").parse().expect("targets are numbers here"))
}
