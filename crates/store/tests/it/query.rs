//! Questions: every field alone, fields together, pages, times, words.

use sealbook_ledger::{Phase, Uuid};
use sealbook_record::{
    ActorKind, Category, Classification, OperationStatus, Outcome, PartName, Record, Severity, TargetKind, Timestamp,
};
use sealbook_store::{Error, Ledger, Query, Stored};

use crate::fixture::{Place, admit, at, raw, with_part};

const HOUR_US: i64 = 3_600_000_000;
/// 2026-03-02 00:00 UTC, a Monday.
const MONDAY_US: i64 = 1_772_409_600_000_000;

fn seal(ledger: &Ledger, records: Vec<Record>) -> Vec<u64> {
    let answers = ledger.append(records.into_iter().map(admit).collect()).unwrap();
    answers.into_iter().map(|a| a.unwrap().seq).collect()
}

fn seqs(ledger: &Ledger, query: &Query) -> Vec<u64> {
    ledger.query(query).unwrap().rows.iter().map(|r: &Stored| r.seq).collect()
}

fn one(value: &str) -> Vec<String> {
    vec![value.to_owned()]
}

/// A record that differs from the plain one in every field.
fn special(ledger: &Ledger) -> Record {
    let mut record = raw(ledger, "agent-9", "payments.refund", "invoice/77");
    record.operation = Some(Uuid::from_u128(0x77));
    record.parent = Some(Uuid::from_u128(0x78));
    record.phase = Phase::Outcome;
    record.session = Some("s-9".to_owned());
    record.conversation = Some("c-9".to_owned());
    record.project = Some("shop".to_owned());
    record.trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
    record.actor.kind = ActorKind::Service;
    record.actor.name = Some("Refunder".to_owned());
    record.actor.on_behalf_of = Some("ines".to_owned());
    record.actor.claimed = Some("root".to_owned());
    record.actor.verified = Some("uid:1001".to_owned());
    record.category = Category::SensitiveOperation;
    record.outcome = Some(Outcome::Failed);
    record.duration_us = Some(2_500);
    record.target.kind = TargetKind::Service;
    "gateway".clone_into(&mut record.source);
    record.reason = Some("the customer sent it back".to_owned());
    record.tags = vec!["money".to_owned(), "manual".to_owned()];
    record.severity = Severity::Critical;
    record.classification = Classification::Confidential;
    record.retention = Some("seven-years".to_owned());
    with_part(record, PartName::Error, "\"upstream said Timeout_504\"")
}

#[test]
fn every_field_finds_its_record() {
    let place = Place::new();
    let ledger = place.create();
    let plain = || raw(&ledger, "agent-1", "file.read", "src/lib.rs");
    seal(&ledger, vec![plain(), plain()]);
    let wanted = seal(&ledger, vec![special(&ledger)]);
    seal(&ledger, vec![plain()]);
    let q = Query::default;
    let queries = vec![
        Query { action: one("payments.refund"), ..q() },
        Query { action: one("payments.*"), ..q() },
        Query { actor: one("agent-9"), ..q() },
        Query { actor_kind: one("service"), ..q() },
        Query { actor_name: one("Refunder"), ..q() },
        Query { on_behalf_of: one("ines"), ..q() },
        Query { claimed: one("root"), ..q() },
        Query { verified: one("uid:1001"), ..q() },
        Query { category: one("sensitive_operation"), ..q() },
        Query { classification: one("confidential"), ..q() },
        Query { conversation: one("c-9"), ..q() },
        Query { operation: one("00000000-0000-0000-0000-000000000077"), ..q() },
        Query { outcome: one("failed"), ..q() },
        Query { parent: one("00000000-0000-0000-0000-000000000078"), ..q() },
        Query { phase: one("outcome"), ..q() },
        Query { project: one("shop"), ..q() },
        Query { retention: one("seven-years"), ..q() },
        Query { session: one("s-9"), ..q() },
        Query { severity: one("critical"), ..q() },
        Query { source: one("gateway"), ..q() },
        Query { tags: vec!["manual".to_owned(), "money".to_owned()], ..q() },
        Query { target: one("invoice/77"), ..q() },
        Query { target_kind: one("service"), ..q() },
        Query { trace: one("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), ..q() },
        Query { has: one("error"), ..q() },
        Query { duration_min_us: Some(2_500), duration_max_us: Some(2_500), ..q() },
        Query { text: Some("customer back".to_owned()), ..q() },
        Query { text: Some("UPSTREAM timeout".to_owned()), ..q() },
        Query { contains: Some("yments.ref".to_owned()), ..q() },
        Query { contains: Some("meout_50".to_owned()), ..q() },
        Query { actor: one("agent-9"), severity: vec!["info".to_owned(), "critical".to_owned()], ..q() },
    ];
    for query in &queries {
        assert_eq!(seqs(&ledger, query), wanted, "{query:?}");
    }
    let none = Query { actor: one("agent-9"), action: one("file.read"), ..q() };
    assert!(seqs(&ledger, &none).is_empty(), "fields are ANDed");
    let id = ledger.reader().unwrap().record(wanted[0]).unwrap().leaf.id;
    assert_eq!(seqs(&ledger, &Query { id: Some(id), ..q() }), wanted);
    assert_eq!(seqs(&ledger, &Query { leaf_type: one("key"), ..q() }), [0]);
}

#[test]
fn pages_are_newest_first_and_stay_when_the_book_grows() {
    let place = Place::new();
    let ledger = place.create();
    // More than one chunk's block of times, all at the same moment: paging by time would lose some.
    let records = (0..250).map(|i| at(raw(&ledger, "a", "tick", &i.to_string()), 5)).collect();
    seal(&ledger, records);
    let first = ledger.query(&Query { actor: one("a"), ..Query::default() }).unwrap();
    assert_eq!(first.rows.len(), 100, "the default limit");
    assert_eq!(first.rows[0].seq, 250);
    seal(&ledger, vec![raw(&ledger, "a", "tick", "late")]);
    let mut all: Vec<u64> = first.rows.iter().map(|r| r.seq).collect();
    let mut cursor = first.next;
    while let Some(at) = cursor {
        let text = at.to_string();
        let page =
            ledger.query(&Query { actor: one("a"), cursor: Some(text.parse().unwrap()), ..Query::default() }).unwrap();
        all.extend(page.rows.iter().map(|r| r.seq));
        cursor = page.next;
    }
    assert_eq!(all, (1..=250).rev().collect::<Vec<_>>());
    let ascending = Query { actor: one("a"), ascending: true, limit: Some(3), ..Query::default() };
    let page = ledger.query(&ascending).unwrap();
    assert_eq!(page.rows.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(seqs(&ledger, &Query { cursor: page.next, ..ascending }), [4, 5, 6]);
    for (limit, cursor) in [(0, None), (10_001, None)] {
        let refused = ledger.query(&Query { limit: Some(limit), cursor, ..Query::default() });
        assert!(matches!(refused, Err(Error::QueryInvalid { field: "limit", .. })));
    }
}

#[test]
fn times_are_inclusive_and_zero_is_a_time() {
    let place = Place::new();
    let ledger = place.create();
    // Out of order on purpose: times are claims, the order is that of sealing.
    let times = [50, 0, -7, 100, 20];
    seal(&ledger, times.iter().map(|us| at(raw(&ledger, "a", "tick", "t"), *us)).collect());
    let between = |since: Option<i64>, until: Option<i64>| {
        let query = Query {
            since: since.map(Timestamp::from_micros),
            until: until.map(Timestamp::from_micros),
            action: one("tick"),
            ..Query::default()
        };
        seqs(&ledger, &query)
    };
    assert_eq!(between(Some(0), Some(50)), [5, 2, 1]);
    assert_eq!(between(Some(0), None), [5, 4, 2, 1]);
    assert_eq!(between(None, Some(0)), [3, 2]);
    assert_eq!(between(Some(101), None), [0; 0]);
}

#[test]
fn hostile_values_are_values() {
    let place = Place::new();
    let ledger = place.create();
    let odd = ["100%", "a_b", "x' OR '1'='1", "\u{0}nul", "тест*", &"long/".repeat(100)];
    seal(&ledger, odd.iter().map(|t| raw(&ledger, "a", "act", t)).collect());
    for (i, target) in odd.iter().enumerate() {
        if !target.ends_with('*') {
            assert_eq!(seqs(&ledger, &Query { target: one(target), ..Query::default() }), [i as u64 + 1], "{target:?}");
        }
    }
    assert_eq!(seqs(&ledger, &Query { target: one("тест*"), ..Query::default() }), [5]);
    assert!(seqs(&ledger, &Query { target: one("1%"), ..Query::default() }).is_empty(), "% is no wildcard");
    assert!("x12".parse::<sealbook_store::Cursor>().is_err());
}

#[test]
fn activity_counts_and_shows_patterns() {
    let place = Place::new();
    let ledger = place.create();
    let mut records = Vec::new();
    for (hour, action, failed) in
        [(9, "file.write", false), (9, "file.write", true), (10, "git.push", true), (23, "file.write", true)]
    {
        let mut record = at(raw(&ledger, "ines", action, "src/a.rs"), MONDAY_US + hour * HOUR_US);
        record.outcome = Some(if failed { Outcome::Failed } else { Outcome::Ok });
        record.project = Some("shop".to_owned());
        records.push(record);
    }
    let mut intent = at(raw(&ledger, "ines", "file.write", "src/a.rs"), MONDAY_US);
    intent.phase = Phase::Intent;
    records.push(intent);
    records.push(at(raw(&ledger, "someone", "file.write", "src/a.rs"), MONDAY_US));
    records.push(at(raw(&ledger, "ines", "file.write", "src/a.rs"), MONDAY_US - 40 * 24 * HOUR_US));
    seal(&ledger, records);

    let now = Timestamp::from_micros(MONDAY_US + 24 * HOUR_US);
    let activity = ledger.activity("ines", 30, now).unwrap();
    assert_eq!(activity.total_operations, 4, "the intent and what is older are left out");
    assert_eq!(activity.operations_by_type, [("file.write".to_owned(), 3), ("git.push".to_owned(), 1)]);
    assert_eq!(activity.errors, 3);
    assert_eq!(activity.projects_touched, ["shop"]);
    assert!((activity.average_ops_per_day - 0.13).abs() < 1e-9);
    assert_eq!(activity.patterns.by_hour[9], 2);
    assert_eq!(activity.patterns.by_weekday, [4, 0, 0, 0, 0, 0, 0]);
    assert_eq!(activity.patterns.failing, [("file.write".to_owned(), 2, 3)]);
    assert_eq!(activity.patterns.longest_pause_us, Some(13 * HOUR_US as u64));
    assert!((activity.patterns.off_hours_percent - 25.0).abs() < 1e-9);
    assert!(ledger.activity("ines", 0, now).unwrap().average_ops_per_day.abs() < 1e-9, "no division by zero");
}

#[test]
fn provenance_and_operations_tell_a_story_in_order() {
    let place = Place::new();
    let ledger = place.create();
    let operation = Uuid::from_u128(0x1234);
    let mut intent = raw(&ledger, "agent-7", "file.write", "src/a.rs");
    (intent.operation, intent.phase) = (Some(operation), Phase::Intent);
    seal(
        &ledger,
        vec![raw(&ledger, "ines", "file.write", "src/a.rs"), intent, raw(&ledger, "x", "file.write", "src/b.rs")],
    );
    assert_eq!(ledger.operation(operation).unwrap().unwrap().status, OperationStatus::Pending);
    let mut outcome = raw(&ledger, "agent-7", "file.write", "src/a.rs");
    (outcome.operation, outcome.phase, outcome.outcome) = (Some(operation), Phase::Outcome, Some(Outcome::Failed));
    seal(&ledger, vec![outcome]);

    let found = ledger.operation(operation).unwrap().unwrap();
    assert_eq!(found.status, OperationStatus::Failed);
    assert_eq!(found.records.iter().map(|r| r.seq).collect::<Vec<_>>(), [2, 4]);
    assert!(ledger.operation(Uuid::from_u128(9)).unwrap().is_none());

    let history = ledger.provenance("src/a.rs", None, None).unwrap();
    assert_eq!(history.entries.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(history.actors["agent-7"].0, 2);
}

#[test]
fn a_record_is_found_by_number_id_and_the_beginning_of_its_hash() {
    let place = Place::new();
    let ledger = place.create();
    crate::verify::fill(&ledger, 600);
    let reader = ledger.reader().unwrap();
    let stored = reader.record(400).unwrap();
    let hash = stored.hash.to_string();
    for what in ["400", &stored.leaf.id.to_string(), &hash, &hash[..12], &format!("{}...", &hash[..10])] {
        assert_eq!(reader.find(what).unwrap().seq, 400, "{what}");
    }
    assert!(matches!(reader.find("zz"), Err(Error::QueryInvalid { .. })));
    assert!(matches!(reader.find("601"), Err(Error::RecordMissing { .. })));
    assert!(matches!(reader.by_hash_prefix(&"0".repeat(64)), Err(Error::RecordMissing { .. })));
}
