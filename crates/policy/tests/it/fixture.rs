//! Records to admit.

use sealbook_policy::{DigestKey, Error, Judged, Policy, Raw};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp, Uuid};

pub(crate) fn policy() -> Policy {
    Policy::new(DigestKey::new([7; 32]))
}

pub(crate) fn record() -> Record {
    let actor = Actor::new(ActorKind::Agent, "agent-1");
    let target = Target::new(TargetKind::File, "src/main.rs");
    Record::event(Uuid::from_u128(7), actor, "file.write", target, Timestamp::from_micros(1_700_000_000_000_000))
}

pub(crate) fn with_part(name: PartName, json: &str) -> Record {
    let mut record = record();
    record.set_part_json(name, json).unwrap_or_else(|error| panic!("{json}: {error}"));
    record
}

pub(crate) fn admit(record: Record) -> Result<Judged, Error> {
    policy().admit(Raw::new(record))
}

/// The part `input` after redaction.
pub(crate) fn redacted(json: &str) -> Judged {
    admit(with_part(PartName::Input, json)).unwrap_or_else(|error| panic!("{json}: {error}"))
}

pub(crate) fn input(judged: &Judged) -> &str {
    judged.record().part(PartName::Input).expect("the part is there").get()
}
