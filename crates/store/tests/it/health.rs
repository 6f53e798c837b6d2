//! How calls went, added up from what is sealed.

use sealbook_ledger::Phase;
use sealbook_record::{Category, Outcome, PartName, Record, Target, TargetKind, Timestamp};
use sealbook_store::{Health, Ledger, UnusualKind};

use crate::fixture::{Place, admit, raw};

const NOW_US: i64 = 1_700_000_000_000_000;
const HOUR_US: i64 = 3_600_000_000;

fn seal(ledger: &Ledger, records: Vec<Record>) {
    let answers = ledger.append(records.into_iter().map(admit).collect()).unwrap();
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
}

/// A call of a tool, so many hours ago, with its end.
fn call(ledger: &Ledger, hours_ago: i64, tool: &str, outcome: Outcome, duration_us: u64) -> Record {
    let mut record = raw(ledger, "agent", "tools.call", tool);
    record.target = Target::new(TargetKind::Tool, tool);
    record.occurred = Timestamp::from_micros(NOW_US - hours_ago * HOUR_US);
    (record.phase, record.outcome, record.duration_us) = (Phase::Event, Some(outcome), Some(duration_us));
    record
}

fn failing(mut record: Record, said: &str) -> Record {
    record.set_part(PartName::Error, said).unwrap();
    record
}

/// The last day beside the week before.
fn health(ledger: &Ledger) -> Health {
    let ago = |hours: i64| Timestamp::from_micros(NOW_US - hours * HOUR_US);
    ledger.health(ago(8 * 24), ago(24), ago(0)).unwrap()
}

#[test]
fn failures_times_and_availability_are_counted_by_tool() {
    let place = Place::new();
    let ledger = place.create();
    let mut records: Vec<Record> =
        (1..=100).map(|n| call(&ledger, 20 - n % 10, "files/read", Outcome::Ok, n as u64 * 1_000)).collect();
    for (hour, outcome) in [
        (12, Outcome::Ok),
        (11, Outcome::Failed),
        (9, Outcome::Unknown),
        (6, Outcome::Ok),
        (5, Outcome::Blocked),
        (4, Outcome::Cancelled),
    ] {
        records.push(call(&ledger, hour, "files/write", outcome, 10));
    }
    let mut intent = call(&ledger, 3, "files/write", Outcome::Ok, 1);
    (intent.phase, intent.outcome) = (Phase::Intent, None);
    records.push(intent);
    records.push(call(&ledger, 24 * 30, "files/write", Outcome::Failed, 1));
    seal(&ledger, records);

    let health = health(&ledger);
    let of = |tool: &str| health.groups.iter().find(|group| group.target == tool).unwrap();
    let read = &of("files/read").now;
    assert_eq!((read.tried, read.ok, read.timed, read.max_us), (100, 100, 100, Some(100_000)));
    for (quantile, expected) in [(read.p50_us, 50_000), (read.p95_us, 95_000), (read.p99_us, 99_000)] {
        let off = quantile.unwrap().abs_diff(expected);
        assert!(off * 100 <= expected, "{quantile:?} is not {expected}");
    }
    let write = &of("files/write").now;
    assert_eq!((write.tried, write.ok, write.failed, write.unknown), (6, 2, 1, 1));
    assert_eq!((write.blocked, write.cancelled), (1, 1));
    // What was refused or called off says nothing of the tool.
    assert_eq!(write.availability(), Some(0.5));
    assert_eq!(write.longest_outage_us, Some(5 * HOUR_US as u64));
    assert_eq!(
        (health.total.now.tried, health.total.before.tried),
        (106, 0),
        "the intent and what is older are left out"
    );
    assert_eq!(health.groups[0].target, "files/write", "what fails most comes first");
    assert!(health.unusual.is_empty(), "{:?}", health.unusual);
}

#[test]
fn what_is_unlike_the_time_before_is_named_and_what_is_like_it_is_not() {
    let place = Place::new();
    let ledger = place.create();
    let mut records = Vec::new();
    for n in 0..70 {
        let before = 25 + n * 2;
        // As ever: the same share of failures, the same durations, the same error.
        for hours in [before, n % 20] {
            let outcome = if n % 10 == 0 { Outcome::Failed } else { Outcome::Ok };
            let record = call(&ledger, hours, "shop/steady", outcome, 20_000);
            records.push(if n % 10 == 0 { failing(record, &format!("row {n} is locked")) } else { record });
        }
        // Slower, and failing in a new way.
        records.push(call(&ledger, before, "shop/slow", Outcome::Ok, 20_000));
        records.push(call(&ledger, n % 20, "shop/slow", Outcome::Ok, 60_000));
        records.push(call(&ledger, before, "shop/broken", Outcome::Ok, 20_000));
        let broken = call(&ledger, n % 20, "shop/broken", if n < 40 { Outcome::Failed } else { Outcome::Ok }, 20_000);
        records.push(if n < 40 { failing(broken, &format!("HTTP status 503 after {n} ms")) } else { broken });
        for (hours, memory) in [(before, 60), (n % 20, 120)] {
            let mut record = call(&ledger, hours, "host", Outcome::Ok, 1);
            "host.sample".clone_into(&mut record.action);
            record.category = Category::Performance;
            record.set_part_json(PartName::Result, format!("{{\"memory_mb\":{memory},\"cores\":2}}")).unwrap();
            records.push(record);
        }
    }
    records.extend((0..6).map(|n| call(&ledger, n, "shop/steady", Outcome::Blocked, 1)));
    seal(&ledger, records);

    let health = health(&ledger);
    let told: Vec<_> = health.unusual.iter().map(|it| (it.kind, it.about.as_str(), it.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (UnusualKind::Failures, "tools.call shop/broken", "40 of 70 calls failed: 57.1 %, and were 0.0 %"),
            (UnusualKind::ErrorPattern, "tools.call", "40 times, and never before: HTTP status # after # ms"),
            (UnusualKind::Slow, "tools.call shop/slow", "95 of 100 calls took at most 60.0 ms, and took 20.0 ms"),
            (UnusualKind::Refusals, "tools.call shop/steady", "6 calls were refused; 0.0 would be usual"),
            (UnusualKind::Resource, "host.sample", "memory_mb is 120.00 on average, and was 60.00"),
        ]
    );
    let locked = health.errors.iter().find(|error| error.pattern == "row # is locked").unwrap();
    assert_eq!((locked.now, locked.before), (7, 7));
}
