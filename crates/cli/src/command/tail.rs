//! `sealbook tail`: the newest records, and those that come.

use std::io::Write;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sealbook_report::{RecordLine, RecordList, render};
use sealbook_store::{Ledger, Query, Stored};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;

/// Show the newest records, and with --follow those that come
///
/// Oldest first, so that the newest stands last. With --follow, one line per record as soon as it is
/// sealed, until the reader goes away or the program is stopped; `json` then writes one document per
/// record, one after the other.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook tail
  sealbook tail -n 50 --session s-17
  sealbook tail --follow --min-severity warning
  sealbook tail --follow --format jsonl | jq 'select(.record.outcome == \"blocked\")'")]
pub(crate) struct Args {
    /// How many of the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: usize,
    /// Go on with those that come
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    filter: Filter,
}

/// How often the head is looked at: rarely enough to cost nothing, often enough to seem at once.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.follow && context.out.file.is_some() {
        return Err(Failure::usage("--follow has no end, and --output is written when it is whole", "use `> FILE`"));
    }
    let query = args.filter.query(&context.environment.zone)?;
    let place = context.place()?;
    let actor = crate::who::acting(&crate::args::Acting::default(), &place)?;
    let ledger = crate::session::Session::open_unchecked(place, actor)?.ledger;
    let size = ledger.reader()?.size()?;
    let newest = newest(&ledger, &query, args.lines)?;
    if !args.follow {
        context.out.show(&RecordList { rows: &newest, next: None })?;
        return Ok(Exit::Clean);
    }
    show(&newest, context)?;
    // What was sealed between the two looks was shown, or did not fit.
    let next = newest.last().map_or(size, |last| size.max(last.seq + 1));
    follow(&ledger, &query, next, context)
}

/// The newest that fit, oldest first.
fn newest(ledger: &Ledger, query: &Query, lines: usize) -> Result<Vec<Stored>, Failure> {
    if lines == 0 {
        return Ok(Vec::new());
    }
    let mut rows = ledger.query(&Query { limit: Some(lines), ..query.clone() })?.rows;
    rows.reverse();
    Ok(rows)
}

fn follow(ledger: &Ledger, query: &Query, mut next: u64, context: &Context) -> Result<Exit, Failure> {
    loop {
        // The newest page of the ledger is read, and nothing else, as long as nothing is new.
        let reader = ledger.reader()?;
        let size = reader.size()?;
        while next < size {
            let stored = reader.record(next)?;
            next += 1;
            if query.id.is_none_or(|id| id == stored.leaf.id) && query.fits(&stored) {
                show(&[stored], context)?;
            }
        }
        drop(reader);
        if is_reader_gone() {
            return Ok(Exit::Clean);
        }
    }
}

fn show(rows: &[Stored], context: &Context) -> Result<(), Failure> {
    context.out.write(|out: &mut dyn Write| {
        let (format, screen) = (context.out.format, context.out.screen);
        rows.iter().try_for_each(|stored| {
            render(&RecordLine(stored), format, screen, out).map_err(|cause| context.out.failure(cause))
        })
    })
}

/// Waits for the next look, or until nobody reads standard output any more.
fn is_reader_gone() -> bool {
    let out = std::io::stdout();
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut watched, Some(&LOOK)).is_ok_and(|found| found > 0) && watched[0].revents().intersects(gone)
}
