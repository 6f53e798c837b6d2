//! What is asked and what is answered, as bytes: digests, and the parts `input` of requests and decisions.

use sealbook_ledger::Hash;
use sealbook_record::{Timestamp, Uuid};
use serde::{Deserialize, Serialize};

use super::Choice;

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
    /// SHA-256 over whatever else the call is: its action, what it is done to and where, and all else that came with
    /// it. Requests of older versions have none, and admit nothing that has.
    pub whole: Option<Hash>,
    /// The rules under which it was asked: [`crate::RuleSet::digest`].
    pub policy: Hash,
}

/// What a review wants to be so before a call goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    /// The review: id of its record.
    pub review: Uuid,
    /// Each condition, as the review names it.
    pub texts: Vec<String>,
}

/// The part `input` of a request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestForm {
    pub(super) caller: String,
    pub(super) server: String,
    pub(super) tool: String,
    pub(super) arguments: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) whole: Option<Hash>,
    pub(super) policy: Hash,
    pub(super) expires_us: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) review: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) conditions: Vec<String>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) approvers: u32,
    pub(super) digest: Hash,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

/// The part `input` of a decision.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionForm {
    pub(super) decision: Choice,
    pub(super) digest: Hash,
    /// For each condition, in their order, how it is known to be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) met: Vec<String>,
}

impl Call {
    /// SHA-256(`sealbook/approval/v2\0` ‖ each text with its length before it ‖ the three hashes ‖ the end); with `v1`
    /// and two hashes where there is no `whole`.
    pub fn digest(&self, expires: Timestamp) -> Hash {
        let version = if self.whole.is_some() { 2 } else { 1 };
        let mut bytes = format!("sealbook/approval/v{version}\0").into_bytes();
        for text in [&self.caller, &self.server, &self.tool] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(self.arguments.as_bytes());
        bytes.extend(self.whole.iter().flat_map(Hash::as_bytes));
        bytes.extend_from_slice(self.policy.as_bytes());
        bytes.extend_from_slice(&expires.as_micros().to_be_bytes());
        Hash::of(&bytes)
    }

    /// The same under terms. Several approvers: SHA-256(`sealbook/approval-quorum/v1\0` ‖ the digest without them ‖
    /// how many, in four bytes).
    pub fn digest_with(&self, expires: Timestamp, conditions: Option<&Conditions>, approvers: u32) -> Hash {
        let digest = self.digest_under(expires, conditions);
        if approvers == 1 {
            return digest;
        }
        let mut bytes = b"sealbook/approval-quorum/v1\0".to_vec();
        bytes.extend_from_slice(digest.as_bytes());
        bytes.extend_from_slice(&approvers.to_be_bytes());
        Hash::of(&bytes)
    }

    /// Conditions of a review: SHA-256(`sealbook/approval-conditions/v1\0` ‖ the digest without them ‖ the review's
    /// id ‖ each condition with its length before it).
    fn digest_under(&self, expires: Timestamp, conditions: Option<&Conditions>) -> Hash {
        let Some(conditions) = conditions else { return self.digest(expires) };
        let mut bytes = b"sealbook/approval-conditions/v1\0".to_vec();
        bytes.extend_from_slice(self.digest(expires).as_bytes());
        bytes.extend_from_slice(conditions.review.as_bytes());
        for text in &conditions.texts {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        Hash::of(&bytes)
    }

    /// Who calls which tool of whom, as the part `input` of a request says it.
    pub fn names_in(request_json: &str) -> Option<[String; 3]> {
        let form: RequestForm = serde_json::from_str(request_json).ok()?;
        Some([form.caller, form.server, form.tool])
    }

    /// The part `input` of an `approval.requested`, whose actor is the caller.
    pub fn request_json(&self, expires: Timestamp) -> String {
        self.request_json_with(expires, None, 1)
    }

    /// The same, with conditions of a review, and so many approvers.
    pub fn request_json_with(&self, expires: Timestamp, conditions: Option<&Conditions>, approvers: u32) -> String {
        let form = RequestForm {
            caller: self.caller.clone(),
            server: self.server.clone(),
            tool: self.tool.clone(),
            arguments: self.arguments,
            whole: self.whole,
            policy: self.policy,
            expires_us: expires.as_micros().to_string(),
            review: conditions.map(|conditions| conditions.review.to_string()),
            conditions: conditions.map(|conditions| conditions.texts.clone()).unwrap_or_default(),
            approvers,
            digest: self.digest_with(expires, conditions, approvers),
        };
        serde_json::to_string(&form).expect("texts are JSON")
    }
}

impl Choice {
    /// The part `input` of an `approval.decided`, whose parent is the request.
    pub fn decision_json(self, digest: Hash) -> String {
        self.decision_json_with(digest, Vec::new())
    }

    /// The same, with how each condition is known to be met, in their order.
    pub fn decision_json_with(self, digest: Hash, met: Vec<String>) -> String {
        serde_json::to_string(&DecisionForm { decision: self, digest, met }).expect("texts are JSON")
    }
}
