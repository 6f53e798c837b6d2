//! What holds rests on sealed records alone: whoever edits lists, index or content turns nothing off.

use rusqlite::Connection;
use sealbook_ledger::Fault;
use sealbook_policy::{State, StopKind, StopScope};
use sealbook_record::{PartName, Record};
use sealbook_store::{EraseRequest, Error, Ledger, Options, SqliteStore, Store, VerifyOptions};

use crate::fixture::{Place, admit, raw, with_part};
use crate::verify::assert_valid;

fn stop(ledger: &Ledger) -> Record {
    with_part(raw(ledger, "ann", "stop.set", "x"), PartName::Input, &StopScope::all().to_json())
}

fn seal(ledger: &Ledger, record: Record) -> u64 {
    ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap().seq
}

/// A book with a stop, a hold and more records than are read one by one.
fn book(place: &Place) -> (u64, u64) {
    let ledger = place.create();
    let stop = seal(&ledger, stop(&ledger));
    let hold = seal(&ledger, raw(&ledger, "ann", "retention.hold", "all"));
    crate::verify::fill(&ledger, 700);
    seal(&ledger, raw(&ledger, "x", "alert.raised", "rule"));
    ledger.catch_up().unwrap();
    (stop, hold)
}

/// Opens the book as a stranger would, and lets him change it.
fn behind(place: &Place, file: &str, sql: &str) {
    Connection::open(place.layout().book.join(file)).unwrap().execute_batch(sql).unwrap();
}

fn stops(ledger: &Ledger) -> Result<usize, Error> {
    let mut state = State::new();
    ledger.bring_up(&mut state)?;
    Ok(state.stops().len())
}

fn listed(ledger: &Ledger) -> Vec<String> {
    let report = ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap();
    let of = |fault: &Fault| match fault {
        Fault::TableMismatch { table: "standing", what } => Some(what.clone()),
        _ => None,
    };
    report.faults.iter().filter_map(of).collect()
}

const UNLOCK: &str = "DROP TRIGGER records_no_update; DROP TRIGGER records_no_delete;";

#[test]
fn nothing_in_the_index_turns_a_stop_or_a_hold_off() {
    let place = Place::new();
    let (stop, _) = book(&place);
    behind(&place, "index.db", "DELETE FROM postings; DELETE FROM times;");
    for ledger in [place.open(), Ledger::open_read_only(place.layout(), Options::default()).unwrap()] {
        assert_eq!(stops(&ledger).unwrap(), 1);
        assert_eq!(ledger.holds().unwrap().named().collect::<Vec<_>>(), ["all"]);
    }
    let ledger = place.open();
    let request = EraseRequest { seq: stop + 9, parts: vec!["input".to_owned()] };
    let refused = ledger.erase(&request, admit(raw(&ledger, "ann", "record.erase", "x"))).unwrap_err();
    assert!(refused.to_string().contains("a legal hold is on it"), "{refused}");
}

#[test]
fn a_list_that_was_edited_is_believed_by_nobody_and_named_by_verify() {
    let edits = [
        "DELETE FROM standing",
        "DELETE FROM standing WHERE sort = 0",
        "UPDATE standing SET hash = zeroblob(32) WHERE sort = 0",
        "UPDATE standing SET sort = 1 WHERE sort = 0",
        "INSERT INTO standing VALUES (0, 300, zeroblob(32))",
        "INSERT INTO standing VALUES (0, 30000, zeroblob(32))",
        "UPDATE checkpoints SET standing = zeroblob(length(standing)) WHERE standing IS NOT NULL",
        "UPDATE checkpoints SET standing = 'x' WHERE standing IS NOT NULL",
    ];
    for sql in edits {
        let place = Place::new();
        book(&place);
        behind(&place, "ledger.db", sql);
        let ledger = place.open();
        assert_eq!(stops(&ledger).unwrap_err().code(), "standing_untrusted", "{sql}");
        assert!(!listed(&ledger).is_empty(), "{sql}");
        // What is sealed meanwhile makes nothing good again; `reindex` does.
        crate::verify::fill(&ledger, 1);
        assert_eq!(stops(&place.open()).unwrap_err().code(), "standing_untrusted", "{sql}");
        ledger.reindex().unwrap();
        assert_eq!(stops(&ledger).unwrap(), 1, "{sql}");
        assert_valid(&ledger);
    }
}

#[test]
fn a_seal_of_another_size_is_not_believed() {
    let place = Place::new();
    let ledger = place.create();
    let seal_of = |place: &Place| -> Vec<u8> {
        let file = Connection::open(place.layout().ledger_db()).unwrap();
        file.query_row("SELECT standing FROM checkpoints ORDER BY size DESC LIMIT 1", [], |row| row.get(0)).unwrap()
    };
    let before = seal_of(&place);
    seal(&ledger, stop(&ledger));
    drop(ledger);
    let file = Connection::open(place.layout().ledger_db()).unwrap();
    file.execute("DELETE FROM standing", []).unwrap();
    file.execute("UPDATE checkpoints SET standing = ?1 WHERE standing IS NOT NULL", [before]).unwrap();
    drop(file);
    assert_eq!(stops(&place.open()).unwrap_err().code(), "standing_untrusted");
}

#[test]
fn without_a_seal_the_records_are_read_and_the_list_is_made_again() {
    let place = Place::new();
    book(&place);
    let gone = "DELETE FROM standing; UPDATE checkpoints SET standing = NULL";
    behind(&place, "ledger.db", gone);
    let reading = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
    assert_eq!(stops(&reading).unwrap(), 1);
    drop(reading);
    let ledger = place.open();
    assert_eq!(stops(&ledger).unwrap(), 1);
    let store = SqliteStore::open(&place.layout().ledger_db()).unwrap();
    assert!(store.snapshot().unwrap().standing_seal().unwrap().is_none(), "reading writes nothing");
    seal(&ledger, stop(&ledger));
    assert_eq!(stops(&ledger).unwrap(), 1);
    assert!(store.snapshot().unwrap().standing_seal().unwrap().is_some(), "the first writer made it");
    assert_valid(&ledger);
    // Somebody who takes the record away as well changes the root.
    drop((ledger, store));
    behind(
        &place,
        "ledger.db",
        &format!(
            "{UNLOCK} {gone}; UPDATE records SET leaf = other.leaf, content = other.content FROM (SELECT leaf, content FROM records WHERE seq = 9) AS other WHERE seq = 1"
        ),
    );
    let refused = stops(&Ledger::open_read_only(place.layout(), Options::default()).unwrap()).unwrap_err();
    assert_eq!(refused.code(), "standing_untrusted", "{refused}");
}

#[test]
fn altered_content_of_what_decides_is_an_error_that_names_it() {
    for (file, gone) in [(false, ""), (true, "UPDATE checkpoints SET standing = NULL; DELETE FROM standing;")] {
        for change in [
            "replace(content, 'stop.set', 'stop.sat')",
            "x'00'",
            "cast(replace(content, '\"all\"', '\"abc\"') AS BLOB)",
        ] {
            let place = Place::new();
            let (stop, _) = book(&place);
            behind(
                &place,
                "ledger.db",
                &format!("{UNLOCK} {gone} UPDATE records SET content = {change} WHERE seq = {stop}"),
            );
            let ledger = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
            match stops(&ledger) {
                Err(Error::StandingAltered { seq } | Error::RowDamaged { seq, .. }) => assert_eq!(seq, stop),
                other => panic!("{file}, {change}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_was_emptied_without_a_record_of_it_is_an_error() {
    let place = Place::new();
    let (stop, _) = book(&place);
    let store = SqliteStore::open(&place.layout().ledger_db()).unwrap();
    // The packed parts of the stop, all of them marked as erased.
    let mut emptied = Vec::new();
    store
        .snapshot()
        .unwrap()
        .scan(stop, stop + 1, &mut |row| {
            let leaf = sealbook_ledger::Leaf::parse(row.leaf).unwrap();
            emptied.push(leaf.parts.len() as u8);
            for (name, _) in &leaf.parts {
                emptied.extend([0, name.len() as u8]);
                emptied.extend(name.as_bytes());
            }
            Ok(false)
        })
        .unwrap();
    drop(store);
    for gone in ["", "UPDATE checkpoints SET standing = NULL; DELETE FROM standing;"] {
        let hex: String = emptied.iter().map(|byte| format!("{byte:02x}")).collect();
        let unlock = if gone.is_empty() { UNLOCK } else { "" };
        behind(
            &place,
            "ledger.db",
            &format!("{unlock} {gone} UPDATE records SET content = x'{hex}' WHERE seq = {stop}"),
        );
        let ledger = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
        assert!(matches!(stops(&ledger), Err(Error::StandingAltered { seq }) if seq == stop));
    }
}

#[test]
fn backups_and_restored_books_bring_the_list_along() {
    let place = Place::new();
    book(&place);
    let copy = place.dir.path().join("copy.db");
    place.open().backup(&copy).unwrap();
    let elsewhere = Place::new();
    let layout = elsewhere.layout();
    Ledger::restore(&copy, layout.clone(), "default", Options::default(), "a test").unwrap();
    let previous = std::fs::read_dir(layout.book.join("previous")).unwrap().next().unwrap().unwrap().path();
    let store = SqliteStore::open_read_only(&previous.join("ledger.db")).unwrap();
    assert!(store.snapshot().unwrap().standing_seal().unwrap().is_some());
    assert_eq!(stops(&elsewhere.open()).unwrap(), 1);
    behind_file(&previous.join("ledger.db"), "DELETE FROM standing WHERE sort = 0");
    assert_eq!(stops(&elsewhere.open()).unwrap_err().code(), "standing_untrusted");
}

fn behind_file(path: &std::path::Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn two_writers_keep_one_list() {
    let place = Place::new();
    place.create();
    std::thread::scope(|scope| {
        for process in 0..2 {
            let place = &place;
            scope.spawn(move || {
                let ledger = place.open();
                for nth in 0..20 {
                    let scope = StopScope { kind: StopKind::Actor, id: format!("{process}-{nth}") };
                    let stop = with_part(stop(&ledger), PartName::Input, &scope.to_json());
                    seal(&ledger, if nth % 3 == 0 { stop } else { raw(&ledger, "a", "act", "t") });
                }
            });
        }
    });
    let ledger = place.open();
    assert_eq!(stops(&ledger).unwrap(), 14);
    assert_valid(&ledger);
}

#[test]
fn a_book_that_was_moved_or_replaced_while_it_is_open_is_not_written_to() {
    let place = Place::new();
    let ledger = place.create();
    seal(&ledger, raw(&ledger, "a", "act", "t"));
    let (there, away) = (place.layout().book, place.dir.path().join("away"));
    std::fs::rename(&there, &away).unwrap();
    for replaced in [false, true] {
        if replaced {
            std::fs::create_dir(&there).unwrap();
            std::fs::copy(away.join("ledger.db"), there.join("ledger.db")).unwrap();
        }
        assert_eq!(stops(&ledger).unwrap_err().code(), "book_moved");
        let refused = ledger.append(vec![admit(raw(&ledger, "a", "act", "t"))]).unwrap_err();
        assert_eq!(refused.code(), "book_moved");
    }
    std::fs::remove_dir_all(&there).unwrap();
    std::fs::rename(&away, &there).unwrap();
    seal(&ledger, raw(&ledger, "a", "act", "t"));
    assert_eq!(stops(&ledger).unwrap(), 0);
    assert_valid(&ledger);
}

#[test]
fn a_list_that_was_taken_away_or_denied_is_named_and_made_again_by_reindex_alone() {
    for tampered in [
        "DROP TABLE standing",
        "PRAGMA user_version = 1",
        "ALTER TABLE checkpoints DROP COLUMN standing",
        "DROP TABLE standing; ALTER TABLE checkpoints DROP COLUMN standing",
    ] {
        let place = Place::new();
        book(&place);
        behind(&place, "ledger.db", tampered);
        let reading = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
        assert_eq!(stops(&reading).unwrap_err().code(), "standing_untrusted", "{tampered}");
        let faults = reading.verify(&VerifyOptions::default(), &|_| {}).unwrap().faults;
        let told = faults.iter().any(|fault| matches!(fault, Fault::TableMismatch { table: "standing", .. }));
        assert!(told, "{tampered}: {faults:?}");
        drop(reading);
        let ledger = place.open();
        let record = crate::fixture::admit(crate::fixture::raw(&ledger, "a", "act", "t"));
        assert_eq!(ledger.append(vec![record]).unwrap_err().code(), "standing_untrusted", "{tampered}");
        assert_eq!(stops(&ledger).unwrap_err().code(), "standing_untrusted", "{tampered}");
        assert!(ledger.reindex().unwrap().relisted, "{tampered}");
        seal(&ledger, raw(&ledger, "ann", "act", "at once"));
        assert!(!ledger.reindex().unwrap().relisted, "once");
        assert_eq!(stops(&ledger).unwrap(), 1, "{tampered}");
        seal(&ledger, stop(&ledger));
        drop(ledger);
        let ledger = place.open();
        assert_eq!(stops(&ledger).unwrap(), 1);
        assert_valid(&ledger);
    }
}
