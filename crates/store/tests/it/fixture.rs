//! A ledger in a temporary place, and records to put into it.

use sealbook_policy::{DigestKey, Judged, Policy, Raw};
use sealbook_record::{Actor, ActorKind, PartName, Record, Target, TargetKind, Timestamp};
use sealbook_store::{Layout, Ledger, Options};

pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn layout(&self) -> Layout {
        let root = self.dir.path();
        Layout { book: root.join("book"), keys: root.join("keys"), heads: root.join("heads") }
    }

    pub(crate) fn create(&self) -> Ledger {
        Ledger::create(self.layout(), "default", Options::default(), None).unwrap()
    }

    pub(crate) fn open(&self) -> Ledger {
        Ledger::open(self.layout(), Options::default()).unwrap()
    }
}

pub(crate) fn policy() -> Policy {
    Policy::new(DigestKey::new([7; 32]))
}

pub(crate) fn actor(id: &str) -> Actor {
    Actor { id: id.to_owned(), kind: ActorKind::Agent, name: None, on_behalf_of: None, claimed: None, verified: None }
}

pub(crate) fn raw(ledger: &Ledger, who: &str, action: &str, target: &str) -> Record {
    let target = Target { id: target.to_owned(), kind: TargetKind::File };
    Record::event(ledger.next_id(), actor(who), action, target, ledger.now())
}

pub(crate) fn admit(record: Record) -> Judged {
    policy().admit(Raw::new(record)).unwrap()
}

pub(crate) fn with_part(mut record: Record, name: PartName, json: &str) -> Record {
    record.parts.insert(name, serde_json::value::RawValue::from_string(json.to_owned()).unwrap());
    record
}

pub(crate) fn at(mut record: Record, us: i64) -> Record {
    record.occurred = Timestamp::from_micros(us);
    record
}
