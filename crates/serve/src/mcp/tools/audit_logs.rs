//! `audit_logs`: what logs say, and whether they are still what they were.

use rmcp::schemars::JsonSchema;
use sealbook_inspect::Options;
use sealbook_record::Severity;
use serde::Deserialize;

use super::audit::{self, Audited};
use crate::Error;
use crate::mcp::answer::Answer;
use crate::mcp::tool::{Call, Definition, Effect, always, input, output};

pub(super) static TOOL: Definition = Definition {
    name: "audit_logs",
    title: "Audit logs",
    about: "Read the logs of a directory (JSON lines, logfmt, syslog, access logs, journal exports, text; gzip and \
            Zstandard): how many entries of which level, which kinds of errors with a redacted example, which errors \
            belong to the same requests, which logs fell silent, and whether a log was shortened or written over since \
            the audit before. Without level and since it goes on from where the last audit ended. Lines are not stored.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Audited>,
    is_gated: always,
    run,
};

/// Which logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// A directory with logs, or one log; below the server's roots, relative to the first
    log_dir: String,
    /// Only entries this grave or graver: debug, info, warning, error, critical
    level: Option<String>,
    /// Only entries at or after this time: `7 days ago`, `2024-01-31`, RFC 3339
    since: Option<String>,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let target = call.desk.setup.roots.path(&asked.log_dir)?;
    let mut options = Options::default();
    options.log.level = match &asked.level {
        Some(level) => {
            let why = "`level`: it is one of debug, info, warning, error, critical".to_owned();
            Some(level.parse::<Severity>().map_err(|_| Error::Arguments { why })?)
        }
        None => None,
    };
    options.log.zone = Some(call.desk.setup.zone.clone());
    options.log.since = asked.since.as_deref().map(|text| call.desk.time("since", text)).transpose()?;
    let base = if target.is_dir() { target.clone() } else { target.parent().unwrap_or(&target).to_owned() };
    audit::run(call, target, base, &["log"], options, &["log.run", "log.selection", "log.segment"])
}
