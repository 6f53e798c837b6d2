//! The part `statement`: everything a record says beside its content, in one fixed order.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sealbook_ledger::Phase;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::json::{ObjectWriter, push_string};
use crate::{
    Actor, ActorKind, Category, Classification, Error, Outcome, PartName, Record, Redaction, Severity, Target,
    TargetKind, Timestamp,
};

impl Record {
    /// The bytes of the part `statement`. Absent fields are left out; the order never changes.
    pub fn statement_json(&self, redactions: &[Redaction]) -> Vec<u8> {
        let mut object = ObjectWriter::with_capacity(512 + redactions.len() * 192);
        object.string("tenant", &self.tenant);
        self.write_who_and_what(&mut object);
        self.write_weight(&mut object);
        self.write_where_from(&mut object);
        if !redactions.is_empty() {
            let out = object.key("redactions");
            serde_json::to_writer(out, redactions).expect("texts are always serialisable");
        }
        object.finish()
    }

    pub(crate) fn write_who_and_what(&self, object: &mut ObjectWriter) {
        write_actor(object.key("actor"), &self.actor);
        object.string("action", &self.action);
        object.string("category", self.category.as_str());
        object.optional("outcome", self.outcome.map(Outcome::as_str));
        let mut target = ObjectWriter::with_capacity(32 + self.target.id.len());
        target.string("id", &self.target.id);
        target.string("kind", self.target.kind.as_str());
        object.key("target").extend_from_slice(&target.finish());
    }

    pub(crate) fn write_weight(&self, object: &mut ObjectWriter) {
        object.string("severity", self.severity.as_str());
        object.string("classification", self.classification.as_str());
        object.optional("retention", self.retention.as_deref());
        if let Some(duration) = self.duration_us {
            object.raw("duration_us", &duration.to_string());
        }
        if !self.tags.is_empty() {
            let out = object.key("tags");
            for (index, tag) in self.tags.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                push_string(out, tag);
            }
            out.push(b']');
        }
    }

    pub(crate) fn write_where_from(&self, object: &mut ObjectWriter) {
        object.string("source", &self.source);
        object.optional("reason", self.reason.as_deref());
        if let Some(parent) = self.parent {
            object.string("parent", parent.as_hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        }
        object.optional("session", self.session.as_deref());
        object.optional("conversation", self.conversation.as_deref());
        object.optional("project", self.project.as_deref());
        object.optional("trace", self.trace.as_deref());
    }

    /// Puts a sealed record together again: ids, phase and time from its leaf, the rest from its parts.
    ///
    /// Errors: [`Error::Stored`] where a part is not what this version writes.
    pub fn from_stored<'a>(
        id: Uuid,
        operation: Option<Uuid>,
        phase: Phase,
        occurred: Timestamp,
        statement: &[u8],
        parts: impl Iterator<Item = (PartName, &'a [u8])>,
    ) -> Result<(Self, Vec<Redaction>), Error> {
        let form: StatementForm<'_> =
            serde_json::from_slice(statement).map_err(|_| Error::Stored { what: "statement" })?;
        let parts = parts.map(|(name, bytes)| Ok((name, stored_part(name, bytes)?))).collect::<Result<_, Error>>()?;
        form.into_record(id, operation, phase, occurred, parts)
    }
}

fn write_actor(out: &mut Vec<u8>, actor: &Actor) {
    let mut object = ObjectWriter::with_capacity(96);
    object.string("id", &actor.id);
    object.string("kind", actor.kind.as_str());
    object.optional("name", actor.name.as_deref());
    object.optional("on_behalf_of", actor.on_behalf_of.as_deref());
    object.optional("claimed", actor.claimed.as_deref());
    object.optional("verified", actor.verified.as_deref());
    out.extend_from_slice(&object.finish());
}

fn stored_part(name: PartName, bytes: &[u8]) -> Result<Box<RawValue>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Stored { what: name.as_str() })?;
    RawValue::from_string(text.to_owned()).map_err(|_| Error::Stored { what: name.as_str() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementForm<'a> {
    #[serde(borrow)]
    tenant: Cow<'a, str>,
    #[serde(borrow)]
    actor: ActorForm<'a>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    category: Category,
    outcome: Option<Outcome>,
    #[serde(borrow)]
    target: TargetForm<'a>,
    severity: Severity,
    classification: Classification,
    retention: Option<String>,
    duration_us: Option<u64>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    reason: Option<String>,
    #[serde(borrow)]
    parent: Option<Cow<'a, str>>,
    session: Option<String>,
    conversation: Option<String>,
    project: Option<String>,
    trace: Option<String>,
    #[serde(default)]
    redactions: Vec<Redaction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorForm<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    kind: ActorKind,
    name: Option<String>,
    on_behalf_of: Option<String>,
    claimed: Option<String>,
    verified: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetForm<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    kind: TargetKind,
}

impl StatementForm<'_> {
    fn into_record(
        self,
        id: Uuid,
        operation: Option<Uuid>,
        phase: Phase,
        occurred: Timestamp,
        parts: BTreeMap<PartName, Box<RawValue>>,
    ) -> Result<(Record, Vec<Redaction>), Error> {
        let parent = self.parent.map(|text| text.parse().map_err(|_| Error::Stored { what: "statement" }));
        let record = Record {
            id,
            tenant: self.tenant.into_owned(),
            operation,
            phase,
            occurred,
            parent: parent.transpose()?,
            session: self.session,
            conversation: self.conversation,
            project: self.project,
            trace: self.trace,
            actor: Actor {
                id: self.actor.id.into_owned(),
                kind: self.actor.kind,
                name: self.actor.name,
                on_behalf_of: self.actor.on_behalf_of,
                claimed: self.actor.claimed,
                verified: self.actor.verified,
            },
            action: self.action.into_owned(),
            category: self.category,
            outcome: self.outcome,
            duration_us: self.duration_us,
            target: Target { id: self.target.id.into_owned(), kind: self.target.kind },
            source: self.source.into_owned(),
            reason: self.reason,
            tags: self.tags,
            severity: self.severity,
            classification: self.classification,
            retention: self.retention,
            parts,
        };
        Ok((record, self.redactions))
    }
}
