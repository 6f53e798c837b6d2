//! `sealbook saga cancel`.

use std::path::Path;

use sealbook_flow::Control;

use super::{Which, resume};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Stop a saga, and take back what it did
///
/// Whoever runs it heeds that before its next attempt; where nobody does, it is done here. Past its point of no
/// return a saga cannot be called off.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga cancel saga_0191e3a27c1d7f0080003f6c1a2b9d10 --reason 'ann is ill'")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    resume::after(&args.which, Control::Cancel, None, true, tools, context)
}
