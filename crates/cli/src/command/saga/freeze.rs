//! `sealbook saga freeze`.

use sealbook_flow::Control;

use super::{Which, tell};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Hold a saga before its next step
///
/// It holds until `sealbook saga resume`, `cancel` or `kill`. What it is taking back holds likewise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga freeze saga_0191e3a27c1d7f0080003f6c1a2b9d10 --reason 'something is wrong'")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    tell(&args.which, Control::Freeze, context)
}
