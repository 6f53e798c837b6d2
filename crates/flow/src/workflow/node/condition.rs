//! `condition`: one of two branches is taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{TEXT_BYTES_MAX, check_text};
use crate::workflow::error::WorkflowError;
use crate::workflow::expression::Code;
use crate::workflow::path::Path;
use crate::workflow::scope::Scope;
use crate::workflow::template::render;
use crate::workflow::uses::Uses;

const BRANCH_BYTES_MAX: usize = 64;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConditionType {
    /// Whether the field is the expected value. Numbers are equal by their value.
    Equals,
    /// Whether a text or a list holds the expected value.
    Contains,
    /// Whether a number is greater than the expected one.
    Greater,
    /// Whether the field is there, and not null.
    Exists,
    /// Whether a CEL expression is true.
    Expression,
}

/// Takes one of two branches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is asked.
    pub condition_type: ConditionType,
    /// What it is asked of: a path, as `inputs.order.total` or `nodes.look_up.rows[0].id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_path: Option<String>,
    /// What it is compared with; a text may be a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_value: Option<Value>,
    /// The expression, for `expression`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The branch of the edges that are taken where it is so.
    #[serde(default = "yes")]
    pub true_branch: String,
    /// The branch of the edges that are taken where it is not.
    #[serde(default = "no")]
    pub false_branch: String,
}

fn yes() -> String {
    "true".to_owned()
}

fn no() -> String {
    "false".to_owned()
}

impl Condition {
    pub(super) fn bounds(&self) -> Result<(), String> {
        for (at, branch) in [("/true_branch", &self.true_branch), ("/false_branch", &self.false_branch)] {
            check_text(at, branch, BRANCH_BYTES_MAX)?;
            if branch.is_empty() {
                return Err(format!("{at}: it is empty; name the branch"));
            }
        }
        if self.true_branch == self.false_branch {
            return Err("/false_branch: both branches have one name; name them apart".to_owned());
        }
        check_text("/expression", self.expression.as_deref().unwrap_or_default(), TEXT_BYTES_MAX)?;
        let is_expression = self.condition_type == ConditionType::Expression;
        let wants_value = !is_expression && self.condition_type != ConditionType::Exists;
        match (is_expression, &self.expression, &self.field_path, &self.expected_value) {
            (true, None, ..) => Err("/expression: it is missing; say what must be true".to_owned()),
            (true, Some(_), None, None) => Ok(()),
            (true, Some(_), ..) => {
                Err("/expression: it says everything; leave out `field_path` and `expected_value`".to_owned())
            }
            (false, Some(_), ..) => Err("/expression: only the type `expression` has one; leave it out".to_owned()),
            (false, None, None, _) => Err("/field_path: it is missing; say what is looked at".to_owned()),
            (false, None, Some(_), None) if wants_value => {
                Err("/expected_value: it is missing; say what it is compared with".to_owned())
            }
            (false, None, Some(_), Some(_)) if !wants_value => {
                Err("/expected_value: `exists` compares with nothing; leave it out".to_owned())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        if let Some(path) = &self.field_path {
            uses.path("/field_path", path, self.condition_type == ConditionType::Exists);
        }
        if let Some(value) = &self.expected_value {
            uses.templates("/expected_value", value, &[]);
        }
        if let Some(text) = &self.expression {
            uses.expression("/expression", text, &[]);
        }
    }

    /// The branch that is taken.
    pub fn branch(&self, scope: &Scope) -> Result<&str, WorkflowError> {
        Ok(if self.holds(scope)? { &self.true_branch } else { &self.false_branch })
    }

    fn holds(&self, scope: &Scope) -> Result<bool, WorkflowError> {
        if let Some(text) = &self.expression {
            let failed = |why: String| WorkflowError::ExpressionFailed { at: "expression".to_owned(), why };
            return match Code::compile(text).and_then(|code| code.evaluate(scope)).map_err(failed)? {
                Value::Bool(holds) => Ok(holds),
                _ => Err(failed("it says neither true nor false; compare something in it".to_owned())),
            };
        }
        let unfit = |why: String| WorkflowError::DataUnfit { at: "field_path".to_owned(), why };
        let path = Path::read(self.field_path.as_deref().unwrap_or_default()).map_err(unfit)?;
        if self.condition_type == ConditionType::Exists {
            return Ok(path.find(scope).is_ok_and(|value| !value.is_null()));
        }
        let actual = path.find(scope).map_err(unfit)?;
        let expected = render("expected_value", self.expected_value.as_ref().unwrap_or(&Value::Null), scope)?;
        match (self.condition_type, &actual, &expected) {
            (ConditionType::Equals, ..) => Ok(is_same(&actual, &expected)),
            (ConditionType::Contains, Value::String(text), Value::String(word)) => Ok(text.contains(word.as_str())),
            (ConditionType::Contains, Value::Array(items), _) => Ok(items.iter().any(|item| is_same(item, &expected))),
            (ConditionType::Contains, ..) => Err(unfit(
                "`contains` looks for a text in a text, or for a value in a list; this is neither".to_owned(),
            )),
            (_, Value::Number(left), Value::Number(right)) => Ok(is_greater(left, right)),
            _ => Err(unfit("`greater` compares numbers; one of the two is none".to_owned())),
        }
    }

    pub(super) fn tells(&self) -> String {
        let field = self.field_path.as_deref().unwrap_or_default();
        let expected =
            self.expected_value.as_ref().map(|value| super::tool::brief(&value.to_string())).unwrap_or_default();
        let asked = match self.condition_type {
            ConditionType::Equals => format!("`{field}` is {expected}"),
            ConditionType::Contains => format!("`{field}` holds {expected}"),
            ConditionType::Greater => format!("`{field}` is greater than {expected}"),
            ConditionType::Exists => format!("`{field}` is there"),
            ConditionType::Expression => format!("`{}`", self.expression.as_deref().unwrap_or_default()),
        };
        format!("takes the branch “{}” if {asked}, else “{}”", self.true_branch, self.false_branch)
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn is_greater(left: &serde_json::Number, right: &serde_json::Number) -> bool {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left > right,
        _ => left.as_f64() > right.as_f64(),
    }
}
