//! The tools there are, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{Availability, Tool, ToolInfo};
use crate::Error;
use crate::digest::digest_of;

/// Tools of one registry.
const TOOLS_MAX: usize = 10_000;
/// Letters of a name: as MCP has it, and `/` between a server and its tool.
const NAME_CHARS_MAX: usize = 128;

/// The tools that can be called, each under one name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Registered>);

#[derive(Clone)]
struct Registered {
    tool: Arc<dyn Tool>,
    pin: String,
}

/// A tool as it is listed.
#[derive(Debug, Clone, Serialize)]
pub struct Listed<'r> {
    /// What is declared of it.
    #[serde(flatten)]
    pub info: &'r ToolInfo,
    /// SHA-256 over what is declared of it, lower hex.
    pub pin: &'r str,
    /// Whether it can be called here and now.
    #[serde(flatten)]
    pub availability: Availability,
}

impl Registry {
    /// No tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool.
    ///
    /// Errors: [`Error::ToolInvalid`], where its name is none, is taken, or there are too many.
    pub fn add(&mut self, tool: Arc<dyn Tool>) -> Result<(), Error> {
        let info = tool.info();
        let name = info.name.clone();
        let invalid = |why| Error::ToolInvalid { tool: name.clone(), why };
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(fits) {
            return Err(invalid("a name is 1 to 128 letters, digits, `_`, `-`, `.` and `/`"));
        }
        if self.0.len() >= TOOLS_MAX {
            return Err(invalid("there are 10,000 tools already; configure fewer servers"));
        }
        if self.0.contains_key(&name) {
            return Err(invalid("another tool has this name; give one of their servers another name"));
        }
        let pin = digest_of(&serde_json::to_value(info).expect("its keys are texts"));
        self.0.insert(name, Registered { tool, pin });
        Ok(())
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.0.get(name).map(|registered| &registered.tool)
    }

    /// The digest over what is declared of the tool of this name.
    pub fn pin(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|registered| registered.pin.as_str())
    }

    /// All of them, by name.
    pub fn list(&self) -> impl Iterator<Item = Listed<'_>> {
        self.0.values().map(Registered::listed)
    }

    /// What there is to say of the tool of this name.
    pub fn describe(&self, name: &str) -> Option<Listed<'_>> {
        self.0.get(name).map(Registered::listed)
    }
}

impl Registered {
    fn listed(&self) -> Listed<'_> {
        Listed { info: self.tool.info(), pin: &self.pin, availability: self.tool.availability() }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
