//! `sealbook status`: how the book stands.

use std::path::Path;

use sealbook_record::Timestamp;
use sealbook_report::Status;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show where the book lies and how it stands
///
/// Place, size, newest checkpoint, how far the index is, and the keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook status
  sealbook status --format json | jq .head.size")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let ledger = &session.ledger;
    let head = ledger.head()?;
    let newest = head.size.checked_sub(1).map(|seq| ledger.reader()?.record(seq)).transpose()?;
    let project = session.project();
    context.out.show(&Status {
        tenant: ledger.tenant(),
        project: project.as_deref(),
        book: &session.place.layout.book.to_string_lossy(),
        keys_dir: &session.place.layout.keys.to_string_lossy(),
        bytes: Some(bytes_of(&session.place.layout.book)),
        head: &head,
        sealed: newest.map(|stored| Timestamp::from_micros(stored.leaf.sealed_us)),
        index: ledger.index_progress()?,
        keys: &ledger.keys()?,
    })?;
    Ok(Exit::Clean)
}

/// Bytes of the files in a book's directory; what cannot be counted is left out.
fn bytes_of(book: &Path) -> u64 {
    let files = std::fs::read_dir(book).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(std::fs::Metadata::is_file).map(|found| found.len()).sum()
}
