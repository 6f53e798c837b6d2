//! `emergency_stop` and `list_stops`. Anyone may stop; a person alone resumes.

use rmcp::schemars::JsonSchema;
use sealbook_policy::{StopKind, StopScope};
use sealbook_record::{PartName, Severity, Target, TargetKind};
use sealbook_report::StopList;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::mcp::answer::{Answer, Status, Told};
use crate::mcp::tool::{Call, Definition, Effect, input, never, output};

pub(super) static SET: Definition = Definition {
    name: "emergency_stop",
    title: "Emergency stop",
    about: "Halt everything in this book, of every tenant, or one tenant, actor, session, tool or workflow of this \
            ledger. Every gate heeds it at its next call, also after a restart. It cannot be lifted through a tool: a person resumes.",
    effect: Effect::Halts,
    input: input::<Stopping>,
    output: output::<Listed>,
    // Neither a rule nor another stop keeps anyone from stopping; the stop is a record by itself.
    is_gated: never,
    run: set,
};

pub(super) static LIST: Definition = Definition {
    name: "list_stops",
    title: "List stops",
    about: "List what is stopped, since when, by whom and why.",
    effect: Effect::Reads,
    input: input::<Listing>,
    output: output::<Listed>,
    is_gated: never,
    run: list,
};

/// Whom or what to stop, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Stopping {
    /// Why
    reason: String,
    /// What is stopped; everything where nothing is said
    #[serde(default)]
    scope: Scope,
    /// Which one: the tenant, the actor, the session, the tool (`TOOL` or `SERVER/TOOL`), the workflow
    #[serde(default)]
    id: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(rename_all = "lowercase")]
enum Scope {
    #[default]
    All,
    Tenant,
    Actor,
    Session,
    Tool,
    Workflow,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
#[serde(deny_unknown_fields)]
struct Listing {}

/// What is stopped, and how a person lifts it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(crate = "rmcp::schemars")]
struct Listed {
    status: Status,
    stops: Vec<Told>,
    /// What a person does; no tool does it.
    how_to_resume: &'static str,
    /// Other tenants of the book that could not be stopped
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_stopped: Vec<String>,
}

const HOW: &str = "only a person lifts a stop, with the approver's passphrase: `sealbook resume` in a terminal";

fn set(call: &Call<'_>) -> Result<Answer, Error> {
    let asked: Stopping = call.read()?;
    if asked.reason.trim().is_empty() {
        return Err(Error::Arguments { why: "`reason` is empty".to_owned() });
    }
    if (asked.scope == Scope::All) != asked.id.is_empty() {
        let why = "`id` says which one, and belongs to every scope but `all`".to_owned();
        return Err(Error::Arguments { why });
    }
    let (kind, target) = match asked.scope {
        Scope::All => (StopKind::All, TargetKind::Ledger),
        Scope::Tenant => (StopKind::Tenant, TargetKind::Ledger),
        Scope::Actor => (StopKind::Actor, TargetKind::Other),
        Scope::Session => (StopKind::Session, TargetKind::Other),
        Scope::Tool => (StopKind::Tool, TargetKind::Tool),
        Scope::Workflow => (StopKind::Workflow, TargetKind::Workflow),
    };
    let scope = StopScope { kind, id: asked.id };
    let mut record = call.desk.event(&call.actor, "stop.set", Target::new(target, scope.to_string()));
    record.severity = Severity::Critical;
    record.reason = Some(asked.reason);
    record.set_part_json(PartName::Input, scope.to_json())?;
    call.desk.seal(record.clone())?;
    // As the command does: each tenant has a ledger, and gates heed their own.
    let failed = if asked.scope == Scope::All { call.desk.seal_elsewhere(&record) } else { Vec::new() };
    stops(call, failed)
}

fn list(call: &Call<'_>) -> Result<Answer, Error> {
    let Listing {} = call.read()?;
    stops(call, Vec::new())
}

fn stops(call: &Call<'_>, not_stopped: Vec<String>) -> Result<Answer, Error> {
    let state = call.desk.state()?;
    let stops = Told::list(&StopList { stops: state.stops() });
    Ok(Answer::of(&Listed { status: Status::Success, stops, how_to_resume: HOW, not_stopped }))
}
