//! `sealbook backup`: a copy of the book while others write.

use std::path::{Path, PathBuf};

use sealbook_report::BackupDetail;
use sealbook_store::{Error, Ledger};

use super::Context;
use super::restore::{earlier_of, private_dir};
use crate::exit::Exit;
use crate::failure::Failure;

/// Copy the book into a file, while others write
///
/// The copy is the book as it is at one moment. Keys are not in it: keep them apart, and keep
/// them. The index is not in it either; it is made again. Of a book that was restored, the ledgers
/// that it goes on from are copied too, into the directory FILE.previous: keep both together.
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
    let beside = earlier_of(&path);
    if let Some(path) = [&path, &beside].into_iter().find(|path| path.exists()) {
        return Err(Error::BookExists { path: path.clone() }.into());
    }
    let earlier = session.earlier()?;
    let copied = copy_earlier(&earlier, &beside).and_then(|()| Ok(session.ledger.backup(&path)?));
    if copied.is_err() {
        let _ = std::fs::remove_dir_all(&beside);
    }
    let summary = copied?;
    if !earlier.is_empty() {
        context.note(&format!(
            "the {} ledgers that it goes on from are in {}: keep both together",
            earlier.len(),
            beside.display()
        ));
    }
    if let Some(origin) = session.missing_earlier()? {
        context.note(&format!("the ledger {origin}, to which it goes back, is not beside the book, nor in the backup"));
    }
    context.out.show(&BackupDetail { summary: &summary, path: &args.file.to_string_lossy() })?;
    Ok(Exit::Clean)
}

/// A restored book is more than its last ledger.
fn copy_earlier(earlier: &[Ledger], beside: &Path) -> Result<(), Failure> {
    for ledger in earlier {
        let name = ledger.origin().as_str().rsplit('/').next().unwrap_or_default();
        let directory = beside.join(name);
        private_dir(&directory).map_err(|cause| Failure::Output { name: directory.display().to_string(), cause })?;
        ledger.backup(&directory.join("ledger.db"))?;
    }
    Ok(())
}
