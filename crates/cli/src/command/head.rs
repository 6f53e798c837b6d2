//! `sealbook head`: the newest checkpoint, to be kept elsewhere.

use sealbook_report::HeadDetail;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the newest checkpoint
///
/// A checkpoint is a signed note of how many records there are and of the root over them. Whoever
/// keeps it elsewhere can tell later whether the book still holds what it held:
/// `sealbook verify --against FILE`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook head
  sealbook head > kept.checkpoint
  sealbook verify --against kept.checkpoint")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let head = session.ledger.head()?;
    context.out.show(&HeadDetail { head: &head })?;
    Ok(Exit::Clean)
}
