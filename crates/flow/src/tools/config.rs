//! `tools.toml`: which tools there are, whom they speak to, and where their keys lie. No key stands in it.

mod calendar;
mod email;
mod endpoint;
mod mcp;
mod model;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::absent::{Absent, KNOWN};
use super::mcp::Launch;
use super::undo::ToolUndo;
use crate::tool::{Effect, Registry};
use crate::workflow::Models;
use crate::{ApiKey, Error, Secrets, Time};

/// What begins a credential that is a file.
const FILE: &str = "file:";
/// What begins one that is a secret by its name.
const SECRET: &str = "secret://";

/// Reads a file that nobody else may read.
pub trait Keys: Send + Sync {
    /// The text of a file, by its path beside the configuration.
    ///
    /// Errors: why it cannot be read, and the mend; nothing of what is in it.
    fn read(&self, file: &str) -> Result<Zeroizing<String>, &'static str>;
}

/// The configuration, read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolsConfig {
    /// Secrets by their names: the files that hold them.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    email: Option<email::Form>,
    #[serde(default)]
    calendar: BTreeMap<String, calendar::Form>,
    #[serde(default)]
    http: BTreeMap<String, endpoint::Form>,
    #[serde(default)]
    mcp: BTreeMap<String, mcp::Form>,
    /// The models that agents may ask.
    #[serde(default)]
    model: BTreeMap<String, model::Form>,
    /// What tools must be: their pins, by their names.
    #[serde(default)]
    pins: BTreeMap<String, String>,
}

/// Where a key lies: `file:NAME` or `secret://NAME`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Credential(String);

/// The word for an effect.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Declared {
    Pure,
    Read,
    Idempotent,
    Unsafe,
}

/// A declared compensation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Compensate {
    tool: String,
    input: toml::Table,
}

/// What the tables are built with.
pub(super) struct Bench<'a> {
    secrets: &'a BTreeMap<String, String>,
    keys: &'a dyn Keys,
    time: &'a Arc<dyn Time>,
    launch: Option<&'a Arc<dyn Launch>>,
}

impl ToolsConfig {
    /// Reads a configuration. A key that is not known is refused.
    ///
    /// Errors: [`Error::ToolsInvalid`], which quotes no value.
    pub fn read(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let why = without_values(error.message().lines().next().unwrap_or("it is not TOML"));
            Error::ToolsInvalid { line: 1 + before.matches('\n').count(), why }
        })
    }

    /// The tools that it names, and those that come with the program and are named nowhere: they are listed, and
    /// cannot be called.
    ///
    /// Errors: what of it cannot be used, by the tool's name; a key that cannot be read.
    pub fn registry(&self, keys: &dyn Keys, time: &Arc<dyn Time>) -> Result<Registry, Error> {
        self.registry_with(keys, time, None)
    }

    /// The same, where servers that are programs may be started.
    ///
    /// Errors: as [`ToolsConfig::registry`].
    pub fn registry_with(
        &self,
        keys: &dyn Keys,
        time: &Arc<dyn Time>,
        launch: Option<&Arc<dyn Launch>>,
    ) -> Result<Registry, Error> {
        let bench = Bench { secrets: &self.secrets, keys, time, launch };
        let mut tools = Registry::new();
        if let Some(email) = &self.email {
            tools.add(Arc::new(email.build(&bench)?))?;
        }
        for (name, calendar) in &self.calendar {
            tools.add(Arc::new(calendar.build(name, &bench)?))?;
        }
        for (name, endpoint) in &self.http {
            tools.add(Arc::new(endpoint.build(name, &bench)?))?;
        }
        for (name, server) in &self.mcp {
            tools.add_source(Arc::new(server.build(name, &bench)?))?;
        }
        for (name, pin) in &self.pins {
            tools.require(name, pin);
        }
        for (name, does, table) in KNOWN {
            if tools.get(name).is_none() {
                tools.add(Arc::new(Absent::new(name, does, table)))?;
            }
        }
        Ok(tools)
    }

    /// The models that agents may ask, by their names.
    ///
    /// Errors: an endpoint or a key that cannot be used.
    pub fn models(&self, keys: &dyn Keys, time: &Arc<dyn Time>) -> Result<Models, Error> {
        let bench = Bench { secrets: &self.secrets, keys, time, launch: None };
        let mut models = Models::new();
        for (name, form) in &self.model {
            models.add(name, Arc::new(form.build(name, &bench)?));
        }
        Ok(models)
    }

    /// The secrets that calls may name, each read when it is asked for.
    pub fn secrets<'a>(&self, keys: impl Keys + 'a) -> impl Secrets + 'a {
        Named { files: self.secrets.clone(), keys }
    }
}

/// Secrets in files.
struct Named<K> {
    files: BTreeMap<String, String>,
    keys: K,
}

impl<K: Keys> Secrets for Named<K> {
    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        let text = self.keys.read(self.files.get(name)?).ok()?;
        Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

impl Bench<'_> {
    pub(super) fn key(&self, tool: &str, credential: &Credential) -> Result<ApiKey, Error> {
        let (name, text) = self.text(tool, credential)?;
        ApiKey::new(&name, &text)
    }

    /// A password, which may hold blanks and any letters.
    pub(super) fn password(&self, tool: &str, credential: &Credential) -> Result<Zeroizing<String>, Error> {
        let (_, text) = self.text(tool, credential)?;
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// A header's value: a key, behind the word that its scheme wants: `Bearer file:erp.key`.
    pub(super) fn header(&self, tool: &str, credential: &Credential) -> Result<Zeroizing<String>, Error> {
        let said = &credential.0;
        let (scheme, place) =
            said.split_once(' ').map_or(("", said.as_str()), |(scheme, place)| (scheme, place.trim()));
        let key = self.key(tool, &Credential(place.to_owned()))?;
        let gap = if scheme.is_empty() { "" } else { " " };
        Ok(Zeroizing::new(format!("{scheme}{gap}{}", key.expose())))
    }

    fn text(&self, tool: &str, credential: &Credential) -> Result<(String, Zeroizing<String>), Error> {
        let said = &credential.0;
        let file = match (said.strip_prefix(FILE), said.strip_prefix(SECRET)) {
            (Some(file), _) => file,
            (None, Some(name)) => {
                self.secrets.get(name).ok_or_else(|| Error::SecretMissing { name: name.to_owned() })?
            }
            (None, None) => {
                let why = "a key or password stands in tools.toml itself; put it in a file of mode 0600 and say \
                    `file:NAME` or `secret://NAME`";
                return Err(Error::ToolInvalid { tool: tool.to_owned(), why });
            }
        };
        let text = self.keys.read(file).map_err(|why| Error::ApiKeyUnusable { name: file.to_owned(), why })?;
        Ok((file.to_owned(), text))
    }
}

impl From<Declared> for Effect {
    fn from(declared: Declared) -> Self {
        match declared {
            Declared::Pure => Self::Pure,
            Declared::Read => Self::Read,
            Declared::Idempotent => Self::Idempotent,
            Declared::Unsafe => Self::Unsafe,
        }
    }
}

impl Compensate {
    pub(super) fn build(&self) -> Result<ToolUndo, Error> {
        ToolUndo::new(&self.tool, json_of(&self.input))
    }
}

/// A table as JSON.
pub(super) fn json_of(table: &toml::Table) -> serde_json::Value {
    serde_json::to_value(table).unwrap_or_default()
}

/// What TOML's reader says, without the values that it quotes: one of them may be a password.
fn without_values(message: &str) -> String {
    let mut parts = message.split('"');
    let first = parts.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = parts.collect();
    rest.chunks(2).fold(first, |told, pair| told + "…" + pair.get(1).unwrap_or(&""))
}
