//! Records for the tests of this room's modules.

use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp, Uuid};

pub(crate) fn record() -> Record {
    let actor = Actor::new(ActorKind::Agent, "agent-1");
    let target = Target::new(TargetKind::File, "src/main.rs");
    let mut record = Record::event(Uuid::from_u128(7), actor, "file.write", target, Timestamp::from_micros(1));
    record.tags = vec!["blue".to_owned()];
    record.set_part_json(PartName::Input, r#"{"path":"/etc/passwd","size":7,"list":["a","b"]}"#).expect("it is JSON");
    record
}
