//! `sealbook workflow status`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use sealbook_flow::workflow::{RunStatus, find_run};

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Show how a run stands: its steps, what waits for a person, what it gave
///
/// With --follow, each step is told as it happens, on standard error, until the run is over or halted. Ends as
/// `workflow run` does.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The run's id
    #[arg(value_name = "RUN")]
    run: String,
    /// Wait for its end, and tell what happens
    #[arg(long, short)]
    follow: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let mut run = find_run(&room.ledger, &args.run)?;
    let definition = room.shelf.find(&run.digest)?;
    if args.follow {
        let failed = |cause| Failure::Input { name: "signals".to_owned(), cause };
        let ended = sealbook_gate::ended_by_signal().map_err(failed)?;
        let (mut told, mut asked) = (0, Vec::new());
        loop {
            let trace = run.trace(&definition);
            for line in &trace[told.min(trace.len())..] {
                let why = line.error.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                context.note(&format!("{} {} {}{why}", line.timestamp, line.node_id, line.action));
            }
            told = trace.len();
            if run.status != RunStatus::Running || ended.load(Ordering::Relaxed) {
                break;
            }
            for id in room.waiting(&run)? {
                if !asked.contains(&id) {
                    context.note(&format!("it waits for a person: `sealbook approve {id}` or `sealbook deny {id}`"));
                    asked.push(id);
                }
            }
            std::thread::sleep(LOOK_EVERY);
            run = find_run(&room.ledger, &args.run)?;
        }
    }
    room.show(&run, &definition, context)
}
