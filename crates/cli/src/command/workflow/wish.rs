//! `sealbook workflow cancel` and `sealbook workflow freeze`: what a person wishes of a run, wherever it runs.

use std::path::Path;
use std::time::{Duration, Instant};

use sealbook_flow::workflow::{Run, RunRequest, RunStatus, Wish, find_run, wish};

use super::room::{Room, wait_for};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Call a run off
///
/// Whoever runs it is told by the book, and drops the steps under way; each says on record that it was called off.
/// Where nobody runs it, its record is ended here. What was done stays done: `sealbook undo` takes it back.
#[derive(Debug, clap::Args)]
pub(super) struct CancelArgs {
    #[command(flatten)]
    which: Which,
}

/// Halt a run, to go on with it later
///
/// No further step begins. What is under way ends; waits and approvals stay open. `sealbook workflow resume` goes on.
#[derive(Debug, clap::Args)]
pub(super) struct FreezeArgs {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The run's id
    #[arg(value_name = "RUN")]
    run: String,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    /// How many seconds to wait for whoever runs it
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    wait: u64,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn cancel(args: &CancelArgs, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let which = &args.which;
    let room = Room::open(context, &which.acting)?;
    let before = open(&room, &which.run)?;
    let definition = room.shelf.find(&before.digest)?;
    say(&room, &before, Wish::Cancel, which)?;
    // A halted run is run by nobody.
    let seconds = if before.status == RunStatus::Frozen { 0 } else { which.wait };
    let mut run = until(&room, &which.run, seconds, |run| !run.status.is_open())?;
    if run.status.is_open() {
        let request = RunRequest {
            actor: Some(room.actor.clone()),
            project: room.project.clone(),
            reason: which.reason.clone(),
            ..RunRequest::default()
        };
        let runner = room.runner_told(tools, context, None, None)?;
        run = wait_for(runner.end_as_cancelled(&definition, &request, &run))??;
        context.note("nobody ran it; it is called off on record");
    }
    room.show(&run, &definition, context)?;
    Ok(if run.status == RunStatus::Cancelled { Exit::Clean } else { Exit::Failure })
}

pub(super) fn freeze(args: &FreezeArgs, context: &Context) -> Result<Exit, Failure> {
    let which = &args.which;
    let room = Room::open(context, &which.acting)?;
    let before = open(&room, &which.run)?;
    let definition = room.shelf.find(&before.digest)?;
    say(&room, &before, Wish::Freeze, which)?;
    let run = find_run(&room.ledger, &which.run)?;
    room.show(&run, &definition, context)?;
    Ok(if run.status == RunStatus::Frozen { Exit::Clean } else { Exit::Failure })
}

fn open(room: &Room, id: &str) -> Result<Run, Failure> {
    let run = find_run(&room.ledger, id)?;
    if run.status.is_open() {
        return Ok(run);
    }
    let why = "the run is over; there is nothing to halt or call off";
    Err(sealbook_flow::Error::from(sealbook_flow::workflow::WorkflowError::RunNotResumable { run: run.run_id, why })
        .into())
}

fn say(room: &Room, run: &Run, what: Wish, which: &Which) -> Result<(), Failure> {
    let (actor, reason) = (room.actor.clone(), which.reason.clone());
    Ok(wish(&*room.journal, &run.run_id, &run.workflow_id, what, actor, reason)?)
}

fn until(room: &Room, id: &str, seconds: u64, is_so: impl Fn(&Run) -> bool) -> Result<Run, Failure> {
    let began = Instant::now();
    loop {
        let run = find_run(&room.ledger, id)?;
        if is_so(&run) || began.elapsed() >= Duration::from_secs(seconds) {
            return Ok(run);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
