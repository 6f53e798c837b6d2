//! `saga`: steps that are all done, or taken back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Node, check_seconds};
use crate::workflow::uses::Uses;

const BODY_MAX: usize = 64;

/// Runs its steps one after the other. Where one fails, those before it are taken back, the last first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saga {
    /// The steps.
    #[schemars(with = "Vec<crate::workflow::schema::AnyNode>")]
    pub saga_body: Vec<Node>,
    /// How long the steps may last together. Taking back has a time of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
}

impl Saga {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_seconds("/timeout_s", self.timeout_s)?;
        if self.saga_body.len() > BODY_MAX {
            return Err(format!("/saga_body: {} steps; {BODY_MAX} at most", self.saga_body.len()));
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        if self.saga_body.is_empty() {
            uses.problem("/saga_body", "a saga has at least one step; add one");
        }
    }

    pub(super) fn tells(&self) -> String {
        format!("does {} in this order, and takes back what was done where one fails", named(&self.saga_body))
    }
}

/// The names of nodes, quoted.
pub(crate) fn named<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> String {
    let names: Vec<String> = nodes.into_iter().map(|node| format!("“{}”", node.name)).collect();
    match names.split_last() {
        None => "nothing".to_owned(),
        Some((one, [])) => one.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
