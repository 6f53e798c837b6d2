//! `sealbook blame`: who wrote each line of a file.

use std::path::PathBuf;

use sealbook_inspect::{Authorship, Book};
use sealbook_report::AuthorshipDetail;

use super::{Context, baseline, git};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::project::root_of;

/// Show who wrote each line of a file: the commit, and the agent's call
///
/// Git knows the commit. Between the file before it and after it, calls that the book holds (of
/// hooks, of the gateway, of `sealbook exec`) are followed from one content to the next by their
/// digests. A line that no recorded call accounts for is told as such: a person wrote it, or
/// something that nobody recorded. Nothing is sealed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook blame src/main.rs
  sealbook blame src/main.rs --format json | jq '.runs[] | select(.writer == \"call\")'
  sealbook show 4711                                 the call of a line

With --format json: {\"path\", \"head\", \"lines\", \"runs\": [{\"line\", \"lines\", \"commit\", \"writer\", \"seq\"|\"seqs\"}],
\"commits\": {ID: …}, \"calls\": {SEQ: …}, \"notes\"}.")]
pub(crate) struct Args {
    /// The file, in a git repository
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let asked = context.environment.absolute(&args.file);
    let root = root_of(asked.parent().and_then(|dir| dir.canonicalize().ok()).as_deref().unwrap_or(&asked));
    let path = git::in_tree(context, &root, &args.file)?;
    let project = baseline::project_name(&session, &root);
    let bars = Bars::new(context.is_watched());
    let told = Authorship::of(&Book::new(&session.ledger), &root, &path, Some(&project), &bars)?;
    drop(bars);
    context.out.show(&AuthorshipDetail { told: &told })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
