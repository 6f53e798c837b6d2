//! Things to show, made by hand: what the store would hand out.

use sealbook_ledger::{Hash, Leaf, LeafType, Origin, Phase, Uuid};
use sealbook_record::{
    Actor, ActorKind, Category, Finding, Location, Outcome, PartName, Record, Redaction, Severity, Target, TargetKind,
    Timestamp, Violation,
};
use sealbook_report::{Format, Screen, View, render};
use sealbook_store::Stored;

/// 2026-03-01T12:00:00.000000Z
pub(crate) const NOON_US: i64 = 1_772_366_400_000_000;

pub(crate) fn origin() -> Origin {
    Origin::from_random([7; 16])
}

pub(crate) fn hash(byte: u8) -> Hash {
    Hash([byte; 32])
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(NOON_US + second * 1_000_000)
}

/// An agent's event with an id of its own.
pub(crate) fn record(number: u64, action: &str, target: &str) -> Record {
    let mut actor = Actor::unknown();
    "agent-7".clone_into(&mut actor.id);
    actor.kind = ActorKind::Agent;
    let target = Target { id: target.to_owned(), kind: TargetKind::File };
    let mut record = Record::event(id(number.into()), actor, action, target, at(number as i64));
    record.category = Category::FileWrite;
    record.outcome = Some(Outcome::Ok);
    record
}

/// The record as it would be read back from place `seq`.
pub(crate) fn stored(seq: u64, record: Record) -> Stored {
    let leaf = Leaf {
        v: 1,
        origin: origin(),
        typ: LeafType::Record,
        id: record.id,
        operation: record.operation,
        phase: record.phase,
        occurred_us: record.occurred.as_micros(),
        sealed_us: record.occurred.as_micros() + 1_500,
        seq,
        prev: hash(0),
        parts: vec![("statement".into(), hash(0xA0))],
        sigs: Vec::new(),
    };
    Stored {
        seq,
        leaf,
        hash: hash(seq as u8),
        record: Some(record),
        erased: Vec::new(),
        redactions: Vec::new(),
        altered: Vec::new(),
        note: None,
    }
}

/// A record whose statement was erased.
pub(crate) fn erased(seq: u64) -> Stored {
    let mut stored = stored(seq, record(seq, "file.write", "x"));
    stored.record = None;
    stored.erased = vec!["statement".to_owned()];
    stored
}

/// A record that has everything.
pub(crate) fn full() -> Stored {
    let mut record = record(3, "config.change", "etc/app.toml");
    record.operation = Some(id(900));
    record.phase = Phase::Outcome;
    record.actor.name = Some("Build agent".to_owned());
    record.actor.on_behalf_of = Some("alice".to_owned());
    record.actor.claimed = Some("root".to_owned());
    record.actor.verified = Some("agent-7@ci".to_owned());
    record.outcome = Some(Outcome::Failed);
    record.duration_us = Some(1_234_567);
    record.reason = Some("rate limit was too low".to_owned());
    record.tags = vec!["change".to_owned(), "prod".to_owned()];
    record.session = Some("s-1".to_owned());
    record.project = Some("shop".to_owned());
    record.severity = Severity::Error;
    for (name, json) in [
        (PartName::Before, r#"{"limit":0.10,"hosts":["a","b"]}"#),
        (PartName::After, r#"{"limit":1e400,"hosts":["a"],"id":12345678901234567890123}"#),
        (PartName::Input, r#"{"authorization":"***","n":0.10}"#),
        (PartName::Error, r#""permission denied""#),
    ] {
        record.set_part_json(name, json).expect("sample is JSON");
    }
    record.set_findings(&[finding(
        Severity::Warning,
        "config.limit",
        Some("etc/app.toml"),
        "limit grew without bound",
    )]);
    record.set_violations(&[Violation {
        id: "v-1".to_owned(),
        rule: "change.window".to_owned(),
        severity: Severity::Error,
        message: "outside the change window".to_owned(),
        location: Some(Location { path: "etc/app.toml".to_owned(), line: Some(4), column: Some(9) }),
    }]);
    let mut stored = stored(3, record);
    stored.redactions = vec![Redaction {
        path: "input/authorization".to_owned(),
        detector: "key".to_owned(),
        digest: "ab".repeat(32),
        policy: "1".to_owned(),
    }];
    stored
}

pub(crate) fn finding(severity: Severity, rule: &str, path: Option<&str>, message: &str) -> Finding {
    let mut finding = Finding::new(rule, "sample", severity, message, path, message);
    finding.evidence = vec![(4, 4), (7, 9)];
    finding.recommendation = Some(format!("look at {rule}"));
    finding
}

/// The formats in which everything is told; a bill of materials, findings and an assessment have one of their own.
pub(crate) fn formats() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|format| !format.is_special())
}

/// Those that are text throughout: pages of HTML begin with a style that is of no interest in a snapshot.
pub(crate) fn plain_formats() -> impl Iterator<Item = Format> {
    formats().filter(|format| *format != Format::Html)
}

/// Renders for a terminal of 100 columns, without colour.
pub(crate) fn rendered(view: &dyn View, format: Format) -> String {
    rendered_on(view, format, Screen { width: Some(100), colour: false })
}

pub(crate) fn rendered_on(view: &dyn View, format: Format, screen: Screen) -> String {
    let mut out = Vec::new();
    render(view, format, screen, &mut out).expect("a vector takes all");
    String::from_utf8(out).expect("reports are text")
}
