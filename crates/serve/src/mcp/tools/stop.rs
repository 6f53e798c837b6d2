//! `emergency_stop` and `list_stops`. Anyone may stop; a person alone resumes.

use rmcp::schemars::JsonSchema;
use sealbook_policy::{Raw, StopKind, StopScope};
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
    /// Which one: the tenant, the actor, the session, the workflow, or the tool: `TOOL`, `SERVER/TOOL`, `AGENT/TOOL`,
    /// `exec/PROGRAM`, where `*` stands for anything
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
    how_to_resume: String,
    /// What the new stop holds for, where its name alone does not say so
    #[serde(skip_serializing_if = "Option::is_none")]
    holds_for: Option<String>,
    /// Other tenants of the book that could not be stopped
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_stopped: Vec<String>,
}

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
    let scope = StopScope::named(kind, &asked.id).map_err(|why| Error::Arguments { why: format!("`id`: {why}") })?;
    let mut record = call.desk.event(&call.actor, "stop.set", Target::new(target, scope.to_string()));
    record.severity = Severity::Critical;
    record.reason = Some(asked.reason);
    record.set_part_json(PartName::Input, scope.to_json())?;
    let judged = call.desk.policy()?.admit(Raw::new(record.clone()))?;
    if judged.record().part(PartName::Input).is_none_or(|part| part.get() != scope.to_json()) {
        let why = "`id` holds what looks like a secret, and would not be kept as it is; name it by something else";
        return Err(Error::Arguments { why: why.to_owned() });
    }
    call.desk.seal(record.clone())?;
    // As the command does: each tenant has a ledger, and gates heed their own.
    let failed = if asked.scope == Scope::All { call.desk.seal_elsewhere(&record) } else { Vec::new() };
    stops(call, failed, scope.reach())
}

fn list(call: &Call<'_>) -> Result<Answer, Error> {
    let Listing {} = call.read()?;
    stops(call, Vec::new(), None)
}

fn stops(call: &Call<'_>, not_stopped: Vec<String>, holds_for: Option<String>) -> Result<Answer, Error> {
    let state = call.desk.state()?;
    let stops = Told::list(&StopList { stops: state.stops() });
    let how_to_resume = format!(
        "only a person lifts a stop, with the approver's passphrase, in a terminal: `{}` lifts every one; \
         in the place of --all, one is named as it was set, as in --tool NAME",
        call.desk.command("resume --all --reason WHY")
    );
    Ok(Answer::of(&Listed { status: Status::Success, stops, how_to_resume, holds_for, not_stopped }))
}
