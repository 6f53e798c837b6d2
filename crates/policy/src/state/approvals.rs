//! Approvals: a person's word on exactly these bytes.

use std::collections::BTreeMap;

use sealbook_ledger::Hash;
use sealbook_record::{Timestamp, Uuid};

/// A call that waits for a person, or may go on once one has said so: who calls what with which bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The actor's id.
    pub caller: String,
    /// The server, or whatever else runs the tool.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// SHA-256 of the argument bytes exactly as they came.
    pub arguments: Hash,
    /// The rules under which it was asked: [`crate::RuleSet::digest`].
    pub policy: Hash,
}

/// What a person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Choice {
    Approve,
    Deny,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Id of the record that requested it, by which it is named.
    pub id: Uuid,
    /// Its place.
    pub seq: u64,
    /// What is to be approved.
    pub call: Call,
    /// Until when a yes counts.
    pub expires: Timestamp,
    /// SHA-256 over all of it.
    pub digest: Hash,
    /// What was said, by whom and why.
    pub decided: Option<(Choice, String, Option<String>)>,
    /// The record that used it up.
    pub used: Option<Uuid>,
}

/// Every request that is not over, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approvals {
    open: BTreeMap<Uuid, Approval>,
}

impl Approvals {
    /// The request of that id.
    pub fn get(&self, id: Uuid) -> Option<&Approval> {
        self.open.get(&id)
    }

    /// Every request that is kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Approval> {
        self.open.values()
    }

    /// An approved, unused request for exactly this call, which has not expired.
    pub fn admits(&self, call: &Call, now: Timestamp) -> Option<&Approval> {
        self.open.values().find(|approval| {
            approval.call == *call
                && approval.used.is_none()
                && now < approval.expires
                && matches!(approval.decided, Some((Choice::Approve, ..)))
        })
    }
}
