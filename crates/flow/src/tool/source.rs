//! Tools that somebody else has: they are asked which those are when one of them is wanted for the first time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use sealbook_record::Category;
use serde_json::Value;

use super::registry::{Listed, Registered, is_name};
use super::{Availability, Compensation, Deed, Effect, Reversal, Schema, Tool, ToolCall, ToolInfo};
use crate::{Fault, Pending};

/// Somebody who has tools.
pub trait ToolSource: Send + Sync {
    /// What its tools' names begin with, before a `/`.
    fn name(&self) -> &str;
    /// What it is, for people.
    fn backend(&self) -> String;
    /// Asks for its tools; this may wait.
    ///
    /// Errors: why it cannot be asked, and the mend; no content.
    fn tools(&self) -> Result<Vec<Arc<dyn Tool>>, String>;
}

/// A source, and what it gave. It is asked again only where it did not answer.
pub(super) struct Sourced {
    source: Arc<dyn ToolSource>,
    found: OnceLock<BTreeMap<String, Registered>>,
    /// What stands for each of its tools while it does not answer.
    dead: Registered,
    why: Arc<Mutex<Option<String>>>,
}

/// A source that does not answer.
struct Dead {
    info: ToolInfo,
    why: Arc<Mutex<Option<String>>>,
}

impl Sourced {
    pub(super) fn new(source: Arc<dyn ToolSource>) -> Self {
        let why = Arc::new(Mutex::new(None));
        let info = ToolInfo {
            name: source.name().to_owned(),
            description: "The tools of a server that does not answer".to_owned(),
            backend: source.backend(),
            effect: Effect::Unsafe,
            reversal: Reversal::Irreversible,
            input: Schema::anything(),
            output: None,
        };
        let dead = Registered::new(Arc::new(Dead { info, why: Arc::clone(&why) }));
        Self { source, found: OnceLock::new(), dead, why }
    }

    /// A tool of it by its whole name.
    pub(super) fn get(&self, name: &str) -> Option<&Registered> {
        match self.found() {
            Some(found) => found.get(name),
            None => Some(&self.dead),
        }
    }

    /// All of them; what stands for them where it does not answer.
    pub(super) fn list(&self) -> Vec<(&str, &Registered)> {
        match self.found() {
            Some(found) => found.iter().map(|(name, registered)| (name.as_str(), registered)).collect(),
            None => vec![(self.source.name(), &self.dead)],
        }
    }

    fn found(&self) -> Option<&BTreeMap<String, Registered>> {
        if let Some(found) = self.found.get() {
            return Some(found);
        }
        match self.source.tools().and_then(|tools| self.named(tools)) {
            Ok(found) => Some(self.found.get_or_init(|| found)),
            Err(why) => {
                *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                None
            }
        }
    }

    fn named(&self, tools: Vec<Arc<dyn Tool>>) -> Result<BTreeMap<String, Registered>, String> {
        let mut found = BTreeMap::new();
        for tool in tools {
            let name = tool.info().name.clone();
            let is_its_own = name.strip_prefix(self.source.name()).is_some_and(|rest| rest.starts_with('/'));
            if !is_name(&name) || !is_its_own {
                let why = "it has a tool whose name is more than letters, digits, `_`, `-`, `.` and `/`, or too long";
                return Err(why.to_owned());
            }
            if found.insert(name, Registered::new(tool)).is_some() {
                return Err("it has two tools of one name".to_owned());
            }
        }
        Ok(found)
    }
}

impl Tool for Dead {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, _: &Value) -> Deed {
        let (effect, reversal) = (self.info.effect, self.info.reversal);
        Deed { action: "tool.call".to_owned(), category: Category::ToolCall, effect, reversal }
    }

    fn availability(&self) -> Availability {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        Availability::no(why.clone().unwrap_or_else(|| "its server does not answer".to_owned()))
    }

    fn call<'a>(&'a self, _: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        let why = self.availability().why.unwrap_or_default();
        Box::pin(std::future::ready(Err(Fault::permanent(why))))
    }

    fn compensation(&self, _: &Value, _: &Value) -> Compensation {
        Compensation::Nothing
    }
}

impl std::fmt::Debug for Sourced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sourced").field("name", &self.source.name()).finish_non_exhaustive()
    }
}

/// How a registered tool is listed, with the pin that it must have.
pub(super) fn listed<'r>(registered: &'r Registered, expected: Option<&String>) -> Listed<'r> {
    let mut availability = registered.tool.availability();
    if availability.available && expected.is_some_and(|pin| *pin != registered.pin) {
        let why = "it is not what it was when it was pinned: look at it, and pin it anew where the change is right";
        availability = Availability::no(why);
    }
    Listed { info: registered.tool.info(), pin: &registered.pin, availability }
}
