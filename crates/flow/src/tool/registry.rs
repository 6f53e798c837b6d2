//! The tools there are, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::source::{Sourced, listed};
use super::{Availability, Tool, ToolInfo, ToolSource};
use crate::Error;
use crate::canonical;

/// Tools of one registry.
const TOOLS_MAX: usize = 10_000;
/// Letters of a name: as MCP has it, and `/` between a server and its tool.
const NAME_CHARS_MAX: usize = 128;

/// The tools that can be called, each under one name.
#[derive(Clone, Default)]
pub struct Registry {
    own: BTreeMap<String, Registered>,
    /// Those of others, by what their names begin with. They are asked when they are wanted.
    sources: BTreeMap<String, Arc<Sourced>>,
    /// What tools must be, by their names.
    pins: BTreeMap<String, String>,
}

#[derive(Clone)]
pub(super) struct Registered {
    pub(super) tool: Arc<dyn Tool>,
    pub(super) pin: String,
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
        let name = tool.info().name.clone();
        self.check(&name)?;
        self.own.insert(name, Registered::new(tool));
        Ok(())
    }

    /// Adds whatever tools somebody has; who it is, is asked for them when one is wanted.
    ///
    /// Errors: [`Error::ToolInvalid`], as [`Registry::add`].
    pub fn add_source(&mut self, source: Arc<dyn ToolSource>) -> Result<(), Error> {
        let name = source.name().to_owned();
        self.check(&name)?;
        if name.contains('/') {
            return Err(Error::ToolInvalid { tool: name, why: "a server's name has no `/`" });
        }
        self.sources.insert(name, Arc::new(Sourced::new(source)));
        Ok(())
    }

    /// Says what a tool must be: while its pin is another, it is not called.
    pub fn require(&mut self, name: &str, pin: &str) {
        self.pins.insert(name.to_owned(), pin.to_owned());
    }

    /// The pin that a tool must have, where one is required.
    pub fn required(&self, name: &str) -> Option<&str> {
        self.pins.get(name).map(String::as_str)
    }

    /// The tool of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.registered(name).map(|registered| &registered.tool)
    }

    /// The digest over what is declared of the tool of this name.
    pub fn pin(&self, name: &str) -> Option<&str> {
        self.registered(name).map(|registered| registered.pin.as_str())
    }

    /// All of them, by name.
    pub fn list(&self) -> impl Iterator<Item = Listed<'_>> {
        let own = self.own.iter().map(|(name, registered)| (name.as_str(), registered));
        let all: BTreeMap<&str, &Registered> = own.chain(self.sources.values().flat_map(|it| it.list())).collect();
        all.into_iter().map(|(name, registered)| listed(registered, self.pins.get(name)))
    }

    /// What there is to say of the tool of this name.
    pub fn describe(&self, name: &str) -> Option<Listed<'_>> {
        self.registered(name).map(|registered| listed(registered, self.pins.get(name)))
    }

    fn registered(&self, name: &str) -> Option<&Registered> {
        self.own.get(name).or_else(|| {
            let source = name.split_once('/').map_or(name, |(source, _)| source);
            self.sources.get(source)?.get(name)
        })
    }

    fn check(&self, name: &str) -> Result<(), Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        if !is_name(name) {
            return Err(invalid("a name is 1 to 128 letters, digits, `_`, `-`, `.` and `/`"));
        }
        if self.own.len() + self.sources.len() >= TOOLS_MAX {
            return Err(invalid("there are 10,000 tools already; configure fewer servers"));
        }
        if self.own.contains_key(name) || self.sources.contains_key(name) {
            return Err(invalid("another tool has this name; give one of their servers another name"));
        }
        Ok(())
    }
}

/// Whether it is a tool's name.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(fits)
}

impl Registered {
    pub(super) fn new(tool: Arc<dyn Tool>) -> Self {
        let pin = canonical::digest(&serde_json::to_value(tool.info()).expect("its keys are texts"));
        Self { tool, pin }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.own.keys().chain(self.sources.keys())).finish()
    }
}
