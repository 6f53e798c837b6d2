//! `sealbook stop`: the emergency stop.

use sealbook_policy::{StopKind, StopScope};
use sealbook_record::{PartName, Severity, Target, TargetKind};
use sealbook_report::{SealedDetail, StopList};
use sealbook_store::Sealed;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hints;
use crate::session::Session;
use crate::tenants;

/// Stop everything, or one tenant, actor, session, tool or workflow
///
/// Every gate heeds it at its next call, also in other processes and after a restart. Anyone may
/// stop; only an approver resumes. Without a scope, everything in this book is stopped, of every tenant that
/// has a ledger in it or is given one while the stop holds; with one, what is named in this tenant's ledger.
///
/// A tool is meant in each of the words that there are for it. `TOOL` is every server's and every agent's tool of that
/// name, and the program that `sealbook exec` runs; `SERVER/TOOL` is the tool of one MCP server, at the gateway and as
/// agents' hooks tell of it (`mcp__SERVER__TOOL` is the same); `AGENT/TOOL` is one agent's, as in `claude-code/Bash`,
/// and `exec/PROGRAM` a program alone. `*` stands for anything: `SERVER/*`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook stop --reason 'the agent deletes customers'
  sealbook stop --actor claude-code --reason 'looks odd'
  sealbook stop --tool github/delete_repo --reason 'until it is reviewed'
  sealbook stop --tool 'github/*' --reason 'its token is out'
  sealbook stop --tool claude-code/Bash --reason 'no more commands'
  sealbook stop --list")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Why
    #[arg(long, required_unless_present = "list", allow_hyphen_values = true)]
    reason: Option<String>,
    /// Show what is stopped, and change nothing
    #[arg(long, conflicts_with_all = ["reason", "scope"])]
    list: bool,
    /// Who stops it: `[user:|agent:|service:|system:]ID` [default: the configured one, else you]
    #[arg(long, value_name = "[KIND:]ID")]
    by: Option<String>,
}

/// Whom or what a stop halts.
#[derive(Debug, Clone, clap::Args)]
#[group(id = "scope", multiple = false)]
pub(crate) struct Scope {
    /// This actor, by id, claim or authenticated principal
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// This session or conversation
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// This tool: `TOOL`, `SERVER/TOOL`, `AGENT/TOOL`, `exec/PROGRAM`; `*` stands for anything
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// This workflow, or the run of this operation
    #[arg(long, value_name = "ID")]
    workflow: Option<String>,
}

impl Scope {
    /// The scope that is named; the tenant where `--tenant` is given, else everything.
    pub(crate) fn read(&self, tenant: Option<&str>) -> StopScope {
        let named = [
            (StopKind::Actor, self.actor.as_deref()),
            (StopKind::Session, self.session.as_deref()),
            (StopKind::Tool, self.tool.as_deref()),
            (StopKind::Workflow, self.workflow.as_deref()),
            (StopKind::Tenant, tenant),
        ];
        let named = named.into_iter().find_map(|(kind, id)| Some(StopScope { kind, id: id?.to_owned() }));
        named.unwrap_or_else(StopScope::all)
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&Acting { actor: args.by.clone() })?;
    if args.list {
        context.out.show(&StopList { stops: session.state()?.stops() })?;
        return Ok(Exit::Clean);
    }
    let scope = args.scope.read(context.global.tenant.as_deref());
    if let Err(why) = StopScope::named(scope.kind, &scope.id) {
        let what = format!("no call can run into this stop of a {}: {why}", scope.kind.as_str());
        return Err(Failure::usage(what, "`sealbook stop --help` says what is meant by which name"));
    }
    let sealed = set(&session, &scope, args)?;
    let failed = match scope.kind {
        StopKind::All => tenants::each_other(&session, |other| set(other, &scope, args).map(drop))?,
        _ => Vec::new(),
    };
    context.note(&format!("stopped: {scope}; `{}` lifts it", resume(&scope)));
    if let Some(reach) = scope.reach() {
        context.note(&reach);
    }
    context.out.show(&SealedDetail { sealed: &sealed, receipt: None })?;
    // What could not be stopped is said last, where it is seen.
    match failed.into_iter().next() {
        Some((ledger, cause)) => Err(cause.at(format!("what this ledger holds is not stopped: {ledger}"))),
        None => Ok(Exit::Clean),
    }
}

fn set(session: &Session, scope: &StopScope, args: &Args) -> Result<Sealed, Failure> {
    let mut record = session.event("stop.set", target(scope));
    record.severity = Severity::Critical;
    record.reason.clone_from(&args.reason);
    record.set_part_json(PartName::Input, scope.to_json())?;
    let judged = session.admit(record.clone())?;
    // What is taken out of the name as a secret would leave a stop of something else.
    if judged.record().part(PartName::Input).is_none_or(|part| part.get() != scope.to_json()) {
        return Err(Failure::HoldsSecret);
    }
    session.seal(record)
}

/// The command that lifts a stop of this scope.
pub(crate) fn resume(scope: &StopScope) -> String {
    let option = match scope.kind {
        StopKind::All => String::new(),
        kind => format!(" --{} {}", kind.as_str(), hints::quoted(&scope.id)),
    };
    format!("sealbook resume{option} --reason WHY")
}

/// What a stop is set on.
pub(crate) fn target(scope: &StopScope) -> Target {
    let kind = match scope.kind {
        StopKind::Tool => TargetKind::Tool,
        StopKind::Workflow => TargetKind::Workflow,
        StopKind::All | StopKind::Tenant => TargetKind::Ledger,
        StopKind::Actor | StopKind::Session => TargetKind::Other,
    };
    Target::new(kind, scope.to_string())
}
