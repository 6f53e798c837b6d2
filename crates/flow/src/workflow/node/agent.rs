//! `agent`: a language model works on a task.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{NAME_BYTES_MAX, TEXT_BYTES_MAX, check_retries, check_seconds, check_text};
use crate::Schema;
use crate::workflow::error::WorkflowError;
use crate::workflow::scope::Scope;
use crate::workflow::template::text;
use crate::workflow::uses::Uses;

const TOOLS_MAX: usize = 128;
const TURNS_MAX: u32 = 64;

/// What sort of agent it is: what it is told that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentType {
    /// Plans a project.
    Planner,
    /// Writes code.
    Coder,
    /// Reviews code.
    Reviewer,
    /// Analyses.
    Analyst,
    /// What `prompt` says.
    Custom,
}

impl AgentType {
    /// What stands before the task.
    pub const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Planner => Some("You are a project planner. Create a detailed plan for:"),
            Self::Coder => Some("You are a software developer. Write code for:"),
            Self::Reviewer => Some("You are a code reviewer. Review and provide feedback on:"),
            Self::Analyst => Some("You are a business analyst. Analyze:"),
            Self::Custom => None,
        }
    }
}

/// A language model works on a task, with tools where it is given some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// What sort of agent it is.
    pub agent_type: AgentType,
    /// Its task, with templates.
    pub task_template: String,
    /// What it is told before its task, for `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Which model it should be, where there is a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_preference: Option<String>,
    /// Names of the tools that it may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// How often it may answer or call tools before it must be done.
    #[serde(default = "eight")]
    pub max_turns: u32,
    /// What its answer must be, as JSON Schema: it then gives data, and not a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_schema: Option<Value>,
    /// How many tokens its model may read and write in all, as the provider counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_max: Option<u64>,
    /// How often a call of the model is tried again.
    #[serde(default = "super::tool::three")]
    pub retry_count: u32,
    /// How long all of it may last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// How long one call of the model may last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_timeout_s: Option<u64>,
}

const fn eight() -> u32 {
    8
}

impl Agent {
    pub(super) fn bounds(&self) -> Result<(), String> {
        check_text("/task_template", &self.task_template, TEXT_BYTES_MAX)?;
        check_text("/model_preference", self.model_preference.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
        check_retries(self.retry_count)?;
        check_seconds("/timeout_s", self.timeout_s)?;
        check_seconds("/attempt_timeout_s", self.attempt_timeout_s)?;
        if self.tools.len() > TOOLS_MAX {
            return Err(format!("/tools: {} tools; {TOOLS_MAX} at most", self.tools.len()));
        }
        if !(1..=TURNS_MAX).contains(&self.max_turns) {
            return Err(format!("/max_turns: {} turns; say 1 to {TURNS_MAX}", self.max_turns));
        }
        if let Some(schema) = &self.answer_schema {
            Schema::new(schema.clone()).map_err(|error| format!("/answer_schema: {error}"))?;
        }
        match (self.agent_type, &self.prompt) {
            (AgentType::Custom, None) => {
                Err("/prompt: a custom agent has a prompt; say what it is, or take another type".to_owned())
            }
            (AgentType::Custom, Some(_)) | (_, None) => Ok(()),
            _ => Err("/prompt: only a custom agent has a prompt; leave it out".to_owned()),
        }
    }

    pub(super) fn uses(&self, uses: &mut Uses) {
        uses.template("/task_template", &self.task_template, &[]);
        if let Some(prompt) = &self.prompt {
            uses.template("/prompt", prompt, &[]);
        }
        for (index, tool) in self.tools.iter().enumerate() {
            uses.tool(&format!("/tools/{index}"), tool, None);
        }
    }

    /// What the model is asked.
    pub fn asked(&self, scope: &Scope) -> Result<String, WorkflowError> {
        let task = text("task_template", &self.task_template, scope)?;
        Ok(match (self.agent_type.prefix(), &self.prompt) {
            (Some(prefix), _) => format!("{prefix} {task}"),
            (None, Some(prompt)) => format!("{}\n\n{task}", text("prompt", prompt, scope)?),
            (None, None) => task,
        })
    }

    pub(super) fn tells(&self) -> String {
        let what = match self.agent_type {
            AgentType::Planner => "lets a model plan",
            AgentType::Coder => "lets a model write code for",
            AgentType::Reviewer => "lets a model review",
            AgentType::Analyst => "lets a model analyse",
            AgentType::Custom => "lets a model work on",
        };
        let mut told = format!("{what} “{}”", super::tool::brief(&self.task_template));
        if !self.tools.is_empty() {
            let _ = write!(told, ", with the tools {}", self.tools.join(", "));
        }
        told
    }
}
