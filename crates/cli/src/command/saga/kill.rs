//! `sealbook saga kill`.

use sealbook_flow::Control;

use super::{Which, tell};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Stop a saga at once, and leave what it did
///
/// Nothing more is begun and nothing is taken back; what stands is told, and `sealbook undo OPERATION` takes it back
/// later. A call that is under way is torn: it may have happened, and is on record as `unknown`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga kill saga_0191e3a27c1d7f0080003f6c1a2b9d10 --reason 'something is wrong'")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    tell(&args.which, Control::Kill, context)
}
