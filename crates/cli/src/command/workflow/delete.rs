//! `sealbook workflow delete`.

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Take a workflow off the list
///
/// Its versions and its runs stay on record, and can be read by version or digest.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    room.shelf.delete(&*room.journal, &args.workflow, &room.actor, args.reason.as_deref())?;
    context.note(&format!("{} is off the list; that is sealed", args.workflow));
    Ok(context.answered(&room.ledger, Exit::Clean))
}
