//! What somebody does to the files behind the program's back.

use rusqlite::Connection;
use sealbook_ledger::Fault;
use sealbook_record::PartName;
use sealbook_store::{EraseRequest, Error, Ledger, Options, Query, VerifyOptions};

use crate::fixture::{Place, admit, raw, with_part};
use crate::verify::{assert_valid, fill};

fn faults(ledger: &Ledger) -> Vec<Fault> {
    ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap().faults
}

/// Opens a file of the book as a stranger would, triggers and all.
fn behind(place: &Place, file: &str) -> Connection {
    Connection::open(place.layout().book.join(file)).unwrap()
}

#[test]
fn triggers_refuse_changes_and_dropping_them_makes_no_difference() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 50);
    drop(ledger);
    let stranger = behind(&place, "ledger.db");
    for (sql, said) in [
        ("UPDATE records SET content = x'00' WHERE seq = 7", "Audit entries are immutable and cannot be modified"),
        ("UPDATE records SET leaf = x'00' WHERE seq = 7", "Audit entries are immutable and cannot be modified"),
        ("DELETE FROM records WHERE seq = 7", "Audit entries are immutable and cannot be deleted"),
    ] {
        let refused = stranger.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains(said), "{sql}: {refused}");
    }
    stranger
        .execute_batch(
            "DROP TRIGGER records_no_update; DROP TRIGGER records_no_delete;
             UPDATE records SET leaf = replace(leaf, '\"v\":\"1\"', '\"v\":\"2\"') WHERE seq = 7;
             DELETE FROM records WHERE seq = 9;",
        )
        .unwrap();
    drop(stranger);
    let ledger = place.open();
    let found = faults(&ledger);
    assert!(found.iter().any(|f| f.entry().is_some_and(|e| e.seq == 7)), "{found:?}");
    assert!(found.iter().any(|f| matches!(f, Fault::SeqGap { from: 9, to: 10 })), "{found:?}");
}

#[test]
fn an_edited_projection_is_found_and_never_shown() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    ledger.catch_up().unwrap();
    drop(ledger);
    // Records 10 and 11 are given to another actor, and the time of all is moved.
    let stranger = behind(&place, "index.db");
    let mut forged = vec![0_u8];
    forged.extend([10_u16, 11].iter().flat_map(|low| low.to_le_bytes()));
    let mut term = vec![2_u8];
    term.extend(b"innocent");
    stranger.execute("INSERT INTO postings (term, chunk, seqs) VALUES (?1, 0, ?2)", (&term, &forged)).unwrap();
    stranger.execute("UPDATE times SET us = zeroblob(length(us)), min_us = 0, max_us = 0", []).unwrap();
    drop(stranger);

    let ledger = place.open();
    let query = Query { actor: vec!["innocent".to_owned()], ..Query::default() };
    assert!(ledger.query(&query).unwrap().rows.is_empty(), "the ledger knows no such actor");
    let faults = ledger.verify_projections().unwrap();
    assert!(faults.iter().any(|f| f.table == "postings" && f.seqs == [10, 11]), "{faults:?}");
    assert!(faults.iter().any(|f| f.table == "times"), "{faults:?}");
    ledger.reindex().unwrap();
    assert_valid(&ledger);
}

#[test]
fn a_cut_tail_and_an_older_copy_are_found_by_the_kept_head() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 40);
    ledger.scrub().unwrap();
    drop(ledger);
    let db = place.layout().ledger_db();
    let older = std::fs::read(&db).unwrap();
    let ledger = place.open();
    fill(&ledger, 10);
    ledger.scrub().unwrap();
    drop(ledger);
    let newest = std::fs::read(&db).unwrap();

    let put = |bytes: &[u8]| {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", db.display()));
        }
        std::fs::write(&db, bytes).unwrap();
    };
    put(&older);
    let refused = Ledger::open(place.layout(), Options::default()).err().unwrap();
    assert!(matches!(refused, Error::BookRolledBack { found: 41, kept: 51, .. }), "{refused}");

    // A tail that is cut with care: records, ids, tiles and checkpoints all fit each other.
    put(&newest);
    let stranger = behind(&place, "ledger.db");
    stranger
        .execute_batch(
            "DROP TRIGGER records_no_delete; DELETE FROM records WHERE seq >= 41; DELETE FROM ids WHERE seq >= 41;
             DELETE FROM checkpoints WHERE size > 41; UPDATE tiles SET hashes = substr(hashes, 1, 41 * 32) WHERE place = 0;",
        )
        .unwrap();
    drop(stranger);
    let refused = Ledger::open(place.layout(), Options::default()).err().unwrap();
    assert!(matches!(refused, Error::BookRolledBack { found: 41, kept: 51, .. }), "{refused}");
    // It is consistent in itself, which is why a head is kept elsewhere.
    let cut = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
    assert_eq!(faults(&cut), []);

    put(&newest);
    assert_valid(&place.open());
}

#[test]
fn another_history_of_the_same_ledger_is_found_by_the_kept_head() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 5);
    ledger.scrub().unwrap();
    drop(ledger);
    let db = place.layout().ledger_db();
    let common = std::fs::read(&db).unwrap();
    let heads = place.layout().heads;
    let ledger = place.open();
    fill(&ledger, 5);
    drop(ledger);
    let head = std::fs::read_dir(&heads).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read(&head).unwrap();
    // Whoever holds the keys can seal another history; not without the kept head telling.
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", db.display()));
    }
    std::fs::write(&db, common).unwrap();
    std::fs::remove_file(&head).unwrap();
    let ledger = place.open();
    fill(&ledger, 9);
    drop(ledger);
    std::fs::write(&head, kept).unwrap();
    let refused = Ledger::open(place.layout(), Options::default()).err().unwrap();
    assert!(matches!(refused, Error::BookForked { size: 11, .. }), "{refused}");
}

#[test]
fn an_erased_part_is_in_no_file_of_the_book_or_its_backup() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 30);
    let marker = "zebrafinch4711";
    let big = format!("{{\"q\":\"{marker} {}\"}}", "padding ".repeat(3_000));
    let records = vec![
        admit(with_part(raw(&ledger, "agent-7", "tools.call", "t"), PartName::Input, &big)),
        admit(with_part(raw(&ledger, "agent-7", "tools.call", "t"), PartName::Result, &format!("[\"{marker}\"]"))),
    ];
    ledger.append(records).unwrap();
    fill(&ledger, 30);
    let query = Query { text: Some(marker.to_owned()), ..Query::default() };
    assert_eq!(ledger.query(&query).unwrap().rows.len(), 2);
    assert!(!holding(&place, marker).is_empty(), "it is there before");
    for (seq, part) in [(31, "input"), (32, "result")] {
        let request = EraseRequest { seq, parts: vec![part.to_owned()] };
        assert!(ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "x"))).unwrap().scrubbed);
    }
    let to = place.dir.path().join("backup.db");
    ledger.backup(&to).unwrap();
    assert_eq!(holding(&place, marker), Vec::<String>::new());
    assert!(ledger.query(&query).unwrap().rows.is_empty());
    assert_valid(&ledger);
    drop(ledger);
    assert_eq!(holding(&place, marker), Vec::<String>::new());
}

/// The files below the place that hold these bytes.
fn holding(place: &Place, bytes: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![place.dir.path().to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if std::fs::read(&path).unwrap().windows(bytes.len()).any(|w| w == bytes.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_backup_restores_as_a_linked_ledger() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    let to = place.dir.path().join("backup.db");
    let summary = ledger.backup(&to).unwrap();
    assert_eq!((summary.size, summary.root), (301, ledger.head().unwrap().root));
    assert!(matches!(ledger.backup(&to), Err(Error::BookExists { .. })), "a backup never overwrites");
    fill(&ledger, 5);

    let other = Place::new();
    let restored = Ledger::restore(
        &to,
        other.layout(),
        "default",
        Options::default(),
        "the disk was lost; 5 records may be missing",
    )
    .unwrap();
    assert_ne!(restored.origin(), ledger.origin());
    assert_valid(&restored);
    let genesis = restored.reader().unwrap().record(0).unwrap().note.unwrap();
    assert!(genesis.contains(&ledger.origin().to_string()) && genesis.contains("may be missing"), "{genesis}");
    assert!(genesis.contains("\\n301\\n"), "{genesis}");
}

#[test]
fn every_file_of_a_book_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 10);
    ledger.catch_up().unwrap();
    ledger.backup(&place.dir.path().join("backup.db")).unwrap();
    let mut dirs = vec![place.layout().book, place.layout().keys, place.layout().heads];
    dirs.push(place.dir.path().to_owned());
    let mut files = 0;
    for entry in dirs.iter().flat_map(|dir| std::fs::read_dir(dir).unwrap()) {
        let path = entry.unwrap().path();
        if path.is_file() {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 8, "{files}");
}
