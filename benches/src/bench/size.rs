//! Bytes of the book, indexes included, against the bytes of its content as JSON.

use crate::measure::{Bound, Row, note, tell};
use crate::records::{Maker, content_bytes};
use crate::{Result, book, place, setting};

pub(crate) fn run() -> Result {
    let records = setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize;
    let mut maker = Maker::new(1);
    let (mut content, mut statements) = (0, 0);
    for _ in 0..records {
        let record = maker.record()?;
        content += content_bytes(&record);
        statements += record.statement_json(&[]).len();
    }
    note(&format!("  {} bytes of parts and {} of statement a record", content / records, statements / records));

    for (sign, what) in [(true, "book, records signed"), (false, "book, records unsigned")] {
        let place = place::fresh()?;
        drop(book::build(place.path(), records, sign, true)?);
        let layout = book::layout(place.path());
        for path in [layout.ledger_db(), layout.index_db()] {
            // What waits in a WAL belongs to the book.
            rusqlite::Connection::open(&path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            let bytes = std::fs::metadata(&path)?.len();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            note(&format!("  {name}: {} bytes a record", bytes / records as u64));
        }
        let bytes = place::bytes_in(&layout.book)?;
        let mib = |bytes: f64| bytes / f64::from(1 << 20);
        let row = Row { bench: "size", what, unit: "MiB", target: Some(Bound::AtMost(3.5)) };
        tell(row, &[mib(bytes as f64)], &[mib(content as f64)]);
    }
    Ok(())
}
