//! `sealbook approve`: lets one call through.

use sealbook_policy::{ApprovalState, Choice};
use sealbook_record::{PartName, Record, Target, TargetKind};

use super::{Context, approvals};
use crate::approver::{self, Change};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// Approve exactly one call
///
/// The yes is for the bytes that were asked about, under the rules of then, until the request
/// ends, and counts once. Who asked may not approve. This needs an approver's passphrase.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook approve 0190f3a2 --reason 'as discussed'
  sealbook approve 0190f3a2 --passphrase-file ~/.approver --reason 'ticket 7'")]
pub(crate) struct Args {
    /// The request's id, or the beginning of it
    #[arg(value_name = "REQUEST")]
    request: String,
    #[command(flatten)]
    change: Change,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.change.acting)?;
    let record = decision(&session, &args.request, Choice::Approve, args.change.reason.as_deref())?;
    let key = approver::unlock(&session, &args.change.unlock)?;
    let sealed = approver::seal(&session, record, &key)?;
    approver::check_effect(&session, sealed.seq)?;
    approvals::show(&session, &args.request, context)?;
    Ok(Exit::Clean)
}

/// The record that answers a request.
pub(crate) fn decision(
    session: &Session,
    given: &str,
    choice: Choice,
    reason: Option<&str>,
) -> Result<Record, Failure> {
    let state = session.state()?;
    let approval = approvals::find(&state, given)?;
    let stands = approval.state(when::now());
    if stands != ApprovalState::Waiting {
        return Err(Failure::NotWaiting { state: stands.as_str() });
    }
    let mut record = session.event("approval.decided", Target::new(TargetKind::Record, approval.id.to_string()));
    record.parent = Some(approval.id);
    record.reason = reason.map(str::to_owned);
    record.set_part_json(PartName::Input, choice.decision_json(approval.digest))?;
    Ok(record)
}
