//! How fast a file audit is, sealing included: `cargo run --release --example file_speed -- DIR [RUNS]`.
//!
//! Every run seals into the same fresh book, so that the first one makes the baseline and the
//! others compare. The yardstick is
//! `find DIR -type f -print0 | xargs -0 -P$(nproc) -n 2000 openssl dgst -sha256 > /dev/null`.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Instant;

use sealbook_inspect::{Batch, Book, NoReach, Options, Request, Run, Silent, Stamp as _, source};
use sealbook_policy::{DigestKey, Policy};
use sealbook_record::{Actor, ActorKind};
use sealbook_store::{Layout, Ledger};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let target = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let runs = arguments.next().and_then(|runs| runs.to_str()?.parse().ok()).unwrap_or(1);
    let place = tempfile::tempdir()?;
    let [book, keys, heads] = ["book", "keys", "heads"].map(|name| place.path().join(name));
    let layout = Layout { book, keys, heads };
    let ledger = Ledger::create(layout, "default", sealbook_store::Options::default(), None)?;
    let policy = Policy::new(DigestKey::new([7; 32]));
    let book = Book::new(&ledger);
    for _ in 0..runs {
        let started = Instant::now();
        let request = Request {
            target: target.clone(),
            base: None,
            now: book.now(),
            run: Run::new(book.id(), Actor::new(ActorKind::User, "bench")),
            options: Options::default(),
            threads: std::thread::available_parallelism().map_or(1, Into::into),
            stamp: &book,
            reach: &NoReach,
        };
        let batch = Batch { sources: vec![source("file")?], analyzers: Vec::new(), request, baseline: None };
        let audit = batch.collect(&book, &mut book.sink(&policy), &Silent)?;
        let seconds = started.elapsed().as_secs_f64();
        let run = &audit.sources[0];
        let coverage = run.result.as_ref().map_err(ToString::to_string)?;
        writeln!(
            std::io::stdout(),
            "{seconds:.3} s, {} files, {} bytes, {} skipped, {} records",
            coverage.covered,
            coverage.bytes,
            coverage.skipped_total(),
            run.records,
        )?;
    }
    Ok(())
}
