//! `tools.toml`: which tools a tenant has. It lies in the home of whoever runs the program, never in a project: a
//! stranger's project could name a server of its own, and a file whose content it wants to have.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::workflow::{Agents, Hands, Models, NoHands};
use sealbook_flow::{Keys, Launch, Recovery, Registry, Secrets, SystemTime, Time, ToolsConfig};
use sealbook_policy::Policy;
use sealbook_store::Ledger;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::failure::Failure;
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

/// Reads the configuration: the file that was given, else the tenant's in the home. Where that is none, there are the
/// tools that come with the program, and none of them can be called.
pub(crate) fn read(environment: &Environment, given: Option<&Path>, tenant: &str) -> Result<Tools, Failure> {
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
    let at = |cause: sealbook_flow::Error| Failure::from(cause).at(path.display().to_string());
    let config = ToolsConfig::read(&text).map_err(at)?;
    let beside = path.parent().unwrap_or(&path).to_owned();
    let launch: Arc<dyn Launch> = Arc::new(Servers::new(beside.clone()));
    let keys = Beside(beside);
    let time: Arc<dyn Time> = Arc::new(SystemTime::default());
    let registry = config.registry_with(&keys, &time, Some(&launch)).map_err(at)?;
    let models = config.models(&keys, &time).map_err(at)?;
    let secrets: Arc<dyn Secrets> = Arc::new(config.secrets(keys));
    Ok(Tools { registry, secrets, models })
}

/// Each tenant has a file of its own, so that no tool of one is another's.
fn name(tenant: &str) -> String {
    if tenant == "default" { "tools.toml".to_owned() } else { format!("tools.{tenant}.toml") }
}
