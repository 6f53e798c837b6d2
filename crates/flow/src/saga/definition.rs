//! A saga as data: what is done, in which order, and what takes each step back.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::binding::{misfit, path_of};
use crate::canonical;
use crate::tool::{Registry, Reversal};
use crate::{Error, Retry};

/// Bytes of a definition.
const BYTES_MAX: usize = 1 << 20;
/// Steps of a saga.
const STEPS_MAX: usize = 1_000;
const NAME_CHARS_MAX: usize = 64;
const RETRIES_MAX: u32 = 100;
/// 31 days.
const SECONDS_MAX: u64 = 31 * 24 * 3600;

/// A saga.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SagaDefinition {
    /// What people call it.
    pub name: String,
    /// The steps, in the order in which they are done.
    pub steps: Vec<SagaStep>,
    /// What becomes of a saga that does something irreversible before something that can fail.
    #[serde(default, skip_serializing_if = "Order::is_default")]
    pub order: Order,
}

/// What becomes of a saga that does something irreversible before something that can fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// It is refused.
    #[default]
    Strict,
    /// It is warned about.
    Warn,
}

impl Order {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    fn is_default(&self) -> bool {
        *self == Self::Strict
    }
}

/// A step: a call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SagaStep {
    /// Its name, by which later steps point at it.
    pub name: String,
    /// The tool that is called.
    pub tool: String,
    /// What it is given. `$.inputs.…` and `$.steps.NAME.result.…` stand for what lies there.
    #[serde(default = "nothing")]
    pub input: Value,
    /// What takes it back, where that is not what the tool says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<Compensator>,
    /// It cannot be taken back, whatever its tool says, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub irreversible: Option<Irreversible>,
    /// The point of no return: once it is done, the saga goes forward only, and nothing of it is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pivot: bool,
    /// It waits before this step until `saga resume` lets it go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ask_first: bool,
    /// How often it is tried again; 3 retries are 4 attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// How long all its attempts may last together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<u64>,
}

/// Why a step cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Irreversible {
    /// Whether that is so.
    Said(bool),
    /// It is so, and why.
    Because(String),
}

impl Irreversible {
    /// Why, where it is so.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Said(false) => None,
            Self::Said(true) => Some("the saga says that it cannot be taken back"),
            Self::Because(why) => Some(why),
        }
    }
}

/// The call that takes a step back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compensator {
    /// The tool; the step's own compensation where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What it is given: `$.input.…` and `$.result.…` are those of the step, `$.inputs.…` and `$.steps.NAME.…` as in
    /// inputs of steps.
    #[serde(default = "nothing", skip_serializing_if = "Value::is_null")]
    pub input: Value,
    /// How often it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// How long all its attempts may last together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_s: Option<u64>,
}

fn nothing() -> Value {
    Value::Object(Map::new())
}

/// What there is to say of a saga before it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SagaProblems {
    /// What keeps it from running.
    pub errors: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl SagaDefinition {
    /// Reads a definition.
    ///
    /// Errors: [`Error::SagaInvalid`], with the place.
    pub fn read(text: &str) -> Result<Self, Error> {
        let invalid = |at: String, why: String| Error::SagaInvalid { at, why };
        if text.len() > BYTES_MAX {
            return Err(invalid(String::new(), format!("it has {} bytes, where {BYTES_MAX} may be", text.len())));
        }
        let definition: Self = {
            let mut reader = serde_json::Deserializer::from_str(text);
            let read = serde_path_to_error::deserialize(&mut reader)
                .map_err(|cause| invalid(cause.path().to_string(), cause.inner().to_string()))?;
            reader.end().map_err(|cause| invalid(String::new(), cause.to_string()))?;
            read
        };
        definition.check()?;
        Ok(definition)
    }

    /// The same for a definition that was built.
    ///
    /// Errors: as [`SagaDefinition::read`].
    pub fn check(&self) -> Result<(), Error> {
        let invalid = |at: String, why: &str| Err(Error::SagaInvalid { at, why: why.to_owned() });
        if self.name.is_empty() || self.name.chars().count() > 200 {
            return invalid("name".to_owned(), "a name has 1 to 200 letters");
        }
        if self.steps.is_empty() || self.steps.len() > STEPS_MAX {
            return invalid("steps".to_owned(), "a saga has 1 to 1,000 steps");
        }
        for (index, step) in self.steps.iter().enumerate() {
            let at = |field: &str| format!("steps[{index}].{field}");
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if step.name.is_empty() || step.name.len() > NAME_CHARS_MAX || !step.name.chars().all(fits) {
                return invalid(at("name"), "a name is 1 to 64 letters, digits, `_` and `-`");
            }
            if self.steps[..index].iter().any(|other| other.name == step.name) {
                return invalid(at("name"), "another step has this name");
            }
            let before = &self.steps[..index];
            if let Some(text) = misfit(&step.input, &|text| points(text, before)) {
                let why = "points neither into `$.inputs` nor into `$.steps.NAME` of a step before; correct it";
                return invalid(at("input"), &format!("`{}` {why}", shown(text)));
            }
            let undo = step.compensation.as_ref();
            let of_undo = |text: &str| {
                path_of(text, "$.input").or_else(|| path_of(text, "$.result")).is_some() || points(text, before)
            };
            if let Some(text) = undo.and_then(|undo| misfit(&undo.input, &of_undo)) {
                let why = "points into nothing that is known then: `$.input`, `$.result`, `$.inputs`, `$.steps.NAME`";
                return invalid(at("compensation.input"), &format!("`{}` {why}", shown(text)));
            }
            if step.irreversible.as_ref().and_then(Irreversible::why).is_some()
                && undo.is_some_and(|undo| undo.tool.is_some())
            {
                return invalid(at("irreversible"), "it has a compensation too; leave one of them out");
            }
            let retries = [step.retries, undo.and_then(|undo| undo.retries)];
            if retries.into_iter().flatten().any(|retries| retries > RETRIES_MAX) {
                return invalid(at("retries"), "at most 100");
            }
            let seconds = [step.deadline_s, undo.and_then(|undo| undo.deadline_s)];
            if seconds.into_iter().flatten().any(|seconds| !(1..=SECONDS_MAX).contains(&seconds)) {
                return invalid(at("deadline_s"), "say a time between 1 second and 31 days");
            }
        }
        Ok(())
    }

    /// What there is to say of it, where these are the tools: tools that are not there, and what is irreversible and
    /// done before something that can fail.
    pub fn problems(&self, tools: &Registry) -> SagaProblems {
        let mut problems = SagaProblems::default();
        let named = |step: &SagaStep| {
            let undo = step.compensation.as_ref().and_then(|undo| undo.tool.clone());
            std::iter::once(step.tool.clone()).chain(undo)
        };
        for step in &self.steps {
            for tool in named(step).filter(|tool| tools.get(tool).is_none()) {
                problems.errors.push(format!(
                    "step `{}`: there is no tool `{tool}`; `sealbook tool list` shows those there are",
                    step.name
                ));
            }
        }
        let pivot = self.steps.iter().position(|step| step.pivot).unwrap_or(usize::MAX);
        for (index, step) in self.steps.iter().enumerate() {
            let Some(why) = irreversible(step, tools) else { continue };
            let rest = self.steps.get(index + 1..).unwrap_or_default();
            let risky = rest.iter().find(|later| !is_harmless(later, tools));
            let (Some(risky), false, false) = (risky, step.ask_first, index >= pivot) else { continue };
            let told = format!(
                "step `{}` cannot be taken back ({why}), and `{}` after it can fail; put it last, or make it the \
                 `pivot`, or let it `ask_first`",
                step.name, risky.name
            );
            match self.order {
                Order::Strict => problems.errors.push(told),
                Order::Warn => problems.warnings.push(told),
            }
        }
        problems
    }

    /// SHA-256 over the definition, lower hex.
    pub fn digest(&self) -> String {
        canonical::digest(&serde_json::to_value(self).expect("its keys are texts"))
    }

    /// The step of this name, and which it is.
    pub fn step(&self, name: &str) -> Option<(usize, &SagaStep)> {
        self.steps.iter().enumerate().find(|(_, step)| step.name == name)
    }
}

impl SagaStep {
    /// A call of a tool, and nothing else said.
    pub fn new(name: impl Into<String>, tool: impl Into<String>, input: Value) -> Self {
        Self {
            name: name.into(),
            tool: tool.into(),
            input,
            compensation: None,
            irreversible: None,
            pivot: false,
            ask_first: false,
            retries: None,
            deadline_s: None,
        }
    }

    pub(super) fn retry(&self, retry: Retry) -> Retry {
        own(retry, self.retries, self.deadline_s)
    }

    pub(super) fn undo_retry(&self, retry: Retry) -> Retry {
        match &self.compensation {
            Some(undo) => own(retry, undo.retries, undo.deadline_s),
            None => retry,
        }
    }
}

fn own(mut retry: Retry, retries: Option<u32>, seconds: Option<u64>) -> Retry {
    retry.retries = retries.unwrap_or(retry.retries);
    retry.deadline = seconds.map_or(retry.deadline, Duration::from_secs);
    retry
}

/// Whether a text stands for itself or for something that is known.
fn points(text: &str, before: &[SagaStep]) -> bool {
    if !text.starts_with("$.") || path_of(text, "$.inputs").is_some() {
        return true;
    }
    let Some((name, rest)) = step_of(text) else { return false };
    let is_part = path_of(rest, "result").or_else(|| path_of(rest, "input")).is_some();
    is_part && before.iter().any(|step| step.name == name)
}

/// The step that a text points at, and what follows.
pub(super) fn step_of(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("$.steps.")?.split_once('.')
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn is_harmless(step: &SagaStep, tools: &Registry) -> bool {
    tools.get(&step.tool).is_some_and(|tool| tool.deed(&step.input).effect.is_harmless())
}

/// Why a step cannot be taken back, as far as that is known before.
fn irreversible(step: &SagaStep, tools: &Registry) -> Option<String> {
    if let Some(why) = step.irreversible.as_ref().and_then(Irreversible::why) {
        return Some(why.to_owned());
    }
    let is_overridden = step.compensation.as_ref().is_some_and(|undo| undo.tool.is_some());
    let reversal = tools.get(&step.tool).map(|tool| tool.deed(&step.input).reversal);
    (reversal == Some(Reversal::Irreversible) && !is_overridden).then(|| format!("its tool `{}` says so", step.tool))
}
