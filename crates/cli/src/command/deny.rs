//! `sealbook deny`: refuses one call.

use sealbook_policy::Choice;

use super::approve::decision;
use super::{Context, approvals};
use crate::approver;
use crate::exit::Exit;
use crate::failure::Failure;

/// Deny a call that waits for approval
///
/// A no needs no passphrase: it only ever makes things stricter.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook deny 0190f3a2 --reason 'not on a Friday'")]
pub(crate) struct Args {
    /// The request's id, or the beginning of it
    #[arg(value_name = "REQUEST")]
    request: String,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let record = decision(&session, &args.request, Choice::Deny, &[], args.reason.as_deref())?;
    let sealed = session.seal(record)?;
    approver::check_effect(&session, sealed.seq)?;
    approvals::show(&session, &args.request, context)?;
    Ok(Exit::Clean)
}
