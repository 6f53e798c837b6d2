//! `sealbook saga status`.

use sealbook_flow::find_saga;

use super::told;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say how a saga stands, by the exit code too
///
/// Ends with 0 where all steps are done, else with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga status saga_0191e3a27c1d7f0080003f6c1a2b9d10 && echo done")]
pub(super) struct Args {
    /// Its id
    #[arg(value_name = "SAGA")]
    saga: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let run = find_saga(&session.ledger, &args.saga)?;
    told(&run, &session.ledger, context)
}
