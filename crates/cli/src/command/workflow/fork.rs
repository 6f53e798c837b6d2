//! `sealbook workflow fork`.

use std::path::Path;
use std::sync::Arc;

use sealbook_flow::workflow::{Recorded, RunRequest, find_run};

use super::room::{Room, interrupted, wait_for};
use super::run::Given;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Make a new run from an older one, which goes another way from a step on
///
/// What does not come after that step is taken from the record. Without --live, nothing with an effect is called:
/// what is on record of it is taken too, and a step of which nothing is known fails.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook workflow fork exec_0123456789ab --at pay
  sealbook workflow fork exec_0123456789ab --at pay --with orders.json --input limit=9
  sealbook workflow fork exec_0123456789ab --at pay --live --reason 'the price was wrong'")]
pub(super) struct Args {
    /// The run's id
    #[arg(value_name = "RUN")]
    run: String,
    /// The node from which on it goes another way
    #[arg(long, value_name = "NODE")]
    at: String,
    /// With another definition than the one that the run pins
    #[arg(long, value_name = "WORKFLOW")]
    with: Option<String>,
    /// Call what has effects
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    given: Given,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    let before = find_run(&room.ledger, &args.run)?;
    let definition = match &args.with {
        Some(word) => room.kept(word)?,
        None => room.shelf.find(&before.digest)?,
    };
    let recorded = Recorded::fork(before, &definition, &args.at, !args.live).map_err(sealbook_flow::Error::from)?;
    let request = RunRequest {
        inputs: args.given.inputs(&definition)?,
        actor: Some(room.actor.clone()),
        project: room.project.clone(),
        reason: args.reason.clone(),
        recorded: Some(Arc::new(recorded)),
        ..RunRequest::default()
    };
    let (runner, cancel) = (room.runner(tools, context)?, interrupted()?);
    let run = wait_for(runner.run(&definition, &request, cancel))??;
    room.show(&run, &definition, context)
}
