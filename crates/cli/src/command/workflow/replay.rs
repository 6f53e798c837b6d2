//! `sealbook workflow replay`.

use std::path::Path;
use std::sync::Arc;

use sealbook_flow::workflow::{Recorded, Run, RunRequest, RunStatus, find_run, runs};
use sealbook_flow::{Error, Unwritten};
use sealbook_report::{ReplayList, Replayed};
use serde_json::Value;

use super::room::{Room, interrupted, wait_for};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say what a definition would have given for runs on record
///
/// Each run is done again with its inputs. Nothing with an effect is called: what is on record of it is taken.
/// Nothing is written to the book. Ends with 1 where something comes out otherwise, with 3 where a run cannot be
/// replayed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The definition
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// A run; may be given several times [default: the newest of this workflow that are over]
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// How many of the newest
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "runs")]
    limit: usize,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let definition = room.named(&args.workflow)?;
    let ids = if args.runs.is_empty() {
        let over = [RunStatus::Completed, RunStatus::Failed];
        let (found, _) = runs(&room.ledger, Some(definition.id()), &over, args.limit)?;
        found.into_iter().filter(|run| !run.dry).map(|run| run.run_id).collect()
    } else {
        args.runs.clone()
    };
    let mut equipment = room.equipment(tools, context, None, None)?;
    equipment.recovery.journal = Arc::new(Unwritten::new(Arc::clone(&room.journal)));
    equipment.wishes = None;
    let runner = equipment.runner();
    let (mut all, mut exit) = (Vec::new(), Exit::Clean);
    for id in ids {
        let before = find_run(&room.ledger, &id)?;
        let old = room.shelf.find(&before.digest)?;
        let (outputs_before, status) = (Value::Object(before.outputs(&old)), before.status);
        let done: Result<Run, Error> = match Recorded::replay(before) {
            Err(error) => Err(error.into()),
            Ok(recorded) => {
                let recorded = Some(Arc::new(recorded));
                let request = RunRequest { actor: Some(room.actor.clone()), recorded, ..RunRequest::default() };
                wait_for(runner.run(&definition, &request, interrupted()?))?
            }
        };
        let replayed = match done {
            Ok(run) => Replayed {
                run_id: id,
                before: status.as_str().to_owned(),
                outputs_before,
                after: run.status.as_str().to_owned(),
                outputs_after: Value::Object(run.outputs(&definition)),
                why: run.why,
            },
            Err(error) => {
                exit = exit.or_worse(Exit::Incomplete);
                Replayed {
                    run_id: id,
                    before: status.as_str().to_owned(),
                    outputs_before,
                    after: "not replayed".to_owned(),
                    outputs_after: Value::Null,
                    why: Some(error.to_string()),
                }
            }
        };
        if !replayed.is_same() {
            exit = exit.or_worse(Exit::Findings);
        }
        all.push(replayed);
    }
    context.out.show(&ReplayList(&all))?;
    Ok(context.answered(&room.ledger, exit))
}
