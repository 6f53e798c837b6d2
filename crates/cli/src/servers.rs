//! Starting MCP servers that `tools.toml` names: each with the few variables that any program needs, and its own.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use sealbook_flow::{Launch, Launched, McpProgram};
use sealbook_gate::Served;
use tokio::net::unix::pipe;

/// Where programs are found, where a person's own files lie, and how texts and times are written.
static PASSED_ON: &[&str] = &["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"];

/// Starts programs of a configuration.
pub(crate) struct Servers {
    environment: Vec<(OsString, OsString)>,
    /// Beside the configuration, and never in a project: a program could find a stranger's settings there.
    directory: PathBuf,
}

impl Servers {
    pub(crate) fn new(directory: PathBuf) -> Self {
        let passed_on = PASSED_ON.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)));
        Self { environment: passed_on.collect(), directory }
    }
}

impl Launch for Servers {
    fn launch(&self, program: &McpProgram) -> Result<Launched, String> {
        let own = program.environment.iter().map(|(name, value)| (name.into(), value.as_str().into()));
        let environment: Vec<(OsString, OsString)> = self.environment.iter().cloned().chain(own).collect();
        let directory =
            program.directory.as_ref().map_or_else(|| self.directory.clone(), |own| self.directory.join(own));
        let started = Served::start(program.command.as_ref(), &program.arguments, &environment, &directory);
        let (alive, to, from) = started.map_err(|cause| format!("it cannot be started: {}", cause.kind()))?;
        let lost = |_| "its pipes are none".to_owned();
        let input = pipe::Sender::from_owned_fd(OwnedFd::from(to)).map_err(lost)?;
        let output = pipe::Receiver::from_owned_fd(OwnedFd::from(from)).map_err(lost)?;
        Ok(Launched { input: Box::new(input), output: Box::new(output), alive: Box::new(alive) })
    }
}
