//! `sealbook workflow list`.

use sealbook_report::WorkflowList;

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the workflows of the book, each in its newest version
///
/// A version that cannot be read is named, and the rest stay. Ends with 3 where there is one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let (workflows, unread) = room.shelf.list()?;
    context.out.show(&WorkflowList { workflows: &workflows, unread: &unread })?;
    let exit = if unread.is_empty() { Exit::Clean } else { Exit::Incomplete };
    Ok(context.answered(&room.ledger, exit))
}
