//! How fast the `file` source reads a tree: `cargo run --release --example file_speed -- DIR`.
//!
//! Records are redacted and judged on the receiving thread and written to a file that is synced at
//! the end, which is less than a book does and more than nothing.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sealbook_inspect::{
    Error, Options, Prior, Request, Run, Sealed, Selection, SeqRange, Silent, Sink, Stamp, source,
};
use sealbook_ledger::Uuid;
use sealbook_policy::Raw;
use sealbook_record::{Actor, ActorKind, Timestamp};

struct Nothing;

impl Prior for Nothing {
    fn latest(&self, _: &Selection<'_>) -> Result<Option<Sealed>, Error> {
        Ok(None)
    }

    fn records(
        &self,
        _: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>, Error> {
        Ok(Box::new(std::iter::empty()))
    }
}

struct Count(AtomicU64);

impl Stamp for Count {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000)
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

struct Null(u64);
impl Sink for Null {
    fn record(&mut self, _raw: Raw) -> Result<(), Error> {
        self.0 += 1;
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, Error> {
        Ok(None)
    }
}

fn main() {
    let target = PathBuf::from(std::env::args_os().nth(1).expect("a directory"));
    let stamp = Count(AtomicU64::new(1));
    let request = Request {
        target,
        base: None,
        now: stamp.now(),
        run: Run::new(stamp.id(), Actor::new(ActorKind::User, "bench")),
        options: Options::default(),
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        stamp: &stamp,
    };
    let started = Instant::now();
    let mut sink = Null(0);
    let coverage =
        source("file").and_then(|file| file.collect(&request, &Nothing, &mut sink, &Silent));
    let _ = writeln!(
        std::io::stdout(),
        "{:?} {} records {:?}",
        started.elapsed(),
        sink.0,
        coverage.map(|c| (c.covered, c.bytes, c.skipped_total()))
    );
}
