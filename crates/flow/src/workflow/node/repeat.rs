//! `loop`: steps are repeated for each element of a list, within a bound.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Node, TEXT_BYTES_MAX, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::expression::source;
use crate::workflow::scope::Scope;
use crate::workflow::uses::Uses;

/// Rounds of one loop.
const ITERATIONS_MAX: u32 = 10_000;
const BODY_MAX: usize = 64;

/// What happens where the list is longer than the bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Excess {
    /// The node fails before its first round.
    #[default]
    Fail,
    /// It ends at the bound; what is left is not looked at.
    Stop,
}

/// Runs its steps, one after the other, for each element of a list. It gives the list of what the last step gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// The list: a path, or a CEL expression.
    pub iteration_source: String,
    /// The steps. They see `item` and `index`, and what earlier steps of the round gave.
    #[schemars(with = "Vec<crate::workflow::schema::AnyNode>")]
    pub loop_body: Vec<Node>,
    /// How many rounds there may be.
    #[serde(default = "hundred")]
    pub max_iterations: u32,
    /// What happens where there would be more.
    #[serde(default)]
    pub on_excess: Excess,
    /// A CEL expression over `result` (what the round gave), `item` and `index`: where it is true, the loop ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

const fn hundred() -> u32 {
    100
}

impl Loop {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_text("/iteration_source", &self.iteration_source, TEXT_BYTES_MAX)?;
        if !(1..=ITERATIONS_MAX).contains(&self.max_iterations) {
            return Err(format!("/max_iterations: {} rounds; say 1 to {ITERATIONS_MAX}", self.max_iterations));
        }
        if self.loop_body.len() > BODY_MAX {
            return Err(format!("/loop_body: {} steps; {BODY_MAX} at most, or a sub-workflow", self.loop_body.len()));
        }
        Ok(())
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        uses.source("/iteration_source", &self.iteration_source);
        if let Some(until) = &self.until {
            uses.expression("/until", until, &["result", "item", "index"]);
        }
        if self.loop_body.is_empty() {
            uses.problem("/loop_body", "a loop repeats at least one step; add one");
        }
    }

    /// What it goes through.
    pub fn items(&self, scope: &Scope) -> Result<Vec<Value>, WorkflowError> {
        let unfit = |why: String| WorkflowError::DataUnfit { at: "iteration_source".to_owned(), why };
        let Value::Array(mut items) = source(&self.iteration_source, scope).map_err(unfit)? else {
            return Err(unfit("this is no list; a loop goes through a list".to_owned()));
        };
        let most = self.max_iterations as usize;
        if items.len() > most {
            if self.on_excess == Excess::Fail {
                return Err(unfit(format!(
                    "the list has {} elements, where `max_iterations` is {most}; raise it, or say `on_excess: stop`",
                    items.len()
                )));
            }
            items.truncate(most);
        }
        Ok(items)
    }

    pub(super) fn tells(&self) -> String {
        let mut told = format!(
            "repeats {} for each element of `{}`, at most {} times",
            super::saga::named(&self.loop_body),
            super::tool::brief(&self.iteration_source),
            self.max_iterations
        );
        if let Some(until) = &self.until {
            let _ = write!(told, ", until `{}`", super::tool::brief(until));
        }
        told
    }
}
