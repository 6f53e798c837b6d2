//! Records to try things on.

use proptest::prelude::*;
use sealbook_record::{
    Actor, ActorKind, Category, Classification, Defaults, Outcome, PartName, Phase, Record, Severity, Target,
    TargetKind, Timestamp, Uuid,
};

pub(crate) const NOW: i64 = 1_770_000_000_123_456;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(NOW)
}

pub(crate) fn defaults() -> Defaults {
    Defaults { now: now(), id: Uuid::from_u128(99), tenant: "acme".to_owned() }
}

pub(crate) fn event(id: u128, action: &str) -> Record {
    let actor = Actor::new(ActorKind::Agent, "agent-1");
    Record::event(Uuid::from_u128(id), actor, action, Target::new(TargetKind::File, "src/main.rs"), now())
}

/// A record in which every field says something.
pub(crate) fn full() -> Record {
    let mut record = event(1, "file.write");
    "acme".clone_into(&mut record.tenant);
    record.operation = Some(Uuid::from_u128(2));
    record.phase = Phase::Outcome;
    record.parent = Some(Uuid::from_u128(3));
    record.session = Some("session \"1\"".to_owned());
    record.conversation = Some("conversation\n2".to_owned());
    record.project = Some("projekt ß".to_owned());
    record.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    record.actor.name = Some("Agent One".to_owned());
    record.actor.on_behalf_of = Some("ann".to_owned());
    record.actor.claimed = Some("root".to_owned());
    record.actor.verified = Some("agent-1@example.org".to_owned());
    record.category = Category::FileWrite;
    record.outcome = Some(Outcome::Failed);
    record.duration_us = Some(u64::MAX);
    "test".clone_into(&mut record.source);
    record.reason = Some("because \\ of \u{1}".to_owned());
    record.tags = vec!["a".to_owned(), "b \u{1f600}".to_owned()];
    record.severity = Severity::Critical;
    record.classification = Classification::Confidential;
    record.retention = Some("seven-years".to_owned());
    for (index, name) in PartName::ALL.iter().enumerate() {
        let json = ["{\"n\":0.10,\"n\":1e400}", "[12345678901234567890123, -0]", "\"text\"", "null"][index % 4];
        record.set_part_json(*name, json).expect("it is JSON");
    }
    record
}

/// Everything a record says, as one text, for comparison.
pub(crate) fn told(record: &Record) -> String {
    format!("{record:?}")
}

prop_compose! {
    pub(crate) fn records()(
        ids in any::<(u128, Option<u128>, Option<u128>)>(),
        texts in prop::collection::vec(any::<String>(), 5),
        maybes in prop::collection::vec(any::<Option<String>>(), 8),
        tags in prop::collection::vec(any::<String>(), 0..4),
        picks in any::<[prop::sample::Index; 7]>(),
        times in (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(), any::<Option<u64>>()),
        parts in prop::collection::vec((0..PartName::ALL.len(), prop::sample::select(&[
            "{}", "[]", "\"\"", "0.10", "1e400", "{\"a\":1,\"a\":2}", "[1, 2 ,\t3]", "\"\\u0041\\/\"", "false",
        ][..])), 0..5),
    ) -> Record {
        let filled = |index: usize| format!("x{}", texts[index]);
        let mut record = event(ids.0, &filled(0));
        record.operation = ids.1.map(Uuid::from_u128);
        record.parent = ids.2.map(Uuid::from_u128);
        record.occurred = Timestamp::from_micros(times.0);
        record.duration_us = times.1;
        record.tenant = filled(1);
        record.actor.id = filled(2);
        record.target.id = filled(3);
        record.source = filled(4);
        record.session.clone_from(&maybes[0]);
        record.conversation.clone_from(&maybes[1]);
        record.project.clone_from(&maybes[2]);
        record.trace.clone_from(&maybes[3]);
        record.reason.clone_from(&maybes[4]);
        record.retention.clone_from(&maybes[5]);
        record.actor.name.clone_from(&maybes[6]);
        record.actor.claimed.clone_from(&maybes[7]);
        record.tags = tags;
        record.phase = *picks[0].get(&[Phase::Intent, Phase::Outcome, Phase::Event]);
        record.category = *picks[1].get(Category::ALL);
        record.outcome = Some(*picks[2].get(Outcome::ALL));
        record.severity = *picks[3].get(Severity::ALL);
        record.classification = *picks[4].get(Classification::ALL);
        record.actor.kind = *picks[5].get(ActorKind::ALL);
        record.target.kind = *picks[6].get(TargetKind::ALL);
        for (name, json) in parts {
            record.set_part_json(PartName::ALL[name], json).expect("it is JSON");
        }
        record
    }
}
