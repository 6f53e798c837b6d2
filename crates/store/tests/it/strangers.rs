//! Somebody who can write the files of a book and has no key, beside honest processes that have it open.

use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use sealbook_ledger::{Checkpoint, Draft, Fault, Hash, Leaf, LeafType, Origin, Phase, TreeState, Uuid, edge_tiles};
use sealbook_record::PartName;
use sealbook_store::{EraseRequest, Error, Ledger, NewRow, Options, Query, Row, SqliteStore, Store, VerifyOptions};

use crate::fixture::{Place, admit, raw, with_part};
use crate::verify::{assert_valid, fill};

/// A leaf that nobody signed.
fn unsigned(origin: &Origin, seq: u64, prev: &Hash, id: Uuid) -> (Vec<u8>, Hash) {
    let parts = vec![("statement".into(), b"{}".to_vec())];
    let draft = Draft::new(LeafType::Record, id, None, Phase::Event, 1, parts, &mut |salt| salt.fill(0)).unwrap();
    let mut leaf = Vec::new();
    let hash = draft.seal_into(origin, seq, prev, 1, &mut leaf).unwrap();
    (leaf, hash)
}

/// The note's body with the signature lines of another note, which do not hold for it.
fn note(origin: &Origin, tree: &TreeState, old: &str) -> String {
    let checkpoint = Checkpoint { origin: origin.clone(), size: tree.size(), root: tree.root() };
    format!("{}\n{}", checkpoint.body(), old.rsplit_once("\n\n").unwrap().1)
}

/// Adds a record that nobody signed, with everything that belongs to it except a signature that holds.
fn insert(place: &Place) {
    let store = SqliteStore::open(&place.layout().ledger_db()).unwrap();
    let origin = store.origin().clone();
    let mut tx = store.begin().unwrap();
    let head = tx.head().unwrap().unwrap();
    let tiles = edge_tiles(head.size).into_iter().map(|(level, index)| tx.tile(level, index).unwrap().unwrap());
    let mut tree = TreeState::from_edge(head.size, tiles.collect()).unwrap();
    let mut prev = Hash::ZERO;
    tx.scan(head.size - 1, head.size, &mut |row| {
        prev = Leaf::hash(row.leaf);
        Ok(false)
    })
    .unwrap();
    let id = Uuid::from_u128(u128::MAX - 1);
    let (leaf, hash) = unsigned(&origin, head.size, &prev, id);
    tree.push(hash);
    let row = Row { seq: head.size, leaf: &leaf, content: &[] };
    tx.append(&[NewRow { row, id, is_key: false }]).unwrap();
    for tile in tree.take_dirty() {
        tx.put_tile(tile.level, tile.index, &tile.hashes).unwrap();
    }
    tx.put_checkpoint(tree.size(), &note(&origin, &tree, &head.note)).unwrap();
    tx.commit().unwrap();
}

/// Puts another record in the place of the fifth, and makes all that follows fit it, signatures apart.
fn rewrite(place: &Place) {
    let store = SqliteStore::open(&place.layout().ledger_db()).unwrap();
    let (origin, head) = (store.origin().clone(), store.snapshot().unwrap().head().unwrap().unwrap());
    let (mut tree, mut prev, mut leaves) = (TreeState::empty(), Hash::ZERO, Vec::new());
    store
        .snapshot()
        .unwrap()
        .scan(0, head.size, &mut |row| {
            let mut leaf = Leaf::parse(row.leaf).unwrap();
            if row.seq == 5 {
                leaf.sigs.clear();
            }
            leaf.prev = prev;
            let bytes = leaf.to_bytes();
            prev = Leaf::hash(&bytes);
            tree.push(prev);
            leaves.push(bytes);
            Ok(true)
        })
        .unwrap();
    drop(store);
    let stranger = Connection::open(place.layout().ledger_db()).unwrap();
    stranger.execute_batch("DROP TRIGGER records_no_update").unwrap();
    for (seq, leaf) in leaves.iter().enumerate() {
        stranger.execute("UPDATE records SET leaf = ?1 WHERE seq = ?2", (leaf, seq as i64)).unwrap();
    }
    for tile in tree.take_dirty() {
        stranger.execute("UPDATE tiles SET hashes = ?1", (&tile.hashes,)).unwrap();
    }
    let forged = note(&origin, &tree, &head.note);
    stranger.execute("UPDATE checkpoints SET note = ?1 WHERE size = ?2", (forged, head.size as i64)).unwrap();
}

fn refused(ledger: &Ledger) -> Error {
    ledger.append(vec![admit(raw(ledger, "agent-7", "file.write", "a"))]).and_then(|mut all| all.remove(0)).unwrap_err()
}

#[test]
fn nothing_is_sealed_on_top_of_a_record_that_nobody_signed() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 20);
    insert(&place);
    // Whoever has the book open finds it, and so does whoever opens it: the next checkpoint would sign it.
    let before = refused(&ledger);
    assert!(matches!(before, Error::HeadUntrusted { size: 22, .. }), "{before}");
    drop(ledger);
    let opened = Ledger::open(place.layout(), Options::default()).err().unwrap();
    assert!(matches!(opened, Error::HeadUntrusted { size: 22, .. }), "{opened}");
    let read = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
    let report = read.verify(&VerifyOptions::default(), &|_| {}).unwrap();
    assert!(report.faults.iter().any(|f| matches!(f, Fault::CheckpointInvalid { size: 22, .. })), "{report:#?}");
}

#[test]
fn a_book_that_is_rewritten_under_an_open_writer_is_not_gone_on_with() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 20);
    let heads = std::fs::read_dir(place.layout().heads).unwrap().next().unwrap().unwrap().path();
    let kept = std::fs::read(&heads).unwrap();
    rewrite(&place);
    let why = refused(&ledger);
    assert!(matches!(why, Error::HeadUntrusted { size: 21, .. }), "{why}");
    assert_eq!(std::fs::read(&heads).unwrap(), kept, "the head that is kept stays");
}

#[test]
fn a_signed_head_of_another_history_is_refused_by_an_open_writer() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 20);
    let copy = place.dir.path().join("copy.db");
    ledger.backup(&copy).unwrap();
    fill(&ledger, 5);
    // The older copy was signed, once. Its rows take the place of the newer ones, in the same file.
    let back = "DROP TRIGGER records_no_delete; DELETE FROM records WHERE seq >= 21; DELETE FROM ids WHERE seq >= 21;
        DELETE FROM checkpoints WHERE size > 21; UPDATE tiles SET hashes = substr(hashes, 1, 21 * 32);";
    Connection::open(place.layout().ledger_db()).unwrap().execute_batch(back).unwrap();
    let why = refused(&ledger);
    assert!(matches!(why, Error::BookRolledBack { found: 21, kept: 26, .. }), "{why}");
}

#[test]
fn a_damaged_newest_checkpoint_is_a_fault_and_has_a_place() {
    for change in [
        "UPDATE checkpoints SET note = CAST(x'ff' || substr(CAST(note AS BLOB), 2) AS BLOB) WHERE size = 21",
        "UPDATE checkpoints SET note = CAST(substr(note, 1, 90) || x'ff' || substr(note, 92) AS TEXT) WHERE size = 21",
        "UPDATE checkpoints SET note = '' WHERE size = 21",
        "UPDATE checkpoints SET note = 7 WHERE size = 21",
    ] {
        let place = Place::new();
        let ledger = place.create();
        fill(&ledger, 20);
        drop(ledger);
        Connection::open(place.layout().ledger_db()).unwrap().execute_batch(change).unwrap();
        let opened = Ledger::open(place.layout(), Options::default()).err().unwrap();
        assert!(matches!(opened, Error::HeadUntrusted { size: 21, .. }), "{change}: {opened}");
        let read = Ledger::open_read_only(place.layout(), Options::default()).unwrap();
        let report = read.verify(&VerifyOptions::default(), &|_| {}).unwrap();
        assert!(!report.valid, "{change}");
        let named = |f: &Fault| matches!(f, Fault::CheckpointInvalid { size: 21, .. });
        assert!(report.faults.iter().any(named), "{change}: {report:#?}");
    }
}

#[test]
fn erased_words_stay_away_while_others_read_and_rebuild() {
    let place = Place::new();
    let ledger = place.create();
    let record = |i: usize| {
        let input = format!("{{\"q\": \"zebraword{i}z\"}}");
        admit(with_part(raw(&ledger, "agent-7", "tools.call", "t"), PartName::Input, &input))
    };
    ledger.append((0..60).map(record).collect()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for n in 0..3 {
            let (place, done) = (&place, &done);
            scope.spawn(move || {
                let other = place.open();
                while !done.load(Ordering::Relaxed) {
                    let query = Query { text: Some("zebraword1z".to_owned()), ..Query::default() };
                    other.query(&query).unwrap();
                    match n {
                        0 => assert_eq!(other.verify_projections().unwrap(), []),
                        1 => drop(other.reindex().unwrap()),
                        _ => fill(&other, 3),
                    }
                }
            });
        }
        for seq in 1..=25 {
            let request = EraseRequest { seq, parts: vec!["input".to_owned()] };
            ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "x"))).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_valid(&ledger);
    ledger.scrub().unwrap();
    let index = std::fs::read(place.layout().index_db()).unwrap();
    for i in 0..60 {
        let word = format!("zebraword{i}z");
        let is_there = index.windows(word.len()).any(|bytes| bytes == word.as_bytes());
        assert_eq!(is_there, i >= 25, "{word}");
    }
}

#[test]
fn comparing_the_projections_leaves_every_file_where_it_is() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 50);
    ledger.catch_up().unwrap();
    let files = || -> Vec<_> {
        let dir = std::fs::read_dir(&place.layout().book).unwrap().map(|entry| entry.unwrap());
        let mut files: Vec<_> = dir.map(|e| (e.file_name(), e.metadata().unwrap().ino())).collect();
        files.sort();
        files
    };
    let before = files();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(place.open().verify_projections().unwrap(), []));
        }
    });
    assert_eq!(files(), before);
}

#[test]
fn one_torn_slot_of_the_kept_head_hides_nothing() {
    let place = Place::new();
    drop(place.create());
    // As commands do: each opens the book, appends once, and ends.
    let db = place.layout().ledger_db();
    for _ in 0..5 {
        fill(&place.open(), 1);
    }
    let ledger = place.open();
    ledger.scrub().unwrap();
    drop(ledger);
    let older = std::fs::read(&db).unwrap();
    for _ in 0..2 {
        fill(&place.open(), 1);
    }
    let head = std::fs::read_dir(place.layout().heads).unwrap().next().unwrap().unwrap().path();
    for slot in 0..2 {
        let kept = std::fs::read(&head).unwrap();
        let file = std::fs::File::options().write(true).open(&head).unwrap();
        file.write_all_at(b"?", slot * 4_096 + 60).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", db.display()));
        }
        std::fs::write(&db, &older).unwrap();
        let refused = Ledger::open(place.layout(), Options::default()).err();
        assert!(matches!(refused, Some(Error::BookRolledBack { found: 6, .. })), "slot {slot}: {refused:?}");
        std::fs::write(&head, kept).unwrap();
    }
}

#[test]
fn a_book_that_was_given_to_another_tenant_is_told() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 3);
    drop(ledger);
    let given = "UPDATE meta SET value = 'payroll' WHERE key = 'tenant'";
    Connection::open(place.layout().ledger_db()).unwrap().execute_batch(given).unwrap();
    let report = place.open().verify(&VerifyOptions::default(), &|_| {}).unwrap();
    let told = |f: &Fault| matches!(f, Fault::TableMismatch { table: "meta", what } if what.contains("payroll"));
    assert!(report.faults.iter().any(told), "{report:#?}");
}
