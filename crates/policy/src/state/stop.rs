//! The emergency stop.

mod tool;

use std::fmt;
use std::str::FromStr;

use sealbook_ledger::Hash;
use sealbook_record::{PartName, Record, TargetKind, Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::{UNKNOWN, UNREADABLE, UNSIGNED};
use crate::limits::NAME_BYTES_MAX;

/// What a stop is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum StopKind {
    All,
    Tenant,
    Actor,
    Session,
    Tool,
    Workflow,
}

impl StopKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::All, Self::Tenant, Self::Actor, Self::Session, Self::Tool, Self::Workflow];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tenant => "tenant",
            Self::Actor => "actor",
            Self::Session => "session",
            Self::Tool => "tool",
            Self::Workflow => "workflow",
        }
    }
}

/// Fails with the word it is not: nothing.
impl FromStr for StopKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Whom or what a stop halts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopScope {
    /// The kind.
    pub kind: StopKind,
    /// Which one; empty where the kind is `all`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

impl StopScope {
    /// Everything.
    pub fn all() -> Self {
        Self { kind: StopKind::All, id: String::new() }
    }

    /// A scope that something can run into.
    ///
    /// Errors: why nothing ever will, and what to write instead.
    pub fn named(kind: StopKind, id: &str) -> Result<Self, &'static str> {
        match kind {
            StopKind::All if id.is_empty() => {}
            StopKind::All => return Err("everything has no name; leave it out"),
            StopKind::Tool => tool::check(id)?,
            _ if id.trim().is_empty() => return Err("it is empty; say which one"),
            _ if id.trim() != id => return Err("it begins or ends with a blank; leave that out"),
            _ if id.len() > NAME_BYTES_MAX => return Err("it is longer than any name in a record"),
            _ => {}
        }
        Ok(Self { kind, id: id.to_owned() })
    }

    /// Where it holds, where its name alone does not say so.
    pub fn reach(&self) -> Option<String> {
        (self.kind == StopKind::Tool).then(|| tool::reach(&self.id))
    }

    /// Whether an action runs into it.
    ///
    /// An actor is meant by id, claim, authenticated principal or principal; a tool by each name that a way in has
    /// for it, whole or after any `/`; a workflow by its target's id or its operation.
    pub fn covers(&self, record: &Record) -> bool {
        let is = |text: &Option<String>| text.as_deref() == Some(&*self.id);
        let target = &record.target;
        match self.kind {
            StopKind::All => true,
            StopKind::Tenant => record.tenant == self.id,
            StopKind::Actor => {
                let actor = &record.actor;
                actor.id == self.id || is(&actor.claimed) || is(&actor.verified) || is(&actor.on_behalf_of)
            }
            StopKind::Session => is(&record.session) || is(&record.conversation),
            StopKind::Tool => tool::is_called(&self.id, record),
            StopKind::Workflow => {
                (target.kind == TargetKind::Workflow && target.id == self.id)
                    || record.operation.is_some_and(|operation| operation.to_string() == self.id)
            }
        }
    }

    /// The part `input` of a record that sets or lifts it.
    pub fn to_json(&self) -> String {
        serde_json::json!({ "scope": self }).to_string()
    }

    /// The scope that the part `input` of a stop or its lifting names.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        #[derive(Deserialize)]
        struct Form {
            scope: StopScope,
        }
        let input = record.part(PartName::Input)?;
        serde_json::from_str::<Form>(input.get()).ok().map(|form| form.scope)
    }
}

impl fmt::Display for StopScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StopKind::All => f.write_str("everything"),
            kind => write!(f, "{} {}", kind.as_str(), self.id),
        }
    }
}

/// Anyone may stop; a second stop of the same scope changes nothing. One whose scope cannot be read stops
/// everything: nobody gets around it by what is missing.
pub(super) fn set(stops: &mut Vec<Stop>, seq: u64, sealed: Timestamp, record: &Record) {
    let scope = StopScope::of(record).unwrap_or_else(StopScope::all);
    if !stops.iter().any(|stop| stop.scope == scope) {
        let (by, reason) = (record.actor.id.clone(), record.reason.clone());
        stops.push(Stop { id: record.id, seq, scope, by, reason, at: sealed });
    }
}

/// Only an approver lifts one.
pub(super) fn lift(stops: &mut Vec<Stop>, record: &Record, approver: Option<Hash>) -> Result<(), &'static str> {
    approver.ok_or(UNSIGNED)?;
    let scope = StopScope::of(record).ok_or(UNREADABLE)?;
    let before = stops.len();
    stops.retain(|stop| stop.scope != scope);
    if stops.len() < before { Ok(()) } else { Err(UNKNOWN) }
}

/// A stop that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The record that set it.
    pub id: Uuid,
    /// Its place.
    pub seq: u64,
    /// What it halts.
    pub scope: StopScope,
    /// Who set it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// When, as claimed by the seal.
    pub at: Timestamp,
}
