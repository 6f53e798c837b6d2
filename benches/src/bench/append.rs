//! Batch append: 1,024 records, redacted, durable when acknowledged, without record signatures,
//! against bare inserts of the same stored bytes in the same batches.
//!
//! Two ways to send: one batch at a time (each is durable before the next is touched), and two on
//! their way at once. Bare SQLite has one way only.

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::records::Maker;
use crate::{Result, book, place, raw, setting};

const TARGET: Option<Bound> = Some(Bound::AtLeast(0.45));

pub(crate) fn run() -> Result {
    let batches = setting("SEALBOOK_BENCH_BATCHES", 100)? as usize;
    // What bare SQLite stores is what a first run of ours stored; that run is the warm-up too.
    let first = place::fresh()?;
    ours(first.path(), batches, 1)?;
    let rows = raw::packed_rows(&book::layout(first.path()).ledger_db())?;
    drop(first);

    let contenders: Vec<Contender<'_>> = vec![
        ("ours, one at a time", Box::new(|| ours(place::fresh()?.path(), batches, 1))),
        ("bare inserts", Box::new(|| bare(&rows))),
        ("ours, two on their way", Box::new(|| ours(place::fresh()?.path(), batches, 2))),
    ];
    let figures = in_turns(contenders)?;
    let row = |what| Row { bench: "append", what, unit: "records/s", target: TARGET };
    tell(row("batches of 1,024, one at a time"), &figures[0], &figures[1]);
    tell(row("batches of 1,024, two on their way"), &figures[2], &figures[1]);
    Ok(())
}

fn ours(dir: &std::path::Path, batches: usize, in_flight: usize) -> Result<f64> {
    let mut maker = Maker::new(1);
    let input = (0..batches).map(|_| maker.batch(book::BATCH)).collect::<Result<Vec<_>>>()?;
    let ledger = book::create(dir, false)?;
    let policy = book::policy();
    let ((), took) = timed(|| book::append(&ledger, &policy, input, in_flight))?;
    Ok(rate(batches * book::BATCH, took))
}

fn bare(rows: &[raw::Packed]) -> Result<f64> {
    let place = place::fresh()?;
    let connection = raw::create(&place.path().join("raw.db"), raw::PACKED)?;
    let ((), took) = timed(|| {
        for (at, batch) in rows.chunks(book::BATCH).enumerate() {
            raw::insert_packed(&connection, 1 + at * book::BATCH, batch)?;
        }
        Ok(())
    })?;
    Ok(rate(rows.len(), took))
}
