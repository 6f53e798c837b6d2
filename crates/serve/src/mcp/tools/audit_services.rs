//! `audit_services`: whether services are up.

use rmcp::schemars::JsonSchema;
use sealbook_inspect::Options;
use serde::Deserialize;

use super::audit::{self, Audited};
use crate::Error;
use crate::mcp::answer::Answer;
use crate::mcp::tool::{Call, Definition, Effect, always, input, output};

pub(super) static TOOL: Definition = Definition {
    name: "audit_services",
    title: "Audit services",
    about: "Look whether the services that services.yaml, compose files and systemd units of the first root name are \
            up: HTTP and TCP on this machine, processes, containers, and what they and the host take. Commands are \
            not run and other machines are not asked: such checks make the audit incomplete. The audit is sealed in \
            the book.",
    effect: Effect::Records,
    input: input::<Arguments>,
    output: output::<Audited>,
    is_gated: always,
    run,
};

/// Which services.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// Only this service; all of them where nothing is given
    #[serde(default)]
    service_name: Option<String>,
}

fn run(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Arguments = call.read()?;
    let roots = &call.desk.setup.roots;
    let target = roots.path(".")?;
    let base = roots.repository(&target)?.unwrap_or_else(|| roots.around(&target));
    let mut options = Options::default();
    options.service.name = asked.service_name;
    audit::run(call, target, base, &["service"], options, &["service.checked", "service.host"])
}
