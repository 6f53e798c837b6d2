//! `verify` of a large book, hashes and tree, against a bare loop that reads each row and hashes
//! leaf and parts, on all cores; and the peak of memory beside that of a book a tenth as large.
//!
//! Memory is measured in a process of its own for each book: this program, called again with
//! `peak` and the book's directory.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::measure::{Bound, Contender, Row, in_turns, rate, tell, timed};
use crate::{Result, book, cores, place, setting};
use rusqlite::{Connection, OpenFlags};
use sealbook_store::{Ledger, VerifyOptions};
use sha2::{Digest, Sha256};

/// Rows that a thread takes at a time.
const STRETCH: usize = 16_384;

pub(crate) fn run() -> Result {
    let records = setting("SEALBOOK_BENCH_RECORDS", 1_000_000)? as usize;
    let (large, small) = (place::fresh()?, place::fresh()?);
    drop(book::build(large.path(), records, false, false)?);
    drop(book::build(small.path(), records / 10, false, false)?);

    let ledger = book::open(large.path())?;
    verify(&ledger)?;
    let contenders: Vec<Contender<'_>> = vec![
        ("verify", Box::new(|| Ok(rate(records, timed(|| verify(&ledger))?.1)))),
        ("bare loop", Box::new(|| Ok(rate(records, timed(|| bare(large.path(), records))?.1)))),
    ];
    let figures = in_turns(contenders)?;
    let row = Row { bench: "verify", what: "hashes and tree", unit: "records/s", target: Some(Bound::AtLeast(0.5)) };
    tell(row, &figures[0], &figures[1]);
    drop(ledger);

    let contenders: Vec<Contender<'_>> = vec![
        ("peak, large book", Box::new(|| peak_of(large.path()))),
        ("peak, a tenth", Box::new(|| peak_of(small.path()))),
    ];
    let figures = in_turns(contenders)?;
    let row = Row {
        bench: "verify",
        what: "peak memory, beside a tenth of the records",
        unit: "MiB",
        target: Some(Bound::AtMost(1.2)),
    };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

fn verify(ledger: &Ledger) -> Result {
    let options = VerifyOptions { signatures: false, ..VerifyOptions::default() };
    let report = ledger.verify(&options, &|_| {})?;
    if report.valid { Ok(()) } else { Err(format!("an honest book does not verify: {:?}", report.faults).into()) }
}

fn bare(dir: &Path, records: usize) -> Result {
    let path = book::layout(dir).ledger_db();
    let next = AtomicUsize::new(0);
    let seen = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(|| read_and_hash(&path, records + 1, &next))).collect();
        threads.into_iter().try_fold(0, |sum, thread| Ok(sum + thread.join().expect("reading does not panic")?))
    });
    match seen {
        Ok(seen) if seen == records + 1 => Ok(()),
        Ok(seen) => Err(format!("{seen} rows were read instead of {}", records + 1).into()),
        Err(failure) => Err(failure),
    }
}

fn read_and_hash(path: &Path, rows: usize, next: &AtomicUsize) -> Result<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    let mut select = connection.prepare("SELECT leaf, content FROM records WHERE seq >= ?1 AND seq < ?2")?;
    let mut seen = 0;
    loop {
        let from = next.fetch_add(STRETCH, Ordering::Relaxed);
        if from >= rows {
            return Ok(seen);
        }
        let mut found = select.query([from as i64, (from + STRETCH) as i64])?;
        while let Some(row) = found.next()? {
            std::hint::black_box(Sha256::new().chain_update([0]).chain_update(row.get_ref(0)?.as_blob()?).finalize());
            hash_parts(row.get_ref(1)?.as_blob()?).ok_or("a packed row does not unpack")?;
            seen += 1;
        }
    }
}

/// Hashes name, salt and bytes of each part that lies in a packed row (see `sealbook_store::Content`).
fn hash_parts(packed: &[u8]) -> Option<()> {
    let (count, mut rest) = packed.split_first()?;
    for _ in 0..*count {
        let [_, name_len] = *rest.first_chunk::<2>()?;
        let head = 2 + usize::from(name_len) + 32;
        let len = u32::from_le_bytes(*rest.get(head..)?.first_chunk()?) as usize;
        let (part, after) = rest.split_at_checked(head + 4 + len)?;
        let (salted, bytes) = (part.get(2..head)?, part.get(head + 4..)?);
        std::hint::black_box(Sha256::new().chain_update(salted).chain_update(bytes).finalize());
        rest = after;
    }
    rest.is_empty().then_some(())
}

fn peak_of(dir: &Path) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).arg("peak").arg(dir).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().map_err(|_| format!("peak: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Verifies a book and prints the most memory that this process held, in MiB.
pub(crate) fn peak(dir: &Path) -> Result {
    verify(&book::open(dir)?)?;
    print_peak()
}

/// Prints the most memory that this process held, in MiB.
#[expect(clippy::print_stdout, reason = "the parent reads it")]
pub(crate) fn print_peak() -> Result {
    println!("{:.3}", peak_mib()?);
    Ok(())
}

/// The most memory that this process held, in MiB.
fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("this system tells no peak")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
