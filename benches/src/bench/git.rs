//! Git audit with numstat, object hashes and sealing included, against `git log --numstat`.
//!
//! The repository is made for it, with 20,000 commits, unless `SEALBOOK_BENCH_REPO` names one.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, cores, place, setting};
use sealbook_inspect::{Batch, Book, GitOptions, NoReach, Options, Refs, Request, Run, Silent, source};
use sealbook_record::{Actor, ActorKind};
use sealbook_testkit::Rng;

pub(crate) fn run() -> Result {
    let made = place::fresh()?;
    let (repository, what) = match std::env::var_os("SEALBOOK_BENCH_REPO") {
        Some(path) => (PathBuf::from(path), "an existing repository"),
        None => (make(made.path(), setting("SEALBOOK_BENCH_COMMITS", 20_000)?)?, "a repository made for it"),
    };
    let commits: u64 = output(&repository, &["rev-list", "--count", "HEAD"])?.trim().parse()?;
    note(&format!("  {commits} commits"));
    log(&repository)?;
    let rate = |took: Duration| commits as f64 / took.as_secs_f64();
    let contenders: Vec<Contender<'_>> = vec![
        ("audit", Box::new(|| audit(&repository, commits).map(rate))),
        ("git log --numstat", Box::new(|| Ok(rate(timed(|| log(&repository))?.1)))),
    ];
    let figures = in_turns(contenders)?;
    let what = format!("{what}, {commits} commits with numstat");
    let row = Row { bench: "git", what: &what, unit: "commits/s", target: Some(Bound::AtLeast(0.5)) };
    tell(row, &figures[0], &figures[1]);
    Ok(())
}

fn audit(repository: &Path, commits: u64) -> Result<Duration> {
    let place = place::fresh()?;
    let (ledger, policy) = (book::create(place.path(), true)?, book::policy());
    let book = Book::new(&ledger);
    let git = GitOptions { refs: Refs::Head, ..GitOptions::default() };
    let batch = Batch {
        baseline: None,
        sources: vec![source("git")?],
        analyzers: Vec::new(),
        request: Request {
            target: repository.to_owned(),
            base: None,
            now: ledger.now(),
            run: Run::new(ledger.next_id(), Actor::new(ActorKind::User, "bench")),
            options: Options { git, ..Options::default() },
            threads: cores(),
            stamp: &book,
            reach: &NoReach,
        },
    };
    let mut sink = book.sink(&policy);
    let (audit, took) = timed(|| Ok(batch.collect(&book, &mut sink, &Silent)?))?;
    let records: u64 = audit.sources.iter().map(|run| run.records).sum();
    if audit.has_failed() || records < commits {
        return Err(format!("{records} records of {commits} commits").into());
    }
    Ok(took)
}

fn log(repository: &Path) -> Result {
    let status = git(repository, &["log", "--numstat"]).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("git log: {status}").into()) }
}

pub(super) fn git(repository: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(arguments);
    command
}

pub(super) fn output(repository: &Path, arguments: &[&str]) -> Result<String> {
    let output = git(repository, arguments).stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("git {arguments:?}").into())
    }
}

/// Files of the repository that is made.
const FILES: usize = 1_500;
/// Lines of a file when it comes into being.
const LINES: usize = 120;

pub(super) fn make(dir: &Path, commits: u64) -> Result<PathBuf> {
    output(dir, &["init", "--quiet", "--bare", "--initial-branch=main", "."])?;
    let mut import = git(dir, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    let stream = import.stdin.take().ok_or("git fast-import takes no input")?;
    write_history(&mut BufWriter::new(stream), commits)?;
    let status = import.wait()?;
    if !status.success() {
        return Err(format!("git fast-import: {status}").into());
    }
    output(dir, &["repack", "-adq"])?;
    Ok(dir.to_owned())
}

/// Commits as projects have them: one to four files each, a few lines of each; now and then a file
/// is renamed or a new one comes.
fn write_history(out: &mut impl Write, commits: u64) -> Result {
    let mut rng = Rng::new(5);
    let mut files: Vec<(String, Vec<String>)> = Vec::new();
    for number in 0..commits {
        let author = rng.below(24);
        let message = format!("Change {number}\n\nIt was about time for {:x}.\n", rng.bits());
        writeln!(out, "commit refs/heads/main\nmark :{}", number + 1)?;
        writeln!(
            out,
            "committer Author {author} <author-{author}@example.org> {} +0000",
            1_500_000_000 + number * 600
        )?;
        writeln!(out, "data {}\n{message}", message.len())?;
        if number > 0 {
            writeln!(out, "from :{number}")?;
        }
        if files.len() < FILES && (number < 100 || rng.percent(10)) {
            let name = format!("src/part{:02}/file{:04}.rs", rng.below(40), files.len());
            let lines = (0..LINES).map(|at| line(&mut rng, at)).collect();
            files.push((name, lines));
            write_file(out, files.last().expect("one was added"))?;
        }
        for _ in 0..=rng.below(3) {
            let nth = rng.index(files.len());
            change(&mut rng, &mut files[nth].1);
            if rng.percent(2) {
                let renamed = format!("src/part{:02}/file{nth:04}-{number}.rs", rng.below(40));
                writeln!(out, "R {} {renamed}", files[nth].0)?;
                files[nth].0 = renamed;
            }
            write_file(out, &files[nth])?;
        }
    }
    out.flush()?;
    Ok(())
}

fn change(rng: &mut Rng, lines: &mut Vec<String>) {
    for _ in 0..=rng.below(6) {
        let at = rng.index(lines.len());
        match rng.below(4) {
            0 if lines.len() > LINES / 2 => drop(lines.remove(at)),
            1 => lines.insert(at, line(rng, at)),
            _ => lines[at] = line(rng, at),
        }
    }
}

fn line(rng: &mut Rng, at: usize) -> String {
    format!("    let value_{at} = compute({}, {:x});", rng.below(1_000), rng.bits() >> 40)
}

fn write_file(out: &mut impl Write, (name, lines): &(String, Vec<String>)) -> Result {
    let text = lines.join("\n");
    writeln!(out, "M 100644 inline {name}\ndata {}\n{text}\n", text.len() + 1)?;
    Ok(())
}
