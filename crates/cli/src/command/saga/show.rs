//! `sealbook saga show`.

use sealbook_flow::find_saga;
use sealbook_report::SagaDetail;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show a saga and its steps
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga show saga_0191e3a27c1d7f0080003f6c1a2b9d10
  sealbook saga show saga_0191e3a27c1d7f0080003f6c1a2b9d10 --format json")]
pub(super) struct Args {
    /// Its id
    #[arg(value_name = "SAGA")]
    saga: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let run = find_saga(&session.ledger, &args.saga)?;
    context.out.show(&SagaDetail { run: &run })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
