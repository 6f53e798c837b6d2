//! The record: one thing that happened, or is about to.

use std::collections::BTreeMap;

use sealbook_ledger::Phase;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{ActorKind, Category, Classification, Error, Outcome, Severity, TargetKind, Timestamp};

/// The tenant of a record that names none.
pub const DEFAULT_TENANT: &str = "default";

/// Who acts. What the caller claims and what was authenticated are two fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Stable identifier, never empty; `unknown` where nobody was named.
    pub id: String,
    /// What sort of actor.
    pub kind: ActorKind,
    /// Name for people.
    pub name: Option<String>,
    /// The principal for whom the actor acts.
    pub on_behalf_of: Option<String>,
    /// What the caller said of itself, unchecked.
    pub claimed: Option<String>,
    /// The principal that was authenticated, where one was.
    pub verified: Option<String>,
}

impl Actor {
    /// The id of an actor that nobody named.
    pub const UNKNOWN: &'static str = "unknown";

    /// An actor of which the id and the kind are known.
    pub fn new(kind: ActorKind, id: impl Into<String>) -> Self {
        Self { id: id.into(), kind, name: None, on_behalf_of: None, claimed: None, verified: None }
    }

    /// Nobody was named. Such a record is kept and flagged, never skipped.
    pub fn unknown() -> Self {
        Self::new(ActorKind::Unknown, Self::UNKNOWN)
    }
}

/// What an action was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Path, name or id, in the target kind's own form.
    pub id: String,
    /// What sort of target.
    pub kind: TargetKind,
}

impl Target {
    /// A target of the kind, by its id.
    pub fn new(kind: TargetKind, id: impl Into<String>) -> Self {
        Self { id: id.into(), kind }
    }
}

/// A named piece of content that is committed to on its own.
///
/// The order is the order of the names, which is also their order in a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PartName {
    After,
    Before,
    Context,
    Error,
    Findings,
    Input,
    Metadata,
    Result,
    Violations,
}

impl PartName {
    /// Every content part, in leaf order. `statement` is not one: it is made from the record's fields.
    pub const ALL: &'static [Self] = &[
        Self::After,
        Self::Before,
        Self::Context,
        Self::Error,
        Self::Findings,
        Self::Input,
        Self::Metadata,
        Self::Result,
        Self::Violations,
    ];

    /// The name in leaves, JSON and command lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Before => "before",
            Self::Context => "context",
            Self::Error => "error",
            Self::Findings => "findings",
            Self::Input => "input",
            Self::Metadata => "metadata",
            Self::Result => "result",
            Self::Violations => "violations",
        }
    }
}

impl std::str::FromStr for PartName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|part| part.as_str() == text).ok_or_else(|| Error::Vocabulary {
            field: "part",
            allowed: Self::ALL.iter().map(|part| part.as_str()).collect::<Vec<_>>().join(", "),
        })
    }
}

impl std::fmt::Display for PartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One record, in the words of the domain. Parts are JSON text, kept as given:
/// numbers keep their digits, objects their duplicate keys and their order.
#[derive(Debug, Clone)]
pub struct Record {
    /// `UUIDv7` unless a dialect brings its own.
    pub id: Uuid,
    /// Whose ledger.
    pub tenant: String,
    /// What several records tell together.
    pub operation: Option<Uuid>,
    /// `intent`, `outcome` or `event`.
    pub phase: Phase,
    /// When it happened, as claimed by the caller.
    pub occurred: Timestamp,
    /// The record this one answers or annotates.
    pub parent: Option<Uuid>,
    /// Agent or user session.
    pub session: Option<String>,
    /// Conversation.
    pub conversation: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// W3C traceparent.
    pub trace: Option<String>,
    /// Who.
    pub actor: Actor,
    /// Dotted verb: `file.write`, `git.commit`.
    pub action: String,
    /// Closed set.
    pub category: Category,
    /// How it ended; absent on an intent, and where nothing was said of it.
    pub outcome: Option<Outcome>,
    /// Duration in microseconds.
    pub duration_us: Option<u64>,
    /// To what.
    pub target: Target,
    /// Which program or source reported it.
    pub source: String,
    /// Why.
    pub reason: Option<String>,
    /// Free labels, sorted and unique once sealed.
    pub tags: Vec<String>,
    /// Weight.
    pub severity: Severity,
    /// Who may see the content.
    pub classification: Classification,
    /// Name of the retention class.
    pub retention: Option<String>,
    /// Content, each part JSON text.
    pub parts: BTreeMap<PartName, Box<RawValue>>,
}

impl Record {
    /// Something that happened, without an intent before it: tenant `default`, category `other`,
    /// severity `info`, classification `internal`, source `sealbook`, no content.
    pub fn event(id: Uuid, actor: Actor, action: impl Into<String>, target: Target, occurred: Timestamp) -> Self {
        Self {
            id,
            tenant: DEFAULT_TENANT.to_owned(),
            operation: None,
            phase: Phase::Event,
            occurred,
            parent: None,
            session: None,
            conversation: None,
            project: None,
            trace: None,
            actor,
            action: action.into(),
            category: Category::Other,
            outcome: None,
            duration_us: None,
            target,
            source: "sealbook".to_owned(),
            reason: None,
            tags: Vec::new(),
            severity: Severity::Info,
            classification: Classification::Internal,
            retention: None,
            parts: BTreeMap::new(),
        }
    }

    /// The JSON text of a part.
    pub fn part(&self, name: PartName) -> Option<&RawValue> {
        self.parts.get(&name).map(Box::as_ref)
    }

    /// Sets a part from something that serialises to JSON.
    ///
    /// Errors: what the value's own `Serialize` reports, or a map with keys that are no text.
    pub fn set_part(&mut self, name: PartName, value: &(impl serde::Serialize + ?Sized)) -> serde_json::Result<()> {
        let raw = serde_json::value::to_raw_value(value)?;
        self.parts.insert(name, raw);
        Ok(())
    }

    /// Sets a part to bytes that may not be text: a JSON string, or `{"b64": …}`.
    pub fn set_part_bytes(&mut self, name: PartName, bytes: &[u8]) {
        self.parts.insert(name, crate::bytes_to_json(bytes));
    }

    /// Sets a part to a JSON text as it stands.
    ///
    /// Errors: the text is not one JSON value.
    pub fn set_part_json(&mut self, name: PartName, text: impl Into<String>) -> Result<(), Error> {
        let raw = RawValue::from_string(text.into()).map_err(|error| Error::Json {
            place: crate::Place { line: error.line(), column: error.column() },
            what: "syntax error",
        })?;
        self.parts.insert(name, raw);
        Ok(())
    }

    /// Whether nobody was named as actor.
    pub fn actor_unknown(&self) -> bool {
        self.actor.kind == ActorKind::Unknown
    }
}
