//! `sealbook workflow runs`.

use sealbook_flow::workflow::{RunStatus, runs};
use sealbook_report::RunList;

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show runs, the one that began last first
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only those of this workflow
    #[arg(value_name = "ID")]
    workflow: Option<String>,
    /// How they stand; given several times, any of them
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<RunStatus>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

fn status(text: &str) -> Result<RunStatus, String> {
    use RunStatus::{Cancelled, Completed, Failed, Frozen, Running, Unknown};
    let all = [Running, Completed, Failed, Cancelled, Unknown, Frozen];
    let known = || all.map(RunStatus::as_str).join(", ");
    all.into_iter().find(|it| it.as_str() == text).ok_or_else(|| format!("it is one of {}", known()))
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let (runs, more) = runs(&room.ledger, args.workflow.as_deref(), &args.status, args.limit)?;
    context.out.show(&RunList { runs: &runs, more })?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}
