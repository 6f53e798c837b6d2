//! The terms of a record: which fields can be asked for, and how a term is keyed.

use sealbook_record::Record;

/// A field of the record that can be asked for. The number is stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Field {
    Text = 0,
    Action = 1,
    ActorId = 2,
    ActorKind = 3,
    ActorName = 4,
    OnBehalfOf = 5,
    Claimed = 6,
    Verified = 7,
    Category = 8,
    Classification = 9,
    Conversation = 10,
    LeafType = 11,
    Operation = 12,
    Outcome = 13,
    Parent = 14,
    Phase = 15,
    Project = 16,
    Retention = 17,
    Session = 18,
    Severity = 19,
    Source = 20,
    Tag = 21,
    TargetId = 22,
    TargetKind = 23,
    Trace = 24,
    Has = 25,
}

/// Values longer than this are keyed by their beginning and a digest.
const KEY_BYTES_MAX: usize = 120;

/// A term's key: the field, then the value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term(pub(crate) Vec<u8>);

/// The key of a value of a field.
pub(crate) fn term_of(field: Field, value: &str) -> Term {
    let mut key = Vec::with_capacity(1 + value.len().min(KEY_BYTES_MAX));
    write_term(field, value, &mut key);
    Term(key)
}

pub(crate) fn write_term(field: Field, value: &str, key: &mut Vec<u8>) {
    key.clear();
    key.push(field as u8);
    if value.len() <= KEY_BYTES_MAX {
        key.extend_from_slice(value.as_bytes());
    } else {
        use sha2::Digest;
        let start = value.floor_char_boundary(KEY_BYTES_MAX - 32);
        key.extend_from_slice(&value.as_bytes()[..start]);
        key.push(0);
        key.extend_from_slice(&sha2::Sha256::digest(value.as_bytes())[..16]);
    }
}

/// Calls `each` with every field and value of a record, its text excepted.
pub(crate) fn each_term(record: &Record, each: &mut impl FnMut(Field, &str)) {
    let mut uuid = [0; 36];
    if let Some(operation) = record.operation {
        each(Field::Operation, operation.as_hyphenated().encode_lower(&mut uuid));
    }
    if let Some(parent) = record.parent {
        each(Field::Parent, parent.as_hyphenated().encode_lower(&mut uuid));
    }
    each(Field::Phase, record.phase.as_str());
    each(Field::Action, &record.action);
    each(Field::ActorId, &record.actor.id);
    each(Field::ActorKind, record.actor.kind.as_str());
    each(Field::Category, record.category.as_str());
    each(Field::Classification, record.classification.as_str());
    each(Field::Severity, record.severity.as_str());
    each(Field::Source, &record.source);
    each(Field::TargetId, &record.target.id);
    each(Field::TargetKind, record.target.kind.as_str());
    if let Some(outcome) = record.outcome {
        each(Field::Outcome, outcome.as_str());
    }
    let optional = [
        (Field::ActorName, &record.actor.name),
        (Field::OnBehalfOf, &record.actor.on_behalf_of),
        (Field::Claimed, &record.actor.claimed),
        (Field::Verified, &record.actor.verified),
        (Field::Conversation, &record.conversation),
        (Field::Project, &record.project),
        (Field::Retention, &record.retention),
        (Field::Session, &record.session),
        (Field::Trace, &record.trace),
    ];
    for (field, value) in optional {
        if let Some(value) = value {
            each(field, value);
        }
    }
    for tag in &record.tags {
        each(Field::Tag, tag);
    }
    for part in record.parts.keys() {
        each(Field::Has, part.as_str());
    }
}
