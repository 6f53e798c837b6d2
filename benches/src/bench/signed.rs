//! Batch append with a record signature each, against the same without.

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::records::Maker;
use crate::{Result, book, place, setting};

pub(crate) fn run() -> Result {
    let batches = setting("SEALBOOK_BENCH_BATCHES", 90)? as usize;
    append(batches, true, 1)?;
    let contenders: Vec<Contender<'_>> = vec![
        ("signed, one at a time", Box::new(|| append(batches, true, 1))),
        ("unsigned, one at a time", Box::new(|| append(batches, false, 1))),
        ("signed, two on their way", Box::new(|| append(batches, true, 2))),
        ("unsigned, two on their way", Box::new(|| append(batches, false, 2))),
    ];
    let figures = in_turns(contenders)?;
    let row = |what| Row { bench: "signed", what, unit: "records/s", target: Some(Bound::AtLeast(0.6)) };
    tell(row("a record signature each, one batch at a time"), &figures[0], &figures[1]);
    tell(row("a record signature each, two batches on their way"), &figures[2], &figures[3]);
    Ok(())
}

fn append(batches: usize, sign: bool, in_flight: usize) -> Result<f64> {
    let place = place::fresh()?;
    let mut maker = Maker::new(1);
    let input = (0..batches).map(|_| maker.batch(book::BATCH)).collect::<Result<Vec<_>>>()?;
    let ledger = book::create(place.path(), sign)?;
    let policy = book::policy();
    let ((), took) = timed(|| book::append(&ledger, &policy, input, in_flight))?;
    Ok(rate(batches * book::BATCH, took))
}
