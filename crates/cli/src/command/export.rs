//! `sealbook export`: records as JSON Lines.

use std::io::Write;
use std::path::{Path, PathBuf};

use sealbook_inspect::Progress;
use sealbook_ledger::LeafType;
use sealbook_store::{Ledger, Query, Selection};

use super::Context;
use crate::daily;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::form::{self, Form};
use crate::output;
use crate::progress::Bars;
use crate::session::Session;

/// Write records as JSON Lines, or a bundle to be verified elsewhere
///
/// Oldest first. One record per line, as it was sealed, in the form that `import` reads; numbers keep their
/// digits. Of a book that was restored, the ledgers before it come first. What was erased is not
/// there: how much that is, is said on standard error. The format is always JSON Lines. With
/// --dialect, each in the form of an older audit system: as it was where it came from there, else
/// as near as that form can say it.
///
/// With --daily, files for `jq` and log shippers, one for each day (`audit_2024-05-01.log`, in the
/// dialect `jsonl`). What is new is added each time. Each file begins with a line that names the
/// file before it and its digest, and how far they go is sealed in the book, so that
/// `sealbook verify --daily DIR` finds a line that was changed and a file that is gone.
///
/// With --bundle, a file that is enough to verify offline: leaves, content, signatures, keys and the
/// checkpoint, and a proof for each record where only some are selected. With --tiles, leaves, tiles
/// and checkpoint as static files in the layout of C2SP tlog-tiles, without any content.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook export > records.jsonl
  sealbook export --since 2024-01-01 --action 'file.*' --output files.jsonl
  sealbook export --dialect booking --tenant acme > actions.jsonl
  sealbook export --daily Logs/
  sealbook export --bundle book.sealbundle
  sealbook export --bundle incident.sealbundle --session s-17
  sealbook export --tiles public/")]
pub(crate) struct Args {
    /// Write a bundle to this file
    #[arg(long, value_name = "FILE", conflicts_with = "tiles")]
    bundle: Option<PathBuf>,
    /// Write static files to this directory
    #[arg(long, value_name = "DIR")]
    tiles: Option<PathBuf>,
    /// Add what is new to daily files in this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["bundle", "tiles", "dialect"])]
    daily: Option<PathBuf>,
    #[command(flatten)]
    form: form::Given,
    #[command(flatten)]
    filter: Filter,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.filter.query(&context.environment.zone)?;
    let form = args.form.read()?;
    if !args.form.is_own() && (args.bundle.is_some() || args.tiles.is_some()) {
        return Err(Failure::usage("--dialect is for lines", "leave it out, or export without --bundle and --tiles"));
    }
    let session = context.open()?;
    if let Some(dir) = &args.daily {
        if !args.filter.is_empty() {
            return Err(Failure::usage(
                "daily files hold every record",
                "leave the selection out, or leave out --daily",
            ));
        }
        return daily::write(dir, &session, context);
    }
    if let Some(path) = &args.bundle {
        return bundle(path, args, &query, &session, context);
    }
    if let Some(dir) = &args.tiles {
        return tiles(dir, args, &session, context);
    }
    let earlier = session.earlier()?;
    let ledgers: Vec<&Ledger> = earlier.iter().rev().chain(std::iter::once(&session.ledger)).collect();
    let bars = Bars::new(context.is_watched() && context.out.file.is_some());
    bars.begin("records", None);
    let erased = context.out.write(|out| {
        let mut erased = 0;
        for ledger in &ledgers {
            erased += write_records(ledger, &query, form, out, &bars, &|cause| context.out.failure(cause))?;
        }
        Ok(erased)
    })?;
    bars.end();
    if erased > 0 {
        context.note(&format!("{erased} records are left out: they were erased"));
    }
    Ok(ledgers.iter().fold(Exit::Clean, |exit, ledger| context.answered(ledger, exit)))
}

/// Writes the present ledger, or what is selected of it, as a bundle.
fn bundle(path: &Path, args: &Args, query: &Query, session: &Session, context: &Context) -> Result<Exit, Failure> {
    let selection = if args.filter.is_empty() {
        Selection::Whole
    } else {
        let mut seqs = Vec::new();
        session.ledger.each_match(&Query { ascending: true, ..query.clone() }, &mut |stored| {
            seqs.push(stored.seq);
            Ok(true)
        })?;
        Selection::Records(seqs)
    };
    let entries = output::write_file(path, |out| Ok(session.ledger.bundle(&selection, out)?))?;
    if sealbook_serve::continues(&session.ledger)?.is_some() {
        context.note(
            "the ledgers that this one goes on from are not in the bundle; they are books of their own in `previous`",
        );
    }
    context
        .note(&format!("{entries} entries are in {}; whoever verifies it needs `sealbook key public`", path.display()));
    Ok(Exit::Clean)
}

/// Publishes the present ledger without its content.
fn tiles(dir: &Path, args: &Args, session: &Session, context: &Context) -> Result<Exit, Failure> {
    if !args.filter.is_empty() {
        return Err(Failure::usage(
            "a tile directory holds the whole ledger",
            "leave the selection out, or use --bundle",
        ));
    }
    let size = session.ledger.publish(dir)?;
    context.note(&format!("{size} leaves and their tiles are in {}", dir.display()));
    Ok(Exit::Clean)
}

/// Writes what fits, oldest first, one at a time. Gives how many had been erased.
fn write_records(
    ledger: &Ledger,
    query: &Query,
    form: Form,
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
        // An altered record is told of by itself.
        let Some(record) = &stored.record else {
            erased += u64::from(stored.altered.is_empty());
            return Ok(true);
        };
        bars.advance(1);
        failed = writeln!(out, "{}", form.write(record)).err();
        Ok(failed.is_none())
    })?;
    failed.map_or(Ok(erased), |cause| Err(failure(cause)))
}
