//! `sealbook backup`: a copy of the book while others write.

use std::path::PathBuf;

use sealbook_report::BackupDetail;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Copy the book into a file, while others write
///
/// The copy is the book as it is at one moment. Keys are not in it: keep them apart, and keep
/// them. The index is not in it either; it is made again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook backup /mnt/backup/shop-2024-05-01.sealbook
  sealbook restore /mnt/backup/shop-2024-05-01.sealbook")]
pub(crate) struct Args {
    /// The file, which must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let path = context.environment.absolute(&args.file);
    let summary = session.ledger.backup(&path)?;
    context.out.show(&BackupDetail { summary: &summary, path: &args.file.to_string_lossy() })?;
    Ok(Exit::Clean)
}
