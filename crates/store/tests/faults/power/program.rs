//! The program whose power is cut: it makes a ledger, does everything that moves bytes, and says
//! what was acknowledged into a file, so that the journal has it in its place among the writes.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use sealbook_ledger::KeyRole;
use sealbook_record::PartName;
use sealbook_store::{Durability, EraseRequest, Ledger, Options, SqliteStore};
use sealbook_testkit::records::{admit, event, with_part};
use sealbook_testkit::{Rng, layout_under};

use crate::child;

/// Where it says what was acknowledged; this file is no part of the book.
pub(crate) const ACKS: &str = "acks";
/// The one who acts.
pub(crate) const ACTOR: &str = "agent";

/// The program.
pub(crate) fn main() {
    let layout = layout_under(&child::root());
    let mut acks = File::create(child::root().join(ACKS)).expect("a file");
    let mut say = |text: &str| acks.write_all(text.as_bytes()).expect("a file takes text");
    drop(Ledger::create(layout, "default", Options::default(), None).expect("a ledger can be made"));
    say("created\n");
    let mut rng = Rng::new(child::setting("FAULTS_SEED"));
    let mut ledger = open();
    let mut number = 0;
    let mut erasable = Vec::new();
    for round in 0..child::setting("FAULTS_BATCHES") {
        let count = if round % 10 == 9 { 60 } else { 1 + rng.below(6) };
        let batch: Vec<_> = (number..number + count)
            .map(|n| {
                let record = event(ledger.next_id(), ledger.now(), ACTOR, "file.write", &n.to_string());
                admit(with_part(record, PartName::Input, &format!("\"{}\"", "x".repeat(rng.index(3_000)))))
            })
            .collect();
        number += count;
        let mut said = String::new();
        for sealed in ledger.append(batch).expect("the disk takes it") {
            let sealed = sealed.expect("every record is sealed");
            erasable.push(sealed.seq);
            let _ = writeln!(said, "ack {ACTOR} {} {} {}", sealed.seq, sealed.id, sealed.hash);
        }
        say(&said);
        let by = |action: &str| admit(event(ledger.next_id(), ledger.now(), "operator", action, "book"));
        match round % 8 {
            1 => {
                let seq = erasable.swap_remove(rng.index(erasable.len()));
                let erased = ledger.erase(&EraseRequest { seq, parts: vec!["input".to_owned()] }, by("record.erase"));
                erased.expect("a record can be erased once");
                say(&format!("erased {seq}\n"));
            }
            2 => drop(ledger.scrub().expect("scrub")),
            3 => drop(ledger.catch_up().expect("catch up")),
            5 => {
                let role = if rng.percent(50) { KeyRole::Record } else { KeyRole::Checkpoint };
                ledger.rotate_key(role, &mut |action| Ok(by(action))).expect("a key can be rotated");
            }
            7 => {
                drop(ledger);
                ledger = open();
            }
            _ => {}
        }
    }
}

/// As everybody does, or with less durability than everybody has.
fn open() -> Ledger {
    let layout = layout_under(&child::root());
    let durability = match child::text_setting("FAULTS_DURABILITY").as_str() {
        "full" => return Ledger::open(layout, Options::default()).expect("the book opens"),
        "normal" => Durability::Normal,
        "off" => Durability::Off,
        other => panic!("no durability `{other}`"),
    };
    let store = SqliteStore::open_with(&layout.ledger_db(), durability).expect("the store opens");
    Ledger::open_store(Arc::new(store), layout, Options::default()).expect("the book opens")
}
