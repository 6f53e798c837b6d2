//! File audit of a tree, sealing included, against `openssl dgst -sha256` over the same files, one
//! process per core. (`sha256sum` is no yardstick: it does not use the processor's SHA instructions.)

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, cores, place, setting};
use sealbook_inspect::{Batch, Book, NoReach, Options, Request, Run, Silent, source};
use sealbook_record::{Actor, ActorKind};
use sealbook_testkit::Rng;

/// Files of one directory.
const PER_DIRECTORY: usize = 250;
/// Content is cut out of a block of so many bytes.
const BLOCK: usize = 16 << 20;

pub(crate) fn run() -> Result {
    let files = setting("SEALBOOK_BENCH_FILES", 100_000)? as usize;
    let mib = setting("SEALBOOK_BENCH_MIB", 2_048)?;
    let tree = place::fresh()?;
    let names = plant(tree.path(), files, mib << 20)?;
    note(&format!("  {files} files, {mib} MiB"));
    // Both read from the page cache: disks differ, hashing does not.
    hash(tree.path(), &names)?;
    let rate = |took: std::time::Duration| mib as f64 / took.as_secs_f64();
    let contenders: Vec<Contender<'_>> = vec![
        ("audit", Box::new(|| audit(tree.path(), files).map(rate))),
        ("openssl", Box::new(|| Ok(rate(timed(|| hash(tree.path(), &names))?.1)))),
    ];
    let figures = in_turns(contenders)?;
    let what = format!("{files} files, {mib} MiB");
    let row = Row { bench: "files", what: &what, unit: "MiB/s", target: Some(Bound::AtLeast(0.9)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

/// Writes files with sizes as trees have them, many small and few large, so many bytes together.
pub(super) fn plant(root: &Path, files: usize, bytes: u64) -> Result<Vec<String>> {
    let mut rng = Rng::new(4);
    let weights: Vec<f64> = (0..files).map(|_| 1.0 / (rng.below(1_000) as f64 / 1_000.0 + 0.02)).collect();
    let all: f64 = weights.iter().sum();
    let mut block = vec![0; BLOCK];
    rng.fill(&mut block);
    // One half is text, the other is not.
    block[..BLOCK / 2].iter_mut().for_each(|byte| *byte = b'a' + *byte % 26);
    let mut names = Vec::with_capacity(files);
    for (at, weight) in weights.into_iter().enumerate() {
        let directory = format!("d{:03}", at / PER_DIRECTORY);
        if at % PER_DIRECTORY == 0 {
            std::fs::create_dir(root.join(&directory))?;
        }
        let name = format!("{directory}/f{at:06}.dat");
        let mut left = (weight / all * bytes as f64) as usize;
        let mut file = File::create(root.join(&name))?;
        while left > 0 {
            let start = rng.index(BLOCK - 4_096);
            let some = left.min(BLOCK - start);
            file.write_all(&block[start..start + some])?;
            left -= some;
        }
        names.push(name);
    }
    Ok(names)
}

fn audit(tree: &Path, files: usize) -> Result<std::time::Duration> {
    let place = place::fresh()?;
    let (ledger, policy) = (book::create(place.path(), true)?, book::policy());
    let book = Book::new(&ledger);
    let batch = Batch {
        baseline: None,
        sources: vec![source("file")?],
        analyzers: Vec::new(),
        request: Request {
            target: tree.to_owned(),
            base: None,
            now: ledger.now(),
            run: Run::new(ledger.next_id(), Actor::new(ActorKind::User, "bench")),
            options: Options::default(),
            threads: cores(),
            stamp: &book,
            reach: &NoReach,
        },
    };
    let mut sink = book.sink(&policy);
    let (audit, took) = timed(|| Ok(batch.collect(&book, &mut sink, &Silent)?))?;
    let covered = audit.sources.iter().filter_map(|run| run.result.as_ref().ok()).map(|it| it.covered).sum::<u64>();
    if !audit.is_complete() || covered < files as u64 {
        return Err(format!("{covered} of {files} files were covered").into());
    }
    Ok(took)
}

fn hash(tree: &Path, names: &[String]) -> Result {
    let started: Vec<_> = (0..cores())
        .map(|nth| {
            Command::new("openssl")
                .args(["dgst", "-sha256"])
                .args(names.iter().skip(nth).step_by(cores()))
                .current_dir(tree)
                .stdout(Stdio::null())
                .spawn()
                .map_err(|cause| format!("openssl: {cause}"))
        })
        .collect();
    for child in started {
        let status = child?.wait()?;
        if !status.success() {
            return Err(format!("openssl: {status}").into());
        }
    }
    Ok(())
}
