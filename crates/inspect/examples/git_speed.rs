//! How fast a git audit is: `cargo run --release --example git_speed -- REPOSITORY [PAIRS] [--seal]`.
//!
//! The yardstick, `git log --numstat`, runs in turn with it. Both read the history of `HEAD`; the
//! audit hashes every object as well, and with `--seal` also seals every record in a fresh book and
//! analyses it. Prints seconds and ratios, and at last the findings.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sealbook_inspect::{
    Batch, Book, Error as InspectError, GitOptions, NoReach, Options, Prior, Refs, Request, Run, Sealed, Selection,
    SeqRange, Silent, Sink, Stamp as _, analyzer, source,
};
use sealbook_policy::{DigestKey, Policy, Raw};
use sealbook_record::{Actor, ActorKind};
use sealbook_store::{Layout, Ledger};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seal = arguments.iter().any(|argument| argument == "--seal");
    let mut plain = arguments.iter().filter(|argument| !argument.starts_with("--"));
    let target = PathBuf::from(plain.next().ok_or("which repository?")?);
    let pairs: usize = plain.next().map_or(Ok(3), |pairs| pairs.parse())?;
    let mut out = std::io::stdout();
    let mut ratios = Vec::new();
    for _ in 0..pairs {
        let yardstick = git_log(&target)?;
        let (seconds, told) = audit(&target, seal)?;
        ratios.push(yardstick / seconds);
        writeln!(out, "git {yardstick:.2} s, audit {seconds:.2} s, ratio {:.2}: {told}", yardstick / seconds)?;
    }
    ratios.sort_by(f64::total_cmp);
    writeln!(out, "median ratio {:.2}", ratios[ratios.len() / 2])?;
    Ok(())
}

fn git_log(target: &Path) -> Result<f64, Box<dyn Error>> {
    let started = Instant::now();
    let status = Command::new("git").arg("-C").arg(target).args(["log", "--numstat"]).stdout(Stdio::null()).status()?;
    if !status.success() {
        return Err("git log failed".into());
    }
    Ok(started.elapsed().as_secs_f64())
}

fn audit(target: &Path, seal: bool) -> Result<(f64, String), Box<dyn Error>> {
    let place = tempfile::tempdir()?;
    let [book, keys, heads] = ["book", "keys", "heads"].map(|name| place.path().join(name));
    let ledger = Ledger::create(Layout { book, keys, heads }, "default", sealbook_store::Options::default(), None)?;
    let policy = Policy::new(DigestKey::new([7; 32]));
    let book = Book::new(&ledger);
    let started = Instant::now();
    let git = GitOptions { refs: Refs::Head, ..GitOptions::default() };
    let request = Request {
        target: target.to_owned(),
        base: None,
        now: book.now(),
        run: Run::new(book.id(), Actor::new(ActorKind::User, "bench")),
        options: Options { git, ..Options::default() },
        threads: std::thread::available_parallelism().map_or(1, Into::into),
        stamp: &book,
        reach: &NoReach,
    };
    if !seal {
        let mut count = Count(0);
        let coverage = source("git")?.collect(&request, &Nothing, &mut count, &Silent)?;
        let seconds = started.elapsed().as_secs_f64();
        return Ok((seconds, format!("{} commits, {} bytes, {} records", coverage.covered, coverage.bytes, count.0)));
    }
    let batch = Batch { sources: vec![source("git")?], analyzers: vec![analyzer("git")?], request, baseline: None };
    let audit = batch.collect(&book, &mut book.sink(&policy), &Silent)?;
    let seconds = started.elapsed().as_secs_f64();
    let mut told = format!("{} records", audit.sources[0].records);
    for finding in audit.findings() {
        write!(told, "\n  {:8} {:24} {}", finding.severity, finding.rule, finding.message)?;
    }
    Ok((seconds, told))
}

struct Count(u64);

impl Sink for Count {
    fn record(&mut self, _: Raw) -> Result<(), InspectError> {
        self.0 += 1;
        Ok(())
    }

    fn seal(&mut self) -> Result<Option<SeqRange>, InspectError> {
        Ok(None)
    }
}

struct Nothing;

impl Prior for Nothing {
    fn latest(&self, _: &Selection<'_>) -> Result<Option<Sealed>, InspectError> {
        Ok(None)
    }

    fn records(
        &self,
        _: &Selection<'_>,
    ) -> Result<Box<dyn Iterator<Item = Result<Sealed, InspectError>> + '_>, InspectError> {
        Ok(Box::new(std::iter::empty()))
    }
}
