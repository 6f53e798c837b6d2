//! What stands beside the leaves in a book: ids, key leaves, rows that belong to nothing.

use rusqlite::Connection;
use sealbook_ledger::Fault;
use sealbook_store::{Error, Ledger, Options, VerifyOptions};

use crate::fixture::{Place, admit, raw};
use crate::verify::{assert_valid, fill};

/// A book of some records, changed by a stranger.
fn changed(sql: &str) -> (Place, Ledger) {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    drop(ledger);
    Connection::open(place.layout().ledger_db()).unwrap().execute_batch(sql).unwrap();
    let ledger = place.open();
    (place, ledger)
}

fn tables(ledger: &Ledger) -> Vec<(&'static str, String)> {
    let report = ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap();
    assert_eq!(report.valid, report.faults.is_empty());
    let said = |fault| match fault {
        Fault::TableMismatch { table, what } => (table, what),
        other => panic!("{other}"),
    };
    report.faults.into_iter().map(said).collect()
}

#[test]
fn ids_that_are_not_found_are_told_and_found_again() {
    let cut = "DELETE FROM ids WHERE seq IN (9, 290)";
    let swap = "UPDATE ids SET seq = seq + 1 WHERE seq = 12";
    let odd = "INSERT INTO ids VALUES (x'0102', 7)";
    let foreign = "INSERT INTO ids VALUES (zeroblob(16), 7)";
    for (sql, seqs) in [(cut, &["9", "290"][..]), (swap, &["12", "13"]), (odd, &["7"]), (foreign, &["7"])] {
        let (_place, ledger) = changed(sql);
        let told = tables(&ledger);
        assert!(told.iter().all(|(table, _)| *table == "ids") && !told.is_empty(), "{sql}: {told:?}");
        for seq in seqs {
            let named = format!("seq {seq}");
            assert!(told.iter().any(|(_, what)| what.contains(&named)), "{sql}: {seq}: {told:?}");
        }
        ledger.reindex().unwrap();
        assert_valid(&ledger);
    }
}

#[test]
fn an_id_that_was_hidden_is_sealed_once_when_it_is_found_again() {
    let place = Place::new();
    let ledger = place.create();
    let record = raw(&ledger, "agent-7", "file.write", "a");
    let first = ledger.append(vec![admit(record.clone())]).unwrap().remove(0).unwrap();
    fill(&ledger, 3);
    drop(ledger);
    let stranger = Connection::open(place.layout().ledger_db()).unwrap();
    stranger.execute("DELETE FROM ids WHERE seq = ?1", [first.seq as i64]).unwrap();
    drop(stranger);
    let ledger = place.open();
    ledger.reindex().unwrap();
    let again = ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap();
    assert!(again.duplicate && again.seq == first.seq);
    assert_valid(&ledger);
}

#[test]
fn rows_that_belong_to_nothing_are_told() {
    for (table, sql) in [
        ("records", "INSERT INTO records SELECT 301, leaf, content FROM records WHERE seq = 3"),
        ("records", "INSERT INTO records VALUES (-1, x'00', x'00')"),
        ("keys", "INSERT INTO keys VALUES (4000)"),
        ("tiles", "INSERT INTO tiles VALUES (2, x'00')"),
        ("tiles", "INSERT INTO tiles VALUES ((5 << 56) | 0, x'00')"),
        ("erasing", "INSERT INTO erasing VALUES (5)"),
        ("sqlite_schema", "CREATE TRIGGER mine AFTER INSERT ON ids BEGIN DELETE FROM ids WHERE seq = NEW.seq; END"),
    ] {
        let (_place, ledger) = changed(sql);
        let told = tables(&ledger);
        assert!(told.len() == 1 && told[0].0 == table, "{sql}: {told:?}");
    }
}

#[test]
fn a_row_where_the_next_record_belongs_is_named_when_it_is_in_the_way() {
    let (_place, ledger) = changed("INSERT INTO records SELECT 301, leaf, content FROM records WHERE seq = 3");
    let refused = ledger.append(vec![admit(raw(&ledger, "agent-7", "file.write", "a"))]).unwrap_err();
    assert!(matches!(refused, Error::RowDamaged { seq: 301, .. }), "{refused}");
}

#[test]
fn rows_of_another_type_are_faults_and_no_error() {
    for (sql, seq) in [
        ("DROP TRIGGER records_no_update; UPDATE records SET content = 7 WHERE seq = 5", 5),
        ("DROP TRIGGER records_no_update; UPDATE records SET leaf = 1.5 WHERE seq = 6", 6),
    ] {
        let (_place, ledger) = changed(sql);
        let faults = ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap().faults;
        assert!(faults.iter().any(|fault| fault.entry().is_some_and(|entry| entry.seq == seq)), "{faults:?}");
    }
    let (place, ledger) = changed("SELECT 1");
    drop(ledger);
    let sql = "UPDATE tiles SET hashes = 3; UPDATE checkpoints SET note = 4 WHERE size = 1";
    Connection::open(place.layout().ledger_db()).unwrap().execute_batch(sql).unwrap();
    // It cannot be written any more; it can be verified.
    let ledger = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
    assert!(!ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap().valid);
}
