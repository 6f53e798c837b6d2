//! 64 submitters, each with one record at a time that is durable before it takes the next, against
//! bare SQLite with one record per commit.

use std::sync::Barrier;
use std::time::Instant;

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::records::Maker;
use crate::{Result, book, place, raw, setting};
use sealbook_record::Record;

const SUBMITTERS: usize = 64;

pub(crate) fn run() -> Result {
    let each = setting("SEALBOOK_BENCH_BATCHES", 90)? as usize * 5;
    let first = place::fresh()?;
    ours(first.path(), each)?;
    let ledger_db = book::layout(first.path()).ledger_db();
    let (rows, page) = (raw::packed_rows(&ledger_db)?, raw::page_bytes(&ledger_db)?);
    drop(first);
    let contenders: Vec<Contender<'_>> = vec![
        ("ours", Box::new(|| ours(place::fresh()?.path(), each))),
        ("one per commit", Box::new(|| bare(&rows[..rows.len() / 8], page))),
    ];
    let figures = in_turns(contenders)?;
    let what = "64 submitters, one record at a time";
    let row = Row { bench: "submitters", what, unit: "records/s", target: Some(Bound::AtLeast(8.0)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

fn ours(dir: &std::path::Path, each: usize) -> Result<f64> {
    let mut maker = Maker::new(1);
    // Dealt out in turns: ids are made when a submitter has something to say, so that they rise with time.
    let mut shares = vec![Vec::new(); SUBMITTERS];
    for _ in 0..each {
        for share in &mut shares {
            share.push(maker.record()?);
        }
    }
    let (ledger, policy) = (book::create(dir, false)?, book::policy());
    let ready = Barrier::new(SUBMITTERS + 1);
    let submit = |share: Vec<Record>| {
        ready.wait();
        share.into_iter().try_for_each(|record| book::append(&ledger, &policy, [vec![record]], 1))
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| submit(share))).collect();
        ready.wait();
        let start = Instant::now();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a submitter does not panic"))?;
        Ok(rate(SUBMITTERS * each, start.elapsed()))
    })
}

fn bare(rows: &[raw::Packed], page: u32) -> Result<f64> {
    let place = place::fresh()?;
    let connection = raw::create(&place.path().join("raw.db"), page, raw::PACKED)?;
    let ((), took) =
        timed(|| rows.chunks(1).enumerate().try_for_each(|(at, row)| raw::insert_packed(&connection, 1 + at, row)))?;
    Ok(rate(rows.len(), took))
}
