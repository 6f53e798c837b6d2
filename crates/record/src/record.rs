//! The record: one thing that happened, or is about to.

use std::collections::BTreeMap;

use sealbook_ledger::Phase;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{ActorKind, Category, Classification, Outcome, Severity, TargetKind, Timestamp};

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

/// What an action was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Path, name or id, in the target kind's own form.
    pub id: String,
    /// What sort of target.
    pub kind: TargetKind,
}

/// A named piece of content that is committed to on its own.
///
/// The order is the order of the names, which is also their order in a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
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

/// One record, in the words of the domain. Parts are JSON text, kept as given:
/// numbers keep their digits, objects their duplicate keys and their order.
#[derive(Debug, Clone)]
pub struct Record {
    /// UUIDv7 unless a dialect brings its own.
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
    /// How it ended; absent on an intent.
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
