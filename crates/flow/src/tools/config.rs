//! `tools.toml`: which tools there are, whom they speak to, and where their keys lie. No key stands in it.

mod calendar;
mod email;
mod endpoint;
mod knowledge;
mod mcp;
mod messages;
mod model;
mod openai;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealbook_store::Knowledge;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::absent::{Absent, KNOWN};
use super::knowledge::Embeddings;
use super::mcp::Launch;
use super::media::{AnalyzeImage, MediaFiles, NoFiles, TextToSpeech, TranscribeAudio};
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
    knowledge_base: Option<knowledge::Form>,
    chatwoot: Option<messages::ChatwootForm>,
    sms: Option<messages::SmsForm>,
    media: Option<Media>,
    transcribe_audio: Option<openai::Form>,
    analyze_image: Option<openai::Form>,
    text_to_speech: Option<openai::Form>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    directory: String,
}

/// What a tenant's tools may reach of this machine.
#[derive(Clone, Default)]
pub struct Places {
    /// Its documents.
    pub knowledge: Option<Knowledge>,
    /// The files below the directory that the table `[media]` names.
    pub media: Option<Arc<dyn MediaFiles>>,
    /// What starts servers that are programs.
    pub launch: Option<Arc<dyn Launch>>,
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
    places: &'a Places,
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
        self.registry_in(keys, time, &Places::default())
    }

    /// The same, with what lies in these places: documents, recordings and pictures.
    ///
    /// Errors: as [`ToolsConfig::registry`].
    pub fn registry_in(&self, keys: &dyn Keys, time: &Arc<dyn Time>, places: &Places) -> Result<Registry, Error> {
        let bench = Bench { secrets: &self.secrets, keys, time, places };
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
        self.add_messages(&mut tools, &bench)?;
        self.add_knowledge(&mut tools, &bench)?;
        self.add_media(&mut tools, &bench)?;
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
        let places = Places::default();
        let bench = Bench { secrets: &self.secrets, keys, time, places: &places };
        let mut models = Models::new();
        for (name, form) in &self.model {
            models.add(name, Arc::new(form.build(name, &bench)?));
        }
        Ok(models)
    }

    /// The directory that the table `[media]` names.
    pub fn media_directory(&self) -> Option<&str> {
        self.media.as_ref().map(|media| media.directory.as_str())
    }

    /// The model that makes vectors of the tenant's own documents, where there is one.
    ///
    /// Errors: it cannot be used; or the documents are not the tenant's own but a service's.
    pub fn embeddings(&self, keys: &dyn Keys, time: &Arc<dyn Time>) -> Result<Option<Embeddings>, Error> {
        let places = Places::default();
        let bench = Bench { secrets: &self.secrets, keys, time, places: &places };
        match &self.knowledge_base {
            Some(form) if !form.is_own() => {
                let why = "its documents are those of a service; add them there";
                Err(Error::ToolInvalid { tool: knowledge::TOOL.to_owned(), why })
            }
            Some(form) => form.embeddings(&bench),
            None => Ok(None),
        }
    }

    fn add_messages(&self, tools: &mut Registry, bench: &Bench<'_>) -> Result<(), Error> {
        for tool in self.chatwoot.iter().map(|form| form.build(bench)).collect::<Result<Vec<_>, _>>()?.concat() {
            tools.add(tool)?;
        }
        self.sms.iter().try_for_each(|form| tools.add(Arc::new(form.build(bench)?)))
    }

    /// Own documents need no table; an endpoint that is declared under the name is somebody's choice.
    fn add_knowledge(&self, tools: &mut Registry, bench: &Bench<'_>) -> Result<(), Error> {
        let built = match &self.knowledge_base {
            Some(form) => form.build(bench)?,
            None if tools.get(knowledge::TOOL).is_none() => knowledge::Form::default().build(bench)?,
            None => None,
        };
        built.map_or(Ok(()), |tool| tools.add(Arc::new(tool)))
    }

    fn add_media(&self, tools: &mut Registry, bench: &Bench<'_>) -> Result<(), Error> {
        let files = || bench.places.media.clone().unwrap_or_else(|| Arc::new(NoFiles));
        if let Some(form) = &self.transcribe_audio {
            tools.add(Arc::new(TranscribeAudio::new(form.build("transcribe_audio", bench)?, files())?))?;
        }
        if let Some(form) = &self.analyze_image {
            tools.add(Arc::new(AnalyzeImage::new(form.build("analyze_image", bench)?, files())?))?;
        }
        if let Some(form) = &self.text_to_speech {
            let voice = form.voice.as_deref().unwrap_or("alloy");
            tools.add(Arc::new(TextToSpeech::new(form.build("text_to_speech", bench)?, voice, files())?))?;
        }
        Ok(())
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
