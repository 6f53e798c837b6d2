//! Verifying a book: honest ones pass, projections are compared, bundles and erasure hold.

use sealbook_ledger::{KeyRole, Trust, verify_bundle};
use sealbook_record::PartName;
use sealbook_store::{EraseRequest, Ledger, Query, Selection, VerifyOptions};

use crate::fixture::{Place, admit, raw, with_part};

pub(crate) fn fill(ledger: &Ledger, count: usize) {
    let record = |i: usize| {
        let record = raw(ledger, &format!("agent-{}", i % 3), "file.write", &format!("src/{i}.rs"));
        admit(with_part(record, PartName::Input, &format!("{{\"word{i}\": \"uncommon{}\"}}", i % 7)))
    };
    for answer in ledger.append((0..count).map(record).collect()).unwrap() {
        answer.unwrap();
    }
}

pub(crate) fn assert_valid(ledger: &Ledger) {
    let report = ledger.verify(&VerifyOptions::default(), &|_| {}).unwrap();
    assert!(report.valid, "{report:#?}");
    assert_eq!(report.verified_entries, ledger.head().unwrap().size);
    assert_eq!(ledger.verify_projections().unwrap(), []);
}

#[test]
fn an_honest_book_verifies_through_rotation_erasure_and_reopening() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 700);
    let mut by = |action: &'static str| Ok(admit(raw(&ledger, "ops", action, "keys")));
    ledger.rotate_key(KeyRole::Record, &mut by).unwrap();
    ledger.rotate_key(KeyRole::Checkpoint, &mut by).unwrap();
    fill(&ledger, 300);
    assert_valid(&ledger);

    let request = EraseRequest { seq: 5, parts: vec!["input".to_owned()] };
    let erased = ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "5"))).unwrap();
    assert!(erased.scrubbed);
    assert_valid(&ledger);
    drop(ledger);
    let ledger = place.open();
    assert_valid(&ledger);
    let stored = ledger.reader().unwrap().record(5).unwrap();
    assert_eq!(stored.erased, ["input"]);
    let gone = Query { text: Some("word4".to_owned()), ..Query::default() };
    assert_eq!(ledger.query(&gone).unwrap().rows.len(), 1, "the other record with this word stays");
    let kept = Query { text: Some("word5".to_owned()), ..Query::default() };
    assert_eq!(ledger.query(&kept).unwrap().rows.len(), 2);
}

#[test]
fn bundles_of_all_and_of_some_verify_offline() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    let request = EraseRequest { seq: 7, parts: vec!["statement".to_owned()] };
    ledger.erase(&request, admit(raw(&ledger, "ops", "record.erase", "7"))).unwrap();
    for selection in [Selection::Whole, Selection::Records(vec![7, 100, 299])] {
        let mut bundle = Vec::new();
        ledger.bundle(&selection, &mut bundle).unwrap();
        let report = verify_bundle(&bundle[..], &Trust::default()).unwrap();
        assert!(report.valid, "{report:#?}");
    }
    // All leaves, and the content of two: whoever has it sees that nothing is missing, and reads no more than those.
    let mut bundle = Vec::new();
    ledger.bundle(&Selection::Showing([100, 299].into()), &mut bundle).unwrap();
    let report = verify_bundle(&bundle[..], &Trust::default()).unwrap();
    assert!(report.valid && report.total_entries == 302, "{report:#?}");
    let shown = |line: &&str| line.contains("\"salt\"") && line.contains("\"type\":\"record\"");
    let text = String::from_utf8(bundle).unwrap();
    assert_eq!(text.lines().filter(shown).count(), 2);
}

#[test]
fn a_receipt_verifies_alone_and_against_a_later_head() {
    let place = Place::new();
    let ledger = place.create();
    fill(&ledger, 300);
    let receipt = ledger.reader().unwrap().receipt(123).unwrap();
    let keys = ledger.keys().unwrap().iter().filter(|k| k.role == KeyRole::Checkpoint).map(|k| k.key).collect();
    receipt.verify(None, &Trust { origin: Some(ledger.origin().clone()), keys }).unwrap();
    fill(&ledger, 300);
    let reader = ledger.reader().unwrap();
    assert_eq!(reader.root_at(301).unwrap(), sealbook_ledger::Checkpoint::of_note(&receipt.checkpoint).unwrap().root);
}
