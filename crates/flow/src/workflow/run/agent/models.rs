//! The models that agents may ask, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Chat;
use crate::workflow::definition::Definition;
use crate::workflow::node::{Config, Node};

/// What an agent that prefers no model asks.
const DEFAULT: &str = "default";

/// Models by the names that `model_preference` knows them by.
#[derive(Clone, Default)]
pub struct Models(BTreeMap<String, Arc<dyn Chat>>);

impl Models {
    /// No models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a model. The one named `default`, or the only one, is asked where nothing is preferred.
    pub fn add(&mut self, name: impl Into<String>, model: Arc<dyn Chat>) {
        self.0.insert(name.into(), model);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The model that is preferred. None stands in for one that is not there.
    pub(super) fn choose(&self, preferred: Option<&str>) -> Result<Arc<dyn Chat>, String> {
        let found = match preferred {
            Some(name) => self.0.get(name),
            None => self.0.get(DEFAULT).or_else(|| self.0.values().next().filter(|_| self.0.len() == 1)),
        };
        found.cloned().ok_or_else(|| self.missing(preferred))
    }

    /// What agents of a workflow want and is not there, before it runs.
    pub fn problems(&self, definition: &Definition) -> Vec<String> {
        let mut problems = Vec::new();
        self.look_at(definition.nodes(), &mut problems);
        problems
    }

    fn look_at(&self, nodes: &[Node], problems: &mut Vec<String>) {
        for node in nodes {
            if let Config::Agent(agent) = &node.config
                && let Err(why) = self.choose(agent.model_preference.as_deref())
            {
                problems.push(format!("'{}': {why}", node.name));
            }
            self.look_at(node.config.body(), problems);
        }
    }

    fn missing(&self, preferred: Option<&str>) -> String {
        let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
        match (preferred, known.as_slice()) {
            (_, []) => "no model is configured; add a table [model.default] to tools.toml".to_owned(),
            (Some(name), known) => {
                let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                format!("there is no model named {name}; there are {}", known.join(", "))
            }
            (None, known) => format!(
                "it prefers no model, and none is named `default`; say `model_preference`: one of {}",
                known.join(", ")
            ),
        }
    }
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
