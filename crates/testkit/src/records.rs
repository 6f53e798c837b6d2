//! Records to put into a ledger.

use sealbook_ledger::Uuid;
use sealbook_policy::{DigestKey, Judged, Policy, Raw};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp};
use serde_json::value::RawValue;

use crate::Rng;

/// An event by an agent.
pub fn event(id: Uuid, occurred: Timestamp, actor: &str, action: &str, target: &str) -> Record {
    Record::event(id, Actor::new(ActorKind::Agent, actor), action, Target::new(TargetKind::File, target), occurred)
}

/// The record with a further part, given as JSON text.
#[must_use]
pub fn with_part(mut record: Record, name: PartName, json: &str) -> Record {
    record.parts.insert(name, RawValue::from_string(json.to_owned()).expect("tests give JSON"));
    record
}

/// Takes a record through the built-in policy.
pub fn admit(record: Record) -> Judged {
    Policy::new(DigestKey::new([7; 32])).admit(Raw::new(record)).expect("a test's record is within the limits")
}

/// A record whose content the generator decides: none to a few parts, small ones mostly.
pub fn random_event(rng: &mut Rng, id: Uuid, occurred: Timestamp, actor: &str) -> Record {
    let number = rng.below(1_000);
    let mut record = event(id, occurred, actor, "file.write", &format!("src/{number}.rs"));
    for name in [PartName::Input, PartName::Result, PartName::Context] {
        if rng.percent(40) {
            let len = if rng.percent(5) { rng.below(8_000) } else { rng.below(200) };
            let text: String = (0..len).map(|_| char::from(b'a' + rng.below(26) as u8)).collect();
            record = with_part(record, name, &format!("{{\"n\":{number}.10,\"text\":\"{text}\"}}"));
        }
    }
    record
}

/// Names and bytes of the parts that sealing this would store.
pub fn parts_of(judged: &Judged) -> Vec<(String, Vec<u8>)> {
    judged.clone().parts().into_iter().map(|(name, bytes)| (name.into_owned(), bytes)).collect()
}
