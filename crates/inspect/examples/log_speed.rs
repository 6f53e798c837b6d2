//! How fast a log is read: `log_speed FILE [error]`, one thread, records counted and thrown away.

#![expect(clippy::print_stdout, reason = "it is a program for a person")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sealbook_inspect::{
    Error, LogOptions, NoReach, Options, Prior, Request, Run, Sealed, Selection, SeqRange, Silent, Sink, Stamp, source,
};
use sealbook_ledger::Uuid;
use sealbook_policy::Raw;
use sealbook_record::{Actor, ActorKind, Severity, Timestamp};

struct Nothing(AtomicU64);

impl Stamp for Nothing {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(4_000_000_000_000_000)
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Prior for Nothing {
    fn latest(&self, _: &Selection<'_>) -> Result<Option<Sealed>, Error> {
        Ok(None)
    }

    fn records(&self, _: &Selection<'_>) -> Result<Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>, Error> {
        Ok(Box::new(std::iter::empty()))
    }
}

impl Sink for Nothing {
    fn record(&mut self, _: Raw) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, Error> {
        Ok(None)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let target = PathBuf::from(arguments.next().ok_or("usage: log_speed FILE [error]")?);
    let log = LogOptions { level: arguments.next().map(|_| Severity::Error), ..LogOptions::default() };
    let (stamp, mut sink) = (Nothing(AtomicU64::new(1)), Nothing(AtomicU64::new(0)));
    let request = Request {
        target: target.clone(),
        base: None,
        now: stamp.now(),
        run: Run::new(stamp.id(), Actor::new(ActorKind::User, "speed")),
        options: Options { log, ..Options::default() },
        threads: 1,
        stamp: &stamp,
        reach: &NoReach,
    };
    let began = Instant::now();
    let coverage = source("log")?.collect(&request, &Nothing(AtomicU64::new(0)), &mut sink, &Silent)?;
    let took = began.elapsed().as_secs_f64();
    let rate = coverage.bytes as f64 / 1e6 / took;
    println!("{} bytes in {took:.2} s: {rate:.0} MB/s, {:?} records", coverage.bytes, sink.0);
    Ok(())
}
