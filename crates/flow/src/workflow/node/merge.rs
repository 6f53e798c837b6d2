//! `merge`: branches come together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::workflow::error::{WorkflowError, shown};
use crate::workflow::uses::Uses;

/// When it goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// When every branch that was taken is done; one that failed makes the run fail.
    #[default]
    All,
    /// When the first is done. Those that failed are left out, as long as one can still be done.
    Any,
    /// When `count` are done.
    N,
    /// When every branch ended, done or failed.
    Settled,
}

/// What it makes of what the branches gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reducer {
    /// A map: the id of each branch's last node, and what it gave.
    #[default]
    Object,
    /// A list, in the order of the edges.
    List,
    /// The lists of all, one behind the other.
    Concat,
    /// The maps of all in one. Two that say different things of a member are an error.
    Union,
    /// What the first gave, in the order of the edges.
    First,
    /// The sum of numbers.
    Sum,
}

/// Joins branches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// When it goes on.
    #[serde(default)]
    pub join: Join,
    /// How many must be done, for `n`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What it makes of what they gave.
    #[serde(default)]
    pub reducer: Reducer,
}

impl Merge {
    pub(super) fn bounds(&self) -> Result<(), String> {
        match (self.join, self.count) {
            (Join::N, None) => Err("/count: it is missing; say how many branches must be done".to_owned()),
            (Join::N, Some(0)) => Err("/count: 0 branches; say 1 or more".to_owned()),
            (Join::N, Some(_)) | (_, None) => Ok(()),
            _ => Err("/count: only the join `n` has one; leave it out".to_owned()),
        }
    }

    #[expect(clippy::unused_self, reason = "as every other config")]
    pub(super) fn uses(&self, _: &mut Uses) {}

    /// How many of so many branches must be done before it goes on.
    pub fn wants(&self, branches: usize) -> usize {
        match self.join {
            Join::All => branches,
            Join::Any => branches.min(1),
            Join::N => self.count.map_or(branches, |count| count as usize),
            Join::Settled => 0,
        }
    }

    /// Whether a branch may fail.
    pub const fn bears_failure(&self) -> bool {
        !matches!(self.join, Join::All)
    }

    /// What it makes of what the branches gave, in the order of the edges.
    pub fn reduce(&self, given: &[(String, Value)]) -> Result<Value, WorkflowError> {
        let unfit = |id: &str, why: &str| WorkflowError::DataUnfit {
            at: "reducer".to_owned(),
            why: format!("`{}` {why}", shown(id)),
        };
        Ok(match self.reducer {
            Reducer::Object => Value::Object(given.iter().cloned().collect()),
            Reducer::List => given.iter().map(|(_, value)| value.clone()).collect(),
            Reducer::First => given.first().map_or(Value::Null, |(_, value)| value.clone()),
            Reducer::Concat => {
                let mut all = Vec::new();
                for (id, value) in given {
                    let items = value.as_array().ok_or_else(|| unfit(id, "gave no list; `concat` joins lists"))?;
                    all.extend(items.iter().cloned());
                }
                Value::Array(all)
            }
            Reducer::Union => {
                let mut all = Map::new();
                for (id, value) in given {
                    let members = value.as_object().ok_or_else(|| unfit(id, "gave no map; `union` joins maps"))?;
                    for (name, member) in members {
                        if all.get(name).is_some_and(|other| other != member) {
                            return Err(WorkflowError::MergeConflict { at: "reducer".to_owned(), member: shown(name) });
                        }
                        all.insert(name.clone(), member.clone());
                    }
                }
                Value::Object(all)
            }
            Reducer::Sum => {
                if let Some((id, _)) = given.iter().find(|(_, value)| !value.is_number()) {
                    return Err(unfit(id, "gave no number; `sum` adds numbers"));
                }
                sum(given.iter().map(|(_, value)| value))
                    .ok_or_else(|| unfit("sum", "is no number that JSON knows; it is too large"))?
            }
        })
    }

    pub(super) fn tells(&self) -> String {
        let when = match self.join {
            Join::All => "waits for all branches that were taken".to_owned(),
            Join::Any => "goes on with the first branch that is done".to_owned(),
            Join::N => format!("goes on when {} branches are done", self.count.unwrap_or(1)),
            Join::Settled => "waits until every branch ended, done or failed".to_owned(),
        };
        let what = match self.reducer {
            Reducer::Object => "a map of what they gave",
            Reducer::List => "a list of what they gave",
            Reducer::Concat => "one list of their lists",
            Reducer::Union => "one map of their maps; where two differ, it fails",
            Reducer::First => "what the first of them gave",
            Reducer::Sum => "the sum of what they gave",
        };
        format!("{when}, and gives {what}")
    }
}

/// Whole numbers stay whole.
fn sum<'v>(values: impl Iterator<Item = &'v Value> + Clone) -> Option<Value> {
    let whole = values.clone().try_fold(0_i64, |sum, value| sum.checked_add(value.as_i64()?));
    whole.map(Value::from).or_else(|| {
        let sum: f64 = values.filter_map(Value::as_f64).sum();
        serde_json::Number::from_f64(sum).map(Value::Number)
    })
}
