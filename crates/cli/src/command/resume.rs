//! `sealbook resume`: lifts an emergency stop.

use sealbook_policy::StopScope;
use sealbook_record::PartName;
use sealbook_report::StopList;

use super::Context;
use super::stop::{Scope, target};
use crate::approver::{self, Unlock};
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;

/// Lift an emergency stop
///
/// The scope is the one that was stopped; --all lifts every stop of the book. This needs an
/// approver's passphrase.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook resume --reason 'found and mended'
  sealbook resume --actor claude-code --reason 'reviewed'
  sealbook resume --all --passphrase-fd 3 --reason 'drill is over' 3< passphrase")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Every stop that is set
    #[arg(long, conflicts_with = "scope")]
    all: bool,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: String,
    #[command(flatten)]
    unlock: Unlock,
    /// Who resumes: `[user:]ID` [default: the configured one, else you]
    #[arg(long, value_name = "[KIND:]ID")]
    by: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&Acting { actor: args.by.clone() })?;
    let state = session.state()?;
    let wanted = args.scope.read(context.global.tenant.as_deref());
    let scopes: Vec<StopScope> =
        state.stops().iter().map(|stop| stop.scope.clone()).filter(|scope| args.all || *scope == wanted).collect();
    if scopes.is_empty() {
        return Err(Failure::NotStopped);
    }
    let key = approver::unlock(&session, &args.unlock)?;
    for scope in scopes {
        let mut record = session.event("stop.lift", target(&scope));
        record.reason = Some(args.reason.clone());
        record.set_part_json(PartName::Input, scope.to_json())?;
        let sealed = approver::seal(&session, record, &key)?;
        approver::check_effect(&session, sealed.seq)?;
    }
    context.out.show(&StopList { stops: session.state()?.stops() })?;
    Ok(Exit::Clean)
}
