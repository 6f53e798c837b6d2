//! Batch append: 1,024 records, redacted, durable when acknowledged, without record signatures,
//! against bare inserts of the same stored bytes in the same batches.
//!
//! Two ways to send: one batch at a time (each is durable before the next is touched), and two on
//! their way at once. Bare SQLite has one way only.

use crate::measure::{Bound, Contender, Row, cpu_seconds, in_turns, note, rate, tell, timed};
use crate::records::Maker;
use crate::{Result, book, place, raw, setting};

const TARGET: Option<Bound> = Some(Bound::AtLeast(0.45));

pub(crate) fn run() -> Result {
    let batches = setting("SEALBOOK_BENCH_BATCHES", 90)? as usize;
    // What bare SQLite stores is what a first run of ours stored; that run is the warm-up too.
    let first = place::fresh()?;
    ours(first.path(), batches, 1)?;
    let ledger_db = book::layout(first.path()).ledger_db();
    let (rows, page) = (raw::packed_rows(&ledger_db)?, raw::page_bytes(&ledger_db)?);
    drop(first);

    costs(batches, &rows, page)?;
    let contenders: Vec<Contender<'_>> = vec![
        ("ours, one at a time", Box::new(|| ours(place::fresh()?.path(), batches, 1))),
        ("bare inserts", Box::new(|| bare(&rows, page))),
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

fn bare(rows: &[raw::Packed], page: u32) -> Result<f64> {
    let place = place::fresh()?;
    let connection = raw::create(&place.path().join("raw.db"), page, raw::PACKED)?;
    let ((), took) = timed(|| {
        for (at, batch) in rows.chunks(book::BATCH).enumerate() {
            raw::insert_packed(&connection, 1 + at * book::BATCH, batch)?;
        }
        Ok(())
    })?;
    Ok(rate(rows.len(), took))
}

/// Says what each side takes of the processors, which other work on the machine changes little.
fn costs(batches: usize, rows: &[raw::Packed], page: u32) -> Result {
    let mut maker = Maker::new(1);
    let input = (0..batches).map(|_| maker.batch(book::BATCH)).collect::<Result<Vec<_>>>()?;
    let (place, policy) = (place::fresh()?, book::policy());
    let ledger = book::create(place.path(), false)?;
    let start = cpu_seconds();
    let judged = input.into_iter().map(|batch| book::admit(&policy, batch)).collect::<Result<Vec<_>>>()?;
    let admitted = cpu_seconds();
    for batch in judged {
        ledger.append(batch)?;
    }
    let appended = cpu_seconds();
    bare(rows, page)?;
    let inserted = cpu_seconds();
    let each = |seconds: f64| seconds * 1e6 / rows.len() as f64;
    note(&format!(
        "  processor time a record: {:.2} us to admit, {:.2} us to append; {:.2} us for a bare insert",
        each(admitted - start),
        each(appended - admitted),
        each(inserted - appended)
    ));
    Ok(())
}
