//! `notify.toml`: who is told that a call waits. It lies in the home, never in a project: a stranger's project could
//! name an address of its own.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::model_file::private;

const NAME: &str = "notify.toml";
const FILE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    terminal: Option<bool>,
    webhook: Option<String>,
    webhook_file: Option<PathBuf>,
    desktop: Option<DesktopForm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DesktopForm {
    command: Vec<String>,
}

/// What is set up. Without a file: the terminal.
pub(crate) struct Config {
    pub(crate) terminal: bool,
    /// It may hold a secret.
    pub(crate) webhook: Option<Zeroizing<String>>,
    /// A program and its first arguments.
    pub(crate) desktop: Option<Vec<String>>,
}

impl Default for Config {
    fn default() -> Self {
        Self { terminal: true, webhook: None, desktop: None }
    }
}

impl Config {
    /// What `notify.toml` in a home says.
    pub(crate) fn read(home: Option<&Path>) -> Result<Self, Failure> {
        let Some(home) = home else { return Ok(Self::default()) };
        let path = home.join(NAME);
        let failed = |cause| Failure::Input { name: path.display().to_string(), cause };
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(failed(cause)),
        };
        // What is wrong is said without the line: it may hold the address.
        let form: Form = toml::from_str(&text).map_err(|error| {
            let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
            let cause = "it is not of the form that docs/gateway.md shows".to_owned();
            Failure::ModelInvalid { path: path.clone(), line: 1 + before.matches('\n').count(), cause }
        })?;
        let webhook = match (form.webhook, form.webhook_file) {
            (Some(_), Some(_)) => {
                return Err(Failure::usage(
                    "`webhook` and `webhook_file` are both given",
                    "keep the one that is meant",
                ));
            }
            (Some(url), None) => Some(Zeroizing::new(url)),
            (None, Some(file)) => {
                let file = home.join(file);
                let name = file.display().to_string();
                let unusable = |why| sealbook_flow::Error::ApiKeyUnusable { name: name.clone(), why };
                Some(private(&file).map_err(unusable)?)
            }
            (None, None) => None,
        };
        let desktop = form.desktop.map(|desktop| desktop.command);
        if desktop.as_ref().is_some_and(|command| command.first().is_none_or(String::is_empty)) {
            return Err(Failure::usage(
                "`[desktop]` names no program",
                "write `command = [\"notify-send\"]`, or leave it out",
            ));
        }
        Ok(Self { terminal: form.terminal.unwrap_or(true), webhook, desktop })
    }
}
