//! `sealbook query`: finds records.

use sealbook_report::RecordList;
use sealbook_store::{Cursor, Ledger, Query, Stored};

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
  sealbook query --text 'connection refused' --format jsonl | jq .target.id
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
    let session = context.open()?;
    query.ascending = args.ascending;
    let earlier = session.earlier()?;
    let mut ledgers: Vec<&Ledger> = std::iter::once(&session.ledger).chain(&earlier).collect();
    if args.ascending {
        ledgers.reverse();
    }
    let (rows, next) = page(&ledgers, query, args.limit, args.cursor.as_deref())?;
    context.out.show(&RecordList {
        rows: &rows,
        next: next.as_deref(),
    })?;
    Ok(Exit::Clean)
}

/// One page over several ledgers, in their order. A cursor names the ledger it is in by its place
/// in the order of restores, `1:` for the ledger before the present one, and nothing for this one.
fn page(
    ledgers: &[&Ledger],
    mut query: Query,
    limit: usize,
    cursor: Option<&str>,
) -> Result<(Vec<Stored>, Option<String>), Failure> {
    let place_of = |age: usize| {
        if query.ascending {
            ledgers.len().checked_sub(1 + age)
        } else {
            Some(age)
        }
    };
    let (start, cursor) = match cursor {
        None => (0, None),
        Some(text) => {
            let (age, cursor) = text.split_once(':').unwrap_or(("0", text));
            let unknown = || sealbook_store::Error::QueryInvalid {
                field: "cursor",
                why: "it is not one that a page ended with; leave it out to start at the newest"
                    .to_owned(),
            };
            let place = age
                .parse()
                .ok()
                .and_then(place_of)
                .filter(|place| *place < ledgers.len());
            (place.ok_or_else(unknown)?, Some(cursor.parse::<Cursor>()?))
        }
    };
    let mut rows = Vec::new();
    query.cursor = cursor;
    for (place, ledger) in ledgers.iter().enumerate().skip(start) {
        query.limit = Some(limit - rows.len());
        let page = ledger.query(&query)?;
        rows.extend(page.rows);
        let age = place_of(place).expect("the place is one of them");
        let in_ledger = |cursor: Cursor| {
            if age == 0 {
                cursor.to_string()
            } else {
                format!("{age}:{cursor}")
            }
        };
        if let Some(next) = page.next {
            return Ok((rows, Some(in_ledger(next))));
        }
        query.cursor = None;
        if rows.len() == limit {
            // Full, and the next ledger begins a page of its own, if it has anything to show.
            query.limit = Some(1);
            for later in &ledgers[place + 1..] {
                if !later.query(&query)?.rows.is_empty() {
                    let last = rows
                        .last()
                        .map(|last: &Stored| last.seq)
                        .unwrap_or_default();
                    return Ok((rows, Some(in_ledger(format!("s{last}").parse()?))));
                }
            }
            break;
        }
    }
    Ok((rows, None))
}
