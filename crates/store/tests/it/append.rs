//! Appending: order, idempotence, many writers, reopening.

use std::sync::Arc;

use sealbook_record::PartName;
use sealbook_store::{Error, Query};

use crate::fixture::{Place, admit, raw, with_part};

#[test]
fn records_are_sealed_in_order_and_read_back() {
    let place = Place::new();
    let ledger = place.create();
    let batch = (0..600)
        .map(|i| {
            admit(with_part(
                raw(&ledger, "agent-7", "file.write", &format!("src/{i}.rs")),
                PartName::Input,
                "{\"n\": 0.10}",
            ))
        })
        .collect();
    let sealed: Vec<_> = ledger.append(batch).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(sealed.iter().map(|s| s.seq).collect::<Vec<_>>(), (1..=600).collect::<Vec<_>>());
    drop(ledger);

    let ledger = place.open();
    assert_eq!(ledger.head().unwrap().size, 601);
    let stored = ledger.reader().unwrap().record(300).unwrap();
    assert_eq!(stored.hash, sealed[299].hash);
    let record = stored.record.unwrap();
    assert_eq!(record.target.id, "src/299.rs");
    assert_eq!(record.part(PartName::Input).unwrap().get(), "{\"n\": 0.10}");
}

#[test]
fn the_same_record_twice_is_sealed_once_and_other_bytes_are_a_conflict() {
    let place = Place::new();
    let ledger = place.create();
    let record = raw(&ledger, "agent-7", "file.write", "a");
    let other = with_part(record.clone(), PartName::Result, "1");
    let first = ledger.append(vec![admit(record.clone()), admit(record.clone())]).unwrap();
    let (first, twin) = (first[0].as_ref().unwrap(), first[1].as_ref().unwrap());
    assert!(!first.duplicate);
    assert!(twin.duplicate);
    assert_eq!((twin.seq, twin.hash), (first.seq, first.hash));

    let later = admit(raw(&ledger, "agent-7", "file.write", "b"));
    let again = ledger.append(vec![later, admit(record), admit(other)]).unwrap();
    assert_eq!(again[0].as_ref().unwrap().seq, 2);
    assert_eq!(again[1].as_ref().unwrap().seq, 1);
    assert!(matches!(again[2], Err(Error::IdConflict { .. })));
    assert_eq!(ledger.head().unwrap().size, 3);
}

#[test]
fn two_handles_on_one_book_never_fork_it() {
    let place = Place::new();
    drop(place.create());
    let ledgers = [Arc::new(place.open()), Arc::new(place.open())];
    std::thread::scope(|scope| {
        for (n, ledger) in ledgers.iter().cycle().take(6).enumerate() {
            scope.spawn(move || {
                for i in 0..50 {
                    let record = raw(ledger, &format!("agent-{n}"), "tools.call", &i.to_string());
                    ledger.append(vec![admit(record)]).unwrap().remove(0).unwrap();
                }
            });
        }
    });
    let head = ledgers[0].head().unwrap();
    assert_eq!(head.size, 301);
    for n in 0..6 {
        let query = Query { actor: vec![format!("agent-{n}")], ascending: true, ..Query::default() };
        let rows = ledgers[n % 2].query(&query).unwrap().rows;
        let order: Vec<_> = rows.iter().map(|r| r.record.as_ref().unwrap().target.id.clone()).collect();
        assert_eq!(order, (0..50).map(|i| i.to_string()).collect::<Vec<_>>());
    }
}
