//! A second audit of a tree in which nothing changed, sealing included, against AIDE's `--check` of the same facts:
//! rights, owners, sizes, times, inodes, links, access lists, attributes, SHA-256.
//!
//! AIDE comes by way of `scripts/bench-tools`. It reads every file each time. Ours reads what may have changed, and
//! with `paranoid` every file too.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sealbook_inspect::{Batch, Book, FileOptions, NoReach, Options, Request, Run, Silent, source};
use sealbook_record::{Actor, ActorKind};
use sealbook_store::Ledger;

use super::files::plant;
use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, cores, place, setting};

/// The most memory, in MiB.
const PEAK_MIB: f64 = 600.0;

pub(crate) fn run() -> Result {
    let files = usize::try_from(setting("SEALBOOK_BENCH_FILES", 100_000)?)?;
    let mib = setting("SEALBOOK_BENCH_MIB", 2_048)?;
    let tree = place::fresh()?;
    plant(tree.path(), files, mib << 20)?;
    // Files that are younger than a run are read again: nothing is measured of that here.
    std::thread::sleep(Duration::from_secs(3));
    let database = place::fresh()?;
    aide(database.path(), tree.path(), "--init")?;
    std::fs::rename(database.path().join("new"), database.path().join("known"))?;
    let kept = place::fresh()?;
    let ledger = book::create(kept.path(), true)?;
    audit(&ledger, tree.path(), files, false)?;
    note(&format!("  {files} files, {mib} MiB"));
    let rate = |took: Duration| files as f64 / took.as_secs_f64();
    let contenders: Vec<Contender<'_>> = vec![
        ("second run", Box::new(|| audit(&ledger, tree.path(), files, false).map(rate))),
        ("paranoid", Box::new(|| audit(&ledger, tree.path(), files, true).map(rate))),
        ("aide", Box::new(|| Ok(rate(timed(|| aide(database.path(), tree.path(), "--check"))?.1)))),
    ];
    let figures = in_turns(contenders)?;
    let what = format!("{files} files, {mib} MiB, nothing changed");
    let target = Some(Bound::AtLeast(10.0));
    tell(Row { bench: "recheck", what: &what, unit: "files/s", target }, &figures[0], &figures[2]);
    let what = "the same, every file read again";
    let target = Some(Bound::AtLeast(2.5));
    tell(Row { bench: "recheck", what, unit: "files/s", target }, &figures[1], &figures[2]);
    let peak = [peak_of(tree.path())?];
    let target = Some(Bound::AtMost(1.0));
    tell(Row { bench: "recheck", what: "peak memory, of 600 MiB", unit: "MiB", target }, &peak, &[PEAK_MIB]);
    Ok(())
}

fn audit(ledger: &Ledger, tree: &Path, files: usize, paranoid: bool) -> Result<Duration> {
    let (book, policy) = (Book::new(ledger), book::policy());
    let file = FileOptions { paranoid, ..FileOptions::default() };
    let batch = Batch {
        baseline: None,
        sources: vec![source("file")?],
        analyzers: Vec::new(),
        request: Request {
            target: tree.to_owned(),
            base: None,
            now: ledger.now(),
            run: Run::new(ledger.next_id(), Actor::new(ActorKind::User, "bench")),
            options: Options { file, ..Options::default() },
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

/// Makes its database, or compares with it; that nothing changed is checked.
fn aide(database: &Path, tree: &Path, what: &str) -> Result {
    let config = database.join("aide.conf");
    let (dir, root) = (database.display(), tree.display());
    let text = format!(
        "database_in=file:{dir}/known\ndatabase_out=file:{dir}/new\ngzip_dbout=no\nreport_url=file:{dir}/report\n\
         {root} p+ftype+i+l+n+u+g+s+m+c+acl+xattrs+sha256\n"
    );
    std::fs::write(&config, text)?;
    let mut command = Command::new("aide");
    command.arg(what).arg("--config").arg(&config).stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().map_err(|cause| format!("aide: {cause}; run scripts/bench-tools"))?;
    if status.success() { Ok(()) } else { Err(format!("aide {what}: {status}; see {dir}/report").into()) }
}

/// Two runs in a process of its own, which then says how much memory it had at most.
pub(crate) fn peak(tree: &Path) -> Result {
    let kept = place::fresh()?;
    let ledger = book::create(kept.path(), true)?;
    for _ in 0..2 {
        audit(&ledger, tree, 1, false)?;
    }
    super::verify::print_peak()
}

fn peak_of(tree: &Path) -> Result<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg("recheck-peak").arg(tree).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.trim().parse::<f64>().map_err(|_| format!("the peak was told as {text:?}"))?)
}
