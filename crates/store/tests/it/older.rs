//! Books of older formats, and of newer ones. A fixture is kept of every format that was released.

use std::path::Path;

use sealbook_store::{Error, Layout, Ledger, Options, Query};

use crate::fixture::Place;
use crate::verify::assert_valid;

/// Puts the fixture of a format into a place of its own; no keys come with it.
fn unpack(place: &Place, format: u32) -> Layout {
    let layout = place.layout();
    std::fs::create_dir_all(&layout.book).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../testdata/books/format-{format}/ledger.db"));
    std::fs::copy(fixture, layout.ledger_db()).unwrap();
    layout
}

#[test]
fn a_book_of_format_1_opens_verifies_and_answers() {
    let place = Place::new();
    let ledger = Ledger::open(unpack(&place, 1), Options::default()).unwrap();
    assert_valid(&ledger);
    let query = Query { action: vec!["payments.refund".to_owned()], ..Query::default() };
    let rows = ledger.query(&query).unwrap().rows;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].record.as_ref().unwrap().actor.id, "ines");
    assert_eq!(rows[0].erased, ["input"]);
}

#[test]
fn reading_a_book_of_format_1_leaves_every_byte_of_it_alone() {
    let place = Place::new();
    let layout = unpack(&place, 1);
    let before = std::fs::read(layout.ledger_db()).unwrap();
    let ledger = Ledger::open(layout.clone(), Options::default()).unwrap();
    assert_valid(&ledger);
    assert_eq!(ledger.query(&Query::default()).unwrap().rows.len(), 15);
    let mut state = sealbook_policy::State::new();
    ledger.bring_up(&mut state).unwrap();
    drop(ledger);
    assert!(std::fs::read(layout.ledger_db()).unwrap() == before, "not a byte changed");
}

#[test]
fn the_first_writer_brings_an_older_book_up_to_date_and_says_so() {
    // A book of today, made one of format 1.
    let place = Place::new();
    place.create();
    let old = rusqlite::Connection::open(place.layout().ledger_db()).unwrap();
    let back = "DROP TABLE standing; ALTER TABLE checkpoints DROP COLUMN standing; PRAGMA user_version = 1;";
    old.execute_batch(back).unwrap();
    let format = || old.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap();
    let told = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&told);
    let upgraded: sealbook_store::Upgraded =
        std::sync::Arc::new(move |_| _ = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    let options = Options { upgraded: Some(upgraded), ..Options::default() };
    let ledger = Ledger::open(place.layout(), options).unwrap();
    assert_valid(&ledger);
    assert_eq!((format(), told.load(std::sync::atomic::Ordering::Relaxed)), (1, 0));
    for nth in 0..2 {
        let record = crate::fixture::admit(crate::fixture::raw(&ledger, "a", "act", &format!("t{nth}")));
        ledger.append(vec![record]).unwrap();
        assert_eq!((format(), told.load(std::sync::atomic::Ordering::Relaxed)), (2, 1));
    }
    assert_valid(&ledger);
    let listed: Option<Vec<u8>> =
        old.query_row("SELECT standing FROM checkpoints ORDER BY size DESC LIMIT 1", [], |row| row.get(0)).unwrap();
    assert!(listed.is_some(), "the list of what holds is kept from now on");
}

#[test]
fn without_its_keys_a_book_is_read_and_not_written() {
    let place = Place::new();
    let ledger = Ledger::open(unpack(&place, 1), Options::default()).unwrap();
    let record = crate::fixture::admit(crate::fixture::raw(&ledger, "a", "act", "t"));
    let refused = ledger.append(vec![record]).unwrap_err();
    assert!(matches!(refused, Error::KeyMissing { role: "record", .. }), "{refused}");
    assert_valid(&ledger);
}

#[test]
fn a_newer_book_is_refused_and_untouched() {
    let place = Place::new();
    let layout = unpack(&place, 1);
    let newer = rusqlite::Connection::open(layout.ledger_db()).unwrap();
    newer.pragma_update(None, "user_version", 3).unwrap();
    newer.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).unwrap();
    drop(newer);
    let before = std::fs::read(layout.ledger_db()).unwrap();
    for refused in [
        Ledger::open(layout.clone(), Options::default()).err().unwrap(),
        Ledger::open_read_only(layout.clone(), Options::default()).err().unwrap(),
    ] {
        assert!(matches!(refused, Error::BookTooNew { found: 3, known: 2, .. }), "{refused}");
    }
    assert!(std::fs::read(layout.ledger_db()).unwrap() == before, "not a byte changed");
}

#[test]
fn what_is_no_book_is_refused() {
    let place = Place::new();
    let layout = place.layout();
    let open = || Ledger::open(layout.clone(), Options::default()).err().unwrap();
    assert!(matches!(open(), Error::BookMissing { .. }));
    std::fs::create_dir_all(&layout.book).unwrap();
    std::fs::write(layout.ledger_db(), b"This is a text file, and a long one at that. ".repeat(100)).unwrap();
    assert!(matches!(open(), Error::BookUnreadable { .. }));
    std::fs::remove_file(layout.ledger_db()).unwrap();
    rusqlite::Connection::open(layout.ledger_db()).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(open(), Error::BookUnreadable { .. }));
    // A book whose end is missing, as after a copy that broke off.
    let whole = unpack(&place, 1);
    let bytes = std::fs::read(whole.ledger_db()).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", whole.ledger_db().display()));
    }
    std::fs::write(whole.ledger_db(), &bytes[..bytes.len() / 2]).unwrap();
    let refused = open();
    assert!(matches!(refused, Error::BookUnreadable { .. } | Error::RowDamaged { .. }), "{refused}");
}
