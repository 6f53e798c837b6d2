//! `sealbook workflow resume`.

use std::path::Path;

use sealbook_flow::workflow::{RunRequest, find_run};

use super::room::{Room, interrupted, wait_for};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Go on with a run that was halted, or whose process ended
///
/// What is on record as done is not done again. A step that was begun, and whose end is not on record, is done again
/// where that does no harm; where nobody knows, the run ends as `unknown`, and a person decides. While another
/// process runs it, it is refused.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's id
    #[arg(value_name = "RUN")]
    run: String,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    let before = find_run(&room.ledger, &args.run)?;
    let definition = room.shelf.find(&before.digest)?;
    let request = RunRequest {
        actor: Some(room.actor.clone()),
        project: room.project.clone(),
        reason: args.reason.clone(),
        ..RunRequest::default()
    };
    let (runner, cancel) = (room.runner(tools, context)?, interrupted()?);
    let run = wait_for(runner.resume(&definition, &request, &before, cancel))??;
    room.show(&run, &definition, context)
}
