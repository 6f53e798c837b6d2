//! How operations went: rates and means, also over nothing.

use sealbook_record::{COMPENSATION_PREFIX, Category, OperationStatus, Outcome, Phase, Record, Uuid};
use sealbook_store::{Ledger, OperationTally, Query, TallyBy};

use crate::fixture::{Place, admit, raw};

/// An intent and its outcome, which took so long where it says.
fn did(ledger: &Ledger, action: &str, ended: Option<(Outcome, Option<u64>)>) -> Uuid {
    did_in(ledger, ledger.next_id(), action, ended)
}

fn did_in(ledger: &Ledger, operation: Uuid, action: &str, ended: Option<(Outcome, Option<u64>)>) -> Uuid {
    let mut intent = raw(ledger, "ann", action, "shop");
    intent.phase = Phase::Intent;
    intent.operation = Some(operation);
    intent.category = if action == "booking.create" { Category::Booking } else { Category::Notification };
    intent.tags = vec!["web".to_owned(), action.to_owned()];
    let id = intent.id;
    seal(ledger, intent);
    if let Some((outcome, duration_us)) = ended {
        let mut record = raw(ledger, "ann", action, "shop");
        (record.phase, record.outcome, record.operation) = (Phase::Outcome, Some(outcome), Some(operation));
        (record.parent, record.duration_us) = (Some(id), duration_us);
        seal(ledger, record);
    }
    operation
}

fn seal(ledger: &Ledger, record: Record) {
    ledger.append(vec![admit(record)]).unwrap().pop().unwrap().unwrap();
}

#[test]
fn what_nobody_did_has_no_mean_and_no_rate() {
    let place = Place::new();
    let ledger = place.create();
    let tallies = ledger.tally_operations(&Query::default(), TallyBy::Action).unwrap();
    assert_eq!((tallies.groups.len(), tallies.all.total()), (0, 0));
    assert_eq!((tallies.all.mean_ms(), tallies.all.median_ms(), tallies.all.success_rate()), (None, None, None));
    assert_eq!((OperationTally::default().least_ms(), OperationTally::default().most_ms()), (None, None));
    // Durations that nobody gave, and an operation that has not ended.
    did(&ledger, "booking.create", Some((Outcome::Ok, None)));
    did(&ledger, "booking.create", None);
    let all = ledger.tally_operations(&Query::default(), TallyBy::Action).unwrap().all;
    assert_eq!((all.total(), all.timed(), all.mean_ms(), all.success_rate()), (2, 0, None, Some(1.0)));
}

#[test]
fn means_are_of_what_went_well() {
    let place = Place::new();
    let ledger = place.create();
    for (outcome, ms) in [(Outcome::Ok, 10), (Outcome::Ok, 20), (Outcome::Ok, 60), (Outcome::Failed, 9_000)] {
        did(&ledger, "booking.create", Some((outcome, Some(ms * 1_000))));
    }
    did(&ledger, "email.send", Some((Outcome::Ok, Some(1_000))));
    did(&ledger, "email.send", Some((Outcome::Unknown, None)));
    // Taken back: it went well, and is not among those whose durations count.
    let undone = did(&ledger, "booking.create", Some((Outcome::Ok, Some(500_000))));
    did_in(&ledger, undone, &format!("{COMPENSATION_PREFIX}booking.create"), Some((Outcome::Ok, Some(7_000_000))));
    let tallies = ledger.tally_operations(&Query::default(), TallyBy::Category).unwrap();
    let bookings = &tallies.groups[&Some("booking".to_owned())];
    assert_eq!((bookings.total(), bookings.timed()), (5, 3));
    assert_eq!((bookings.mean_ms(), bookings.median_ms()), (Some(30.0), Some(20.0)));
    assert_eq!((bookings.least_ms(), bookings.most_ms()), (Some(10.0), Some(60.0)));
    assert_eq!(bookings.success_rate(), Some(0.8));
    assert_eq!(bookings.statuses[&OperationStatus::Compensated], 1);
    let mails = &tallies.groups[&Some("notification".to_owned())];
    assert_eq!((mails.total(), mails.mean_ms(), mails.success_rate()), (2, Some(1.0), Some(1.0)));
    let by_tag = ledger.tally_operations(&Query::default(), TallyBy::Tag).unwrap();
    assert_eq!(by_tag.groups[&Some("web".to_owned())].total(), 7);
    let query = Query { category: vec!["booking".to_owned()], ..Query::default() };
    assert_eq!(ledger.tally_operations(&query, TallyBy::Actor).unwrap().groups[&Some("ann".to_owned())].total(), 5);
}
