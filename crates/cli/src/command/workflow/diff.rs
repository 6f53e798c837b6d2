//! `sealbook workflow diff`.

use sealbook_flow::workflow::diff;
use sealbook_report::WorkflowDiff;

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show what differs between two versions, or two workflows
///
/// Ends with 1 where something does.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What it was
    #[arg(value_name = "WORKFLOW")]
    before: String,
    /// What it is
    #[arg(value_name = "WORKFLOW")]
    after: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let (before, after) = (room.named(&args.before)?, room.named(&args.after)?);
    let diff = diff(&before, &after);
    context.out.show(&WorkflowDiff(&diff))?;
    let exit = if diff.from == diff.to { Exit::Clean } else { Exit::Findings };
    Ok(context.answered(&room.ledger, exit))
}
