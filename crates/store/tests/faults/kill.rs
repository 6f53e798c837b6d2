//! SIGKILL at random moments of a real writer, two threads of it.
//!
//! It proves that no moment of a process's life leaves a book that is torn, forked or unreadable.
//! It says little about the disk: the kernel keeps what a killed process wrote. That is `power`.

use std::hint::spin_loop;

use sealbook_store::{Ledger, Options};
use sealbook_testkit::{Place, Rng};

use crate::appender::{Ack, Plan, check, check_query};
use crate::child;

/// Kills that share a book.
const KILLS_PER_BOOK: u64 = 20;

#[test]
fn kill_at_any_moment_loses_nothing() {
    let kills = child::share("FAULTS_KILLS", 40);
    let seed = child::share("FAULTS_SEED_KILLS", 1);
    let mut rng = Rng::new(seed);
    let (mut acknowledged, mut records) = (0, 0);
    for first in (0..kills).step_by(KILLS_PER_BOOK as usize) {
        let place = Place::new();
        drop(Ledger::create(place.layout(), "default", Options::default(), None).unwrap());
        let mut acks = Vec::new();
        let last = (first + KILLS_PER_BOOK).min(kills);
        for kill in first..last {
            let plan =
                Plan { root: place.path(), name: format!("run-{kill}"), threads: 2, batches: 400, seed: rng.bits() };
            kill_once(&plan, &mut rng, &mut acks);
            // Sometimes the next process finds the book as the dead one left it.
            if kill + 1 == last || rng.percent(50) {
                let book = check(place.path(), &acks, kill + 1 == last)
                    .unwrap_or_else(|lost| panic!("after kill {kill} of seed {seed}: {lost}"));
                let ledger = Ledger::open(place.layout(), Options::default()).expect("an honest book opens");
                check_query(&ledger, &book, &format!("run-{kill}-0"));
                if kill + 1 == last {
                    records += book.rows.len();
                }
            }
        }
        acknowledged += acks.len();
    }
    println!(
        "{kills} kills, {records} records in the books, {acknowledged} of them acknowledged, none lost, doubled or out of order"
    );
    assert!(acknowledged as u64 > kills, "the processes were killed before they did anything");
}

fn kill_once(plan: &Plan<'_>, rng: &mut Rng, acks: &mut Vec<Ack>) {
    let mut process = plan.start();
    process.go();
    // Some die while they open the book; the others after some answers and a little more.
    let mut until = if rng.percent(15) { 0 } else { 1 + rng.below(250) };
    while until > 0 {
        let line = process.next().expect("it runs until it is killed");
        if let Some(ack) = Ack::parse(&line) {
            acks.push(ack);
            until -= 1;
        }
    }
    for _ in 0..rng.below(400_000) {
        spin_loop();
    }
    process.kill();
    // What it had said by then counts.
    while let Some(line) = process.next() {
        acks.extend(Ack::parse(&line));
    }
    process.wait();
}
