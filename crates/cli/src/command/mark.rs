//! `sealbook mark`: says what became of records.

use sealbook_record::{Category, Status, Target, TargetKind};
use sealbook_store::{Error, MARK_ACTION, mark};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say that records were analyzed, verified or exported
///
/// A sealed record never changes: this seals a new one that points at the old ones, with who says it and why.
/// `sealbook show RECORD` shows the newest word, and all of them. Until somebody says more, a record is `recorded`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook mark verified 12 --reason 'compared with the ticket'
  sealbook mark exported 1..400 --reason 'quarterly bundle'
  sealbook mark analyzed 12 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10")]
pub(crate) struct Args {
    /// `analyzed`, `verified` or `exported`
    #[arg(value_name = "STATUS", value_parser = status)]
    status: Status,
    /// Sequence numbers, ids, beginnings of hashes, or ranges such as `1..400`, both ends included
    #[arg(value_name = "RECORD", required = true)]
    records: Vec<String>,
    /// Why, or how
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

fn status(text: &str) -> Result<Status, String> {
    let said = text.parse().ok().filter(|status| *status != Status::Recorded);
    said.ok_or_else(|| "say `analyzed`, `verified` or `exported`; every record is `recorded`".to_owned())
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.acting)?;
    let size = session.ledger.head()?.size;
    let mut ranges = Vec::new();
    for given in &args.records {
        let range = match given.split_once("..").map(|(from, to)| (from.parse(), to.parse())) {
            Some((Ok(from), Ok(to))) if from <= to && to < size => (from, to),
            Some(_) => return Err(Error::RecordMissing { what: format!("range {given:?} in this book") }.into()),
            None => {
                // What lies in a ledger before this one has a number of its own there.
                let seq = session.ledger.reader()?.find(given)?.seq;
                (seq, seq)
            }
        };
        ranges.push(range);
    }
    let only = match ranges[..] {
        [(from, to)] if from == to => Some(session.ledger.reader()?.record(from)?.leaf.id),
        _ => None,
    };
    let target = only.map_or_else(|| session.ledger.origin().to_string(), |id| id.to_string());
    let mut record = session.event(MARK_ACTION, Target::new(TargetKind::Record, target));
    record.parent = only;
    record.category = Category::Audit;
    record.reason.clone_from(&args.reason);
    mark(&mut record, args.status, &ranges);
    let sealed = session.seal(record)?;
    let count: u64 = ranges.iter().map(|(from, to)| to - from + 1).sum();
    context.note(&format!("record {} says that {count} are {}", sealed.seq, args.status.as_str()));
    Ok(Exit::Clean)
}
