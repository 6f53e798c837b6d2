//! A part of a book, verified with what anchors it.

use sealbook_ledger::{Fault, Finding, KeyRole, Leaf};
use sealbook_store::{EraseRequest, SqliteStore, VerifyOptions, verify};

use crate::fixture::{Place, admit, raw};
use crate::tamper::Book;
use crate::verify::fill;

/// A book of 903 records: keys change at 301, a part of record 700 is erased by the last one.
fn book() -> Book {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    let mut by = |action: &'static str| Ok(admit(raw(&ledger, "ops", action, "keys")));
    ledger.rotate_key(KeyRole::Record, &mut by).unwrap();
    let size = ledger.head().unwrap().size;
    fill(&ledger, usize::try_from(902 - size).unwrap());
    let request = EraseRequest { seq: 700, parts: vec!["input".to_owned()] };
    ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "700"))).unwrap();
    assert_eq!(ledger.head().unwrap().size, 903);
    drop(ledger);
    Book::read(&SqliteStore::open(&place.layout().ledger_db()).unwrap())
}

fn look(book: &Book, first: u64, last: u64) -> sealbook_ledger::Report {
    let options = VerifyOptions { records: Some((first, last)), ..VerifyOptions::default() };
    verify(book, 2, &options, &|_| {}).unwrap()
}

/// Changes what a leaf says, so that it stays a leaf.
fn rewrite(book: &mut Book, seq: usize) {
    let leaf = &mut book.memory.rows[seq].0;
    let name = b"\"occurred_us\":\"";
    let at = leaf.windows(name.len()).position(|window| window == name).expect("every leaf has a time") + name.len();
    leaf[at + 1] = if leaf[at + 1] == b'1' { b'2' } else { b'1' };
    Leaf::parse(leaf).expect("it still is a leaf");
}

/// Makes the tile say what the leaf says now.
fn rewrite_tile(book: &mut Book, seq: usize) {
    let hash = Leaf::hash(&book.memory.rows[seq].0);
    let tile = book.memory.tiles.get_mut(&(0, seq as u64 / 256)).expect("it is there");
    tile[seq % 256 * 32..][..32].copy_from_slice(&hash.0);
}

fn has(faults: &[Fault], code: &str, seq: u64) -> bool {
    faults.iter().any(|fault| fault.code() == code && fault.entry().is_some_and(|entry| entry.seq == seq))
}

#[test]
fn a_part_of_an_honest_book_is_intact_and_says_what_was_looked_at() {
    let book = book();
    for (first, last, looked_at, entries) in [
        (600, 650, Some(vec![(0, 767)]), 768),
        (513, 513, Some(vec![(0, 767)]), 768),
        (800, 902, Some(vec![(0, 511), (768, 902)]), 647),
        (0, 902, None, 903),
    ] {
        let report = look(&book, first, last);
        assert!(report.valid, "{first}..{last}: {report:#?}");
        assert_eq!((report.looked_at, report.verified_entries), (looked_at, entries), "{first}..{last}");
        assert!(report.signatures >= entries, "each was signed by keys that were looked at");
        assert!(!report.findings.contains(&Finding::KeysUnchecked), "{:?}", report.findings);
    }
    // What was erased is accounted for by a record beyond the range: that is said, not guessed.
    assert!(look(&book, 600, 650).findings.contains(&Finding::ErasuresUnchecked { count: 1 }));
    assert!(look(&book, 600, 902).findings.iter().all(|finding| finding.code() != "erasures_unchecked"));
}

#[test]
fn a_break_at_the_first_record_and_just_before_it_is_found() {
    let honest = book();
    // Once inside a tile, once where one begins.
    for first in [600_u64, 512] {
        let before = first - 1;
        // The record before was changed: alone, and with its tile.
        let mut book = honest.clone();
        rewrite(&mut book, before as usize);
        let faults = look(&book, first, first + 10).faults;
        assert!(has(&faults, "leaf_altered", before), "{first}: {faults:?}");
        rewrite_tile(&mut book, before as usize);
        let faults = look(&book, first, first + 10).faults;
        assert!(has(&faults, "chain_break", first), "{first}: {faults:?}");
        // The first record itself was.
        let mut book = honest.clone();
        rewrite(&mut book, first as usize);
        let faults = look(&book, first, first + 10).faults;
        assert!(has(&faults, "leaf_altered", first), "{first}: {faults:?}");
        // And where it is gone, it is missing.
        let mut book = honest.clone();
        book.memory.rows[first as usize] = honest.memory.rows[before as usize].clone();
        let faults = look(&book, first, first + 10).faults;
        assert!(has(&faults, "leaf_misplaced", first), "{first}: {faults:?}");
    }
}

#[test]
fn what_lies_elsewhere_is_left_to_its_tiles() {
    let honest = book();
    let mut book = honest.clone();
    rewrite(&mut book, 600);
    assert!(look(&book, 800, 902).valid, "record 600 was not looked at");
    // Its tile was, and all that hangs on it.
    rewrite_tile(&mut book, 600);
    assert!(look(&book, 800, 902).faults.iter().any(|fault| fault.code() == "checkpoint_mismatch"));
    // The keys are looked at wherever they change.
    let mut book = honest;
    rewrite(&mut book, 301);
    assert!(has(&look(&book, 800, 902).faults, "leaf_altered", 301));
}

#[test]
fn what_is_no_range_is_refused() {
    let book = book();
    for records in [(10, 9), (0, 903), (903, 903), (0, u64::MAX)] {
        let options = VerifyOptions { records: Some(records), ..VerifyOptions::default() };
        let refused = verify(&book, 1, &options, &|_| {}).unwrap_err();
        assert_eq!(refused.code(), "range_invalid", "{records:?}");
        assert!(refused.to_string().contains("which has 903"), "{refused}");
    }
}
