//! Two and eight real processes that append to one book at once, one of them being killed, while
//! this one reads and verifies.

use std::thread::ScopedJoinHandle;

use sealbook_store::{Ledger, Options};
use sealbook_testkit::{Place, Rng};

use crate::appender::{Ack, Plan, check, check_query};
use crate::child::{self, Process};

const THREADS: u64 = 2;

#[test]
fn two_processes_never_fork_a_book() {
    at_once(2, child::share("FAULTS_BATCHES_EACH", 60));
}

#[test]
fn eight_processes_never_fork_a_book() {
    at_once(8, child::share("FAULTS_BATCHES_EACH", 60) / 3);
}

fn at_once(processes: u64, batches: u64) {
    let place = Place::new();
    drop(Ledger::create(place.layout(), "default", Options::default(), None).unwrap());
    let mut rng = Rng::new(processes);
    let mut running: Vec<Process> = (0..processes)
        .map(|n| {
            Plan { root: place.path(), name: format!("process-{n}"), threads: THREADS, batches, seed: rng.bits() }
                .start()
        })
        .collect();
    running.iter_mut().for_each(Process::go);

    let (mut acks, mut looks) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        let listening: Vec<_> = running
            .into_iter()
            .enumerate()
            .map(|(n, process)| {
                // The first one is killed in the middle of its work.
                let last_ack = if n == 0 { batches * THREADS } else { u64::MAX };
                scope.spawn(move || listen(process, last_ack))
            })
            .collect();
        // An honest book never fails verification, at no moment.
        while !listening.iter().all(ScopedJoinHandle::is_finished) {
            check(place.path(), &[], false)
                .unwrap_or_else(|wrong| panic!("while {processes} processes write: {wrong}"));
            looks += 1;
        }
        for listener in listening {
            acks.extend(listener.join().expect("no process failed"));
        }
    });
    let book = check(place.path(), &acks, true).unwrap_or_else(|lost| panic!("after {processes} processes: {lost}"));
    let ledger = Ledger::open(place.layout(), Options::default()).expect("no false alarm");
    check_query(&ledger, &book, &format!("process-{}-1", processes - 1));
    eprintln!(
        "{processes} processes: {} records, {} acknowledged, verified {looks} times meanwhile",
        book.rows.len(),
        acks.len()
    );
}

/// Hears a process out, or kills it after so many answers.
fn listen(mut process: Process, last_ack: u64) -> Vec<Ack> {
    let mut acks = Vec::new();
    let mut killed = false;
    while let Some(line) = process.next() {
        acks.extend(Ack::parse(&line));
        if !killed && acks.len() as u64 >= last_ack {
            process.kill();
            killed = true;
        }
    }
    let status = process.wait();
    assert_eq!(status.success(), !killed, "{status}");
    acks
}
