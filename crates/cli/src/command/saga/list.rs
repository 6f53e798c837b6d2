//! `sealbook saga list`.

use sealbook_flow::{SagaRun, sagas};
use sealbook_report::SagaList;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// List sagas, the one that began last first
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga list
  sealbook saga list --status held --status running")]
pub(super) struct Args {
    /// Only those that stand so; may be given several times
    #[arg(long, value_name = "STATUS", value_parser = ["running", "held", "compensating", "completed", "failed",
        "cancelled", "compensated", "compensation_failed", "not_undoable", "killed"])]
    status: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let fits = |run: &SagaRun| args.status.is_empty() || args.status.iter().any(|it| it == run.status().as_str());
    let runs = sagas(&session.ledger, args.limit, &fits)?;
    context.out.show(&SagaList { runs: &runs })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
