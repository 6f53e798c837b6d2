//! `[mcp.NAME]`: an MCP server, and its tools, `NAME/TOOL` each.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Bench, Compensate, Credential, Declared};
use crate::Error;
use crate::tools::http::{Guard, Network};
use crate::tools::mcp::{McpProgram, McpServer, Own, Way};
use crate::wire::client;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    /// A program that speaks MCP on its standard input and output.
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    /// Or the address of a server that speaks Streamable HTTP.
    url: Option<String>,
    bearer: Option<Credential>,
    #[serde(default)]
    allow: Vec<String>,
    timeout_s: Option<u64>,
    /// Whether what the server says of effects counts where nothing is said here.
    hints: Option<bool>,
    only: Option<Vec<String>>,
    #[serde(default)]
    tools: BTreeMap<String, OwnForm>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnForm {
    effect: Option<Declared>,
    compensate: Option<Compensate>,
}

/// What names of variables hold that hold secrets.
static SECRETIVE: &[&str] = &["KEY", "PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL"];

impl Form {
    pub(super) fn build(&self, name: &str, bench: &Bench<'_>) -> Result<McpServer, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        let way = match (&self.command, &self.url) {
            (Some(command), None) => self.program(name, command, bench)?,
            (None, Some(url)) => self.http(name, url, bench)?,
            _ => return Err(invalid("it needs either `command`, a program, or `url`, an address")),
        };
        let own = self.tools.iter().map(|(tool, own)| {
            let undo = own.compensate.as_ref().map(Compensate::build).transpose()?;
            Ok((tool.clone(), Own { effect: own.effect.map(Into::into), undo }))
        });
        let timeout = Duration::from_secs(self.timeout_s.unwrap_or(30).clamp(1, 600));
        let own = own.collect::<Result<_, Error>>()?;
        McpServer::new(name, way, timeout, own, self.hints.unwrap_or(true), self.only.clone())
    }

    fn program(&self, name: &str, command: &str, bench: &Bench<'_>) -> Result<Way, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        if self.bearer.is_some() || !self.allow.is_empty() {
            return Err(invalid("`bearer` and `allow` are for a server with a `url`; a program gets keys by `env`"));
        }
        let launch = bench
            .places
            .launch
            .as_ref()
            .ok_or_else(|| invalid("it is a program, and nothing here may start programs"))?;
        let environment = self.env.iter().map(|(variable, value)| {
            let value = if value.starts_with(super::FILE) || value.starts_with(super::SECRET) {
                bench.password(name, &Credential(value.clone()))?
            } else if SECRETIVE.iter().any(|word| variable.to_ascii_uppercase().contains(word)) {
                return Err(invalid(
                    "a variable in `env` looks like a key, and its value stands in tools.toml itself; put it in a \
                     file of mode 0600 and say `file:NAME` or `secret://NAME`",
                ));
            } else {
                Zeroizing::new(value.clone())
            };
            Ok((variable.clone(), value))
        });
        let program = McpProgram {
            command: command.to_owned(),
            arguments: self.args.clone(),
            environment: environment.collect::<Result<_, Error>>()?,
            directory: self.cwd.clone(),
        };
        Ok(Way::Program(program, Arc::clone(launch)))
    }

    fn http(&self, name: &str, url: &str, bench: &Bench<'_>) -> Result<Way, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        if !self.args.is_empty() || !self.env.is_empty() || self.cwd.is_some() {
            return Err(invalid("`args`, `env` and `cwd` are for a program; a server with a `url` gets a `bearer`"));
        }
        let url: reqwest::Url = url.parse().map_err(|_| invalid("`url` is no address"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(invalid("`url` is neither `https://…` nor `http://…`"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("`url` holds more than scheme, host, port and path; give a secret as `bearer`"));
        }
        let allowed = self.allow.iter().map(|text| {
            text.parse::<Network>()
                .map_err(|_| invalid("`allow` holds what is no network, such as `10.0.0.0/8`, and no address"))
        });
        let guard = Guard::new(allowed.collect::<Result<_, _>>()?, url.scheme() == "http");
        guard.check(&url).map_err(invalid)?;
        let client = client(Some(Arc::new(guard))).map_err(invalid)?;
        let bearer = self.bearer.as_ref().map(|credential| bench.key(name, credential)).transpose()?;
        let bearer = bearer.map(|key| Zeroizing::new(key.expose().to_owned()));
        Ok(Way::Http { client, url, bearer })
    }
}
