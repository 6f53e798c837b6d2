//! `kill -9` at every journal boundary of a saga, forward and while it is taken back. What really happened is counted
//! by a server outside of the process; the book has to explain all of it.

mod child;
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbook_flow::{Reconciler, SagaStatus, StepState, find_saga};
use sealbook_ledger::Phase;
use sealbook_record::{CertificateCheck, LawfulCheck, Outcome, Record};
use sealbook_store::{Ledger, Options, Query, SqliteStore};
use sealbook_testkit::Place;
use sealbook_testkit::model::Book;

use self::child::Child;
use self::server::Server;
use crate::fixture::wait_for;

/// The sagas, and what each does where nothing happens to it.
const SAGAS: [(&str, SagaStatus, &[&str]); 2] = [
    ("forward", SagaStatus::Completed, &["flight", "hotel", "car"]),
    ("failing", SagaStatus::Compensated, &["flight", "hotel", "car", "car_cancel", "hotel_cancel", "flight_cancel"]),
];

#[test]
fn a_saga_survives_being_killed_at_every_boundary() {
    for (saga, status, effects) in SAGAS {
        let (mut boundary, mut is_killed, mut held) = (0, true, 0);
        while is_killed {
            let server = Server::start();
            let place = Place::new();
            drop(Ledger::create(place.layout(), "default", Options::default(), None).unwrap());
            is_killed = Child::start(&place, server.port(), saga, boundary).runs_until_killed();
            held += usize::from(goes_on(&place, &server, saga, status, effects, boundary));
            boundary += 1;
        }
        println!(
            "{saga}: killed at {} boundaries, {held} of them left something that a person had to say",
            boundary - 1
        );
        assert!(boundary > 15, "{saga}: it was over after {boundary} boundaries");
        assert!(held > 0, "{saga}: a call of which nobody can tell was never cut off");
    }
}

/// Goes on with what the dead process left, and holds the book against what the server saw. Gives whether a person had
/// to say how a call ended.
fn goes_on(place: &Place, server: &Server, saga: &str, status: SagaStatus, effects: &[&str], boundary: usize) -> bool {
    let at = format!("{saga}, killed at boundary {boundary}");
    let ledger = Arc::new(Ledger::open(place.layout(), Options::default()).expect("an honest book opens"));
    if find_saga(&ledger, child::ID).is_err() {
        assert_eq!(server.seen(), BTreeMap::new(), "{at}: nothing happens that is not on record");
        return false;
    }
    let runner = child::runner(&ledger, server.port(), None);
    let mut run = find_saga(&ledger, child::ID).unwrap();
    if run.ended.is_none() {
        run = wait_for(runner.resume(child::ID, None, &child::request())).unwrap();
    }
    let is_held = run.status() == SagaStatus::Held;
    if is_held {
        // Of the car alone nobody can tell; a person looks at what the agency says.
        let car = run.step("car");
        assert!(matches!(car.state, StepState::Unknown(_)), "{at}: {run:?}");
        let is_done = server.seen().contains_key("car");
        let reconciler = Reconciler {
            ledger: &ledger,
            files: &crate::fixture::NoFiles,
            journal: Arc::clone(&runner.recovery.journal),
            actor: super::world::ann(),
            reason: Some("the agency was asked".to_owned()),
        };
        let said = if is_done { Outcome::Ok } else { Outcome::Failed };
        reconciler.settle(car.operation.unwrap(), Some(said)).unwrap();
        run = wait_for(runner.resume(child::ID, None, &child::request())).unwrap();
    }
    let seen = server.seen();
    let names: Vec<&str> = seen.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = effects.to_vec();
    match (is_held, seen.contains_key("car"), saga) {
        (false, ..) | (true, true, "forward") => assert_eq!(run.status(), status, "{at}"),
        // It did not happen, so that the rest is taken back.
        (true, false, _) => {
            assert_eq!(run.status(), SagaStatus::Compensated, "{at}");
            expected = vec!["flight", "hotel", "hotel_cancel", "flight_cancel"];
        }
        // It happened, and nobody knows what it gave: it cannot be taken back, and that is said.
        (true, true, _) => {
            assert_eq!(run.status(), SagaStatus::NotUndoable, "{at}");
            expected.retain(|effect| *effect != "car_cancel");
        }
    }
    expected.sort_unstable();
    assert_eq!(names, expected, "{at}: nothing is missing, and nothing else happened");
    let records = records(&ledger);
    for (effect, times) in &seen {
        let declared = attempts(&records, effect);
        assert!(*times <= declared, "{at}: {effect} was asked for {times} times, {declared} attempts are on record");
        if effect == "hotel" || effect == "car" {
            assert_eq!(*times, 1, "{at}: {effect} was done again");
        }
    }
    let (mut lawful, mut certificates) = (LawfulCheck::default(), CertificateCheck::default());
    for (seq, record) in records {
        lawful.push(seq, &record);
        certificates.push(seq, record);
    }
    assert_eq!((lawful.runs(), lawful.finish()), (1, Vec::new()), "{at}");
    assert_eq!(certificates.finish(), Vec::new(), "{at}");
    drop((runner, ledger));
    let store = SqliteStore::open_read_only(&place.layout().ledger_db()).unwrap();
    Book::read(&store, true).unwrap_or_else(|violation| panic!("{at}: {}", violation.0));
    is_held
}

fn records(ledger: &Ledger) -> Vec<(u64, Record)> {
    let query = Query { leaf_type: vec!["record".to_owned()], ascending: true, ..Query::default() };
    let mut all = Vec::new();
    let mut take = |stored: sealbook_store::Stored| {
        all.extend(stored.record.map(|record| (stored.seq, record)));
        Ok(true)
    };
    ledger.each_match(&query, &mut take).unwrap();
    all
}

/// How many attempts at an effect are on record.
fn attempts(records: &[(u64, Record)], effect: &str) -> usize {
    let action = match effect.strip_suffix("_cancel") {
        Some(undone) => format!("compensate.travel.{undone}"),
        None => format!("travel.{effect}"),
    };
    records.iter().filter(|(_, record)| record.phase == Phase::Intent && record.action == action).count()
}
