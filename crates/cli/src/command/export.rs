//! `sealbook export`: records as JSON Lines.

use std::io::Write;

use sealbook_inspect::Progress;
use sealbook_ledger::LeafType;
use sealbook_store::{Ledger, Query};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::progress::Bars;

/// Write records as JSON Lines, oldest first
///
/// One record per line, as it was sealed, in the form that `import` reads; numbers keep their
/// digits. Of a book that was restored, the ledgers before it come first. What was erased is not
/// there: how much that is, is said on standard error. The format is always JSON Lines.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook export > records.jsonl
  sealbook export --since 2024-01-01 --action 'file.*' --output files.jsonl")]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.filter.query(&context.environment.zone)?;
    let session = context.open()?;
    let earlier = session.earlier()?;
    let ledgers: Vec<&Ledger> = earlier.iter().rev().chain(std::iter::once(&session.ledger)).collect();
    let bars = Bars::new(context.is_watched() && context.out.file.is_some());
    bars.begin("records", None);
    let erased = context.out.write(|out| {
        let mut erased = 0;
        for ledger in &ledgers {
            erased += write_records(ledger, &query, out, &bars, &|cause| context.out.failure(cause))?;
        }
        Ok(erased)
    })?;
    bars.end();
    if erased > 0 {
        context.note(&format!("{erased} records are left out: they were erased"));
    }
    Ok(Exit::Clean)
}

/// Writes what fits, oldest first, one at a time. Gives how many had been erased.
fn write_records(
    ledger: &Ledger,
    query: &Query,
    out: &mut dyn Write,
    bars: &Bars,
    failure: &dyn Fn(std::io::Error) -> Failure,
) -> Result<u64, Failure> {
    let query = Query { ascending: true, ..query.clone() };
    let (mut erased, mut failed) = (0, None);
    ledger.each_match(&query, &mut |stored| {
        // Leaves about keys and erasures are this ledger's own, and mean nothing in another.
        if stored.leaf.typ != LeafType::Record {
            return Ok(true);
        }
        let Some(record) = &stored.record else {
            erased += 1;
            return Ok(true);
        };
        bars.advance(1);
        failed = writeln!(out, "{}", record.to_json()).err();
        Ok(failed.is_none())
    })?;
    failed.map_or(Ok(erased), |cause| Err(failure(cause)))
}
