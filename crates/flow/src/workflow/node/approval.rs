//! `approval`: a person says yes or no.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NAME_BYTES_MAX, TEXT_BYTES_MAX, check_seconds, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::text;
use crate::workflow::uses::Uses;

const APPROVERS_MAX: usize = 64;

/// Waits until persons have said yes to what was shown to them, or one has said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What they are asked, with templates.
    pub message: String,
    /// Whose yes counts; without one, every approver's but that of whoever began the run.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// How many must say yes.
    #[serde(default = "one")]
    pub quorum: u32,
    /// After which time it is a no.
    #[serde(default = "day")]
    pub expires_s: u64,
}

const fn one() -> u32 {
    1
}

const fn day() -> u64 {
    86_400
}

impl Approval {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_text("/message", &self.message, TEXT_BYTES_MAX)?;
        if self.message.trim().is_empty() {
            return Err("/message: it is empty; say what is to be approved".to_owned());
        }
        check_seconds("/expires_s", Some(self.expires_s))?;
        if self.approvers.len() > APPROVERS_MAX {
            return Err(format!("/approvers: {} of them; {APPROVERS_MAX} at most", self.approvers.len()));
        }
        for (index, name) in self.approvers.iter().enumerate() {
            check_text(&format!("/approvers/{index}"), name, NAME_BYTES_MAX)?;
            if self.approvers[..index].contains(name) {
                return Err(format!("/approvers/{index}: it stands twice; one person has one yes"));
            }
        }
        let most = if self.approvers.is_empty() { APPROVERS_MAX } else { self.approvers.len() };
        if self.quorum == 0 || self.quorum as usize > most {
            return Err(format!("/quorum: {}; say 1 to {most}", self.quorum));
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        uses.template("/message", &self.message, &[]);
    }

    /// What persons are asked.
    pub fn asked(&self, scope: &Scope) -> Result<String, WorkflowError> {
        text("message", &self.message, scope)
    }

    pub(super) fn tells(&self) -> String {
        let who = match (&self.approvers[..], self.quorum) {
            ([], 1) => "an approver".to_owned(),
            ([], quorum) => format!("{quorum} approvers"),
            (names, quorum) if quorum as usize == names.len() => names.join(" and "),
            (names, quorum) => format!("{quorum} of {}", names.join(", ")),
        };
        format!(
            "waits for a yes from {who} to “{}”, {} at most",
            super::tool::brief(&self.message),
            super::wait::lasting(self.expires_s)
        )
    }
}
