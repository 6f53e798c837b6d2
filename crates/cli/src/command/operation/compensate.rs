//! `sealbook operation compensate`.

use sealbook_flow::Scope;
use sealbook_ledger::Uuid;

use crate::command::{Context, undo};
use crate::exit::Exit;
use crate::failure::Failure;

/// Take one operation back, as `sealbook undo` does
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its id
    #[arg(value_name = "OPERATION")]
    operation: Uuid,
    #[command(flatten)]
    how: undo::How,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    undo::take_back(Scope::Operation(args.operation), &args.how, args.how.open(context)?, context)
}
