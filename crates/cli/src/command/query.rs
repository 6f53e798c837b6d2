//! `sealbook query`: finds records.

use sealbook_report::RecordList;
use sealbook_serve::{Page, read_page};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;

/// Find records, newest first
///
/// Every record that is shown is read from the ledger and checked against the tree. In a book
/// that was restored, the ledgers before it are searched too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook query --since '7 days ago' --severity high
  sealbook query --user alice --action 'file.*' --module src/store
  sealbook query --text 'connection refused' --format jsonl | jq .record.target.id
  sealbook query --limit 20 --cursor s4711          the page after record 4711

With --format json: {\"records\": […], \"next\": cursor or null}; with jsonl one record per line.")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    /// How many records at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Where the page before ended
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Oldest first
    #[arg(long, visible_alias = "oldest-first")]
    ascending: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut query = args.filter.query(&context.environment.zone)?;
    query.ascending = args.ascending;
    let session = context.open()?;
    let Page { rows, next } = read_page(&session.ledger, query, args.limit, args.cursor.as_deref())?;
    context.out.show(&RecordList { rows: &rows, next: next.as_deref() })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
