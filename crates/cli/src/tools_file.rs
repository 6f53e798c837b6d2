//! `tools.toml`: which tools a tenant has. It lies in the home of whoever runs the program, never in a project: a
//! stranger's project could name a server of its own, and a file whose content it wants to have.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::workflow::{Agents, Hands, Models, NoHands};
use sealbook_flow::{Embeddings, Keys, MediaFiles, Places, Recovery, Registry, Secrets, SystemTime, Time, ToolsConfig};
use sealbook_policy::Policy;
use sealbook_store::{Knowledge, Ledger, tenant_directory};
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::failure::Failure;
use crate::media::MediaDirectory;
use crate::model_file::{home, private};
use crate::servers::Servers;

/// Longer than any such file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The tools of a tenant, and the secrets that calls of them may name.
pub(crate) struct Tools {
    pub(crate) registry: Registry,
    pub(crate) secrets: Arc<dyn Secrets>,
    /// The models that agents may ask.
    pub(crate) models: Models,
}

/// Agents that ask the models of the configuration and call its tools, and go on where this book says that they were.
pub(crate) fn agents(
    models: Models,
    tools: &Arc<Registry>,
    secrets: &Arc<dyn Secrets>,
    recovery: &Recovery,
    tenant: &str,
    policy: Arc<Policy>,
    ledger: &Arc<Ledger>,
) -> Arc<dyn Hands> {
    let (tools, secrets, others) = (Arc::clone(tools), Arc::clone(secrets), Arc::new(NoHands));
    let agents = Agents::new(models, policy, tenant, tools, recovery.clone(), secrets, others);
    Arc::new(agents.remembering(Arc::clone(ledger)))
}

/// Files beside the configuration that nobody else may read.
#[derive(Clone)]
struct Beside(PathBuf);

impl Keys for Beside {
    fn read(&self, file: &str) -> Result<Zeroizing<String>, &'static str> {
        private(&self.0.join(file))
    }
}

/// The configuration, read, and what it is used with.
pub(crate) struct ToolsFile {
    pub(crate) config: ToolsConfig,
    path: PathBuf,
    places: Places,
    time: Arc<dyn Time>,
}

/// Reads the configuration: the file that was given, else the tenant's in the home. Where that is none, there are the
/// tools that come with the program, and none of them can be called.
pub(crate) fn read(environment: &Environment, given: Option<&Path>, tenant: &str) -> Result<Tools, Failure> {
    let file = open(environment, given, tenant)?;
    let (keys, time) = (file.keys(), &file.time);
    let registry = file.config.registry_in(&keys, time, &file.places).map_err(|cause| file.at(cause))?;
    let models = file.config.models(&keys, time).map_err(|cause| file.at(cause))?;
    let secrets: Arc<dyn Secrets> = Arc::new(file.config.secrets(keys));
    Ok(Tools { registry, secrets, models })
}

/// The configuration alone, as [`read`] finds it.
pub(crate) fn open(environment: &Environment, given: Option<&Path>, tenant: &str) -> Result<ToolsFile, Failure> {
    let path = match given {
        Some(path) => environment.absolute(path),
        None => home(environment)?.join(name(tenant)),
    };
    let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
    let mut text = String::new();
    match File::open(&path) {
        Ok(file) => drop(file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?),
        Err(cause) if cause.kind() == ErrorKind::NotFound && given.is_none() => {}
        Err(cause) => return Err(failed(cause)),
    }
    let config = ToolsConfig::read(&text).map_err(|cause| Failure::from(cause).at(path.display().to_string()))?;
    let beside = path.parent().unwrap_or(&path);
    let media = config.media_directory().map(|directory| beside.join(directory));
    let places = Places {
        knowledge: Some(knowledge(environment, tenant)?),
        media: media.map(|directory| Arc::new(MediaDirectory::new(directory)) as Arc<dyn MediaFiles>),
        launch: Some(Arc::new(Servers::new(beside.to_owned()))),
    };
    Ok(ToolsFile { config, path, places, time: Arc::new(SystemTime::default()) })
}

/// A tenant's documents: beside the books, in a file of its own.
pub(crate) fn knowledge(environment: &Environment, tenant: &str) -> Result<Knowledge, Failure> {
    let state = environment.state_home.as_ref().map(|home| home.join("sealbook"));
    let home = environment.sealbook_home.clone().or(state).ok_or(Failure::HomeUnknown)?;
    let file = tenant_directory(tenant).ok_or_else(|| {
        let what = format!("{:?} cannot name a tenant", tenant.chars().take(40).collect::<String>());
        Failure::usage(what, "give a name of 1 to 80 bytes")
    })?;
    Ok(Knowledge::at(home.join("knowledge").join(format!("{file}.db"))))
}

impl ToolsFile {
    /// The model that makes vectors of documents, where one is configured.
    pub(crate) fn embeddings(&self) -> Result<Option<Embeddings>, Failure> {
        self.config.embeddings(&self.keys(), &self.time).map_err(|cause| self.at(cause))
    }

    fn keys(&self) -> Beside {
        Beside(self.path.parent().unwrap_or(&self.path).to_owned())
    }

    fn at(&self, cause: sealbook_flow::Error) -> Failure {
        Failure::from(cause).at(self.path.display().to_string())
    }
}

/// Each tenant has a file of its own, so that no tool of one is another's.
fn name(tenant: &str) -> String {
    if tenant == "default" { "tools.toml".to_owned() } else { format!("tools.{tenant}.toml") }
}
