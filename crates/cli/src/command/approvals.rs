//! `sealbook approvals`: calls that wait for a person's word.

use clap::Subcommand;
use sealbook_policy::{Approval, ApprovalState, State};
use sealbook_record::PartName;
use sealbook_report::ApprovalList;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// List and show calls that wait for a person's approval
///
/// A request names who calls which tool of which server with which bytes, under which rules and
/// until when. `sealbook approve` and `sealbook deny` answer it; a yes counts once, for exactly
/// that call.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook approvals list
  sealbook approvals list --all --format json
  sealbook approvals show 0190f3a2")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show requests that wait, oldest first
    List {
        /// Those that are over too
        #[arg(long)]
        all: bool,
    },
    /// Show one request, and what the call is about
    Show {
        /// Its id, or the beginning of it
        #[arg(value_name = "REQUEST")]
        request: String,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    match &args.what {
        What::List { all } => {
            let (state, now) = (session.state()?, when::now());
            let wanted = |approval: &&Approval| *all || approval.state(now) == ApprovalState::Waiting;
            let mut approvals: Vec<&Approval> = state.approvals().iter().filter(wanted).collect();
            approvals.sort_by_key(|approval| approval.seq);
            context.out.show(&ApprovalList { approvals, now, shown: None })?;
        }
        What::Show { request } => show(&session, request, context)?,
    }
    Ok(Exit::Clean)
}

/// Shows a request with what was recorded of the call.
pub(crate) fn show(session: &Session, given: &str, context: &Context) -> Result<(), Failure> {
    let state = session.state()?;
    let approval = find(&state, given)?;
    let stored = session.ledger.reader()?.record(approval.seq)?;
    let about =
        stored.record.as_ref().and_then(|record| record.part(PartName::Context)).map(|part| part.get().to_owned());
    let shown = Some(about.unwrap_or_default());
    context.out.show(&ApprovalList { approvals: vec![approval], now: when::now(), shown })
}

/// The request whose id begins like this.
pub(crate) fn find<'s>(state: &'s State, given: &str) -> Result<&'s Approval, Failure> {
    let fits = |approval: &&Approval| approval.id.to_string().starts_with(&given.to_ascii_lowercase());
    let mut found = state.approvals().iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(approval), None) if given.len() >= 4 => Ok(approval),
        _ => Err(Failure::NotFound { what: "approval", given: given.chars().take(40).collect() }),
    }
}
