//! One pass over a history for statistics, hotspots, coupling, secrets and large objects, every object hashed, sealing
//! included; against `git log --numstat`, `git fsck --full` and the faster of the scanners of secrets that are here,
//! one after the other. Then the same again after a hundred new commits.
//!
//! The repository is made for it, with 80,000 commits, unless `SEALBOOK_BENCH_REPO` names one, which is left as it is:
//! the hundred commits go into a clone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sealbook_inspect::{
    Analyzer, Batch, Book, GitAnalyzer, GitOptions, NoReach, Options, Refs, Request, Run, SecurityAnalyzer, Silent,
    source,
};
use sealbook_policy::Policy;
use sealbook_record::{Actor, ActorKind};
use sealbook_store::Ledger;

use super::git::{git, make, output};
use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, cores, place, setting};

/// What a run may take of memory, in MiB.
const MEMORY_MIB: f64 = 600.0;
/// Who reads what the pass sealed.
const ANALYZERS: &[&dyn Analyzer] = &[&GitAnalyzer, &SecurityAnalyzer];
/// Commits between the first pass and the second.
const NEW_COMMITS: u64 = 100;

pub(crate) fn run() -> Result {
    let made = place::fresh()?;
    let (repository, what) = match std::env::var_os("SEALBOOK_BENCH_REPO") {
        Some(path) => (PathBuf::from(path), "an existing repository"),
        None => (make(made.path(), setting("SEALBOOK_BENCH_COMMITS", 80_000)?)?, "a repository made for it"),
    };
    let commits: u64 = output(&repository, &["rev-list", "--count", "HEAD"])?.trim().parse()?;
    note(&format!("  {commits} commits"));
    let what = format!("{what}, {commits} commits");
    let mut second = Vec::new();
    let contenders: Vec<Contender<'_>> = vec![
        (
            "one pass",
            Box::new(|| {
                let all @ [first, _, _] = passes(&repository)?;
                second.push(all.map(|took| 1.0 / took));
                Ok(1.0 / first)
            }),
        ),
        ("git log, git fsck and a scanner", Box::new(|| Ok(1.0 / one_after_the_other(&repository)?))),
    ];
    let figures = in_turns(contenders)?;
    let row = Row { bench: "fused", what: &what, unit: "passes/s", target: Some(Bound::AtLeast(2.0)) };
    tell(row, &figures[0], &figures[1]);
    let first: Vec<f64> = second.iter().map(|[first, _, _]| *first).collect();
    let again: Vec<f64> = second.iter().map(|[_, again, _]| *again).collect();
    let read: Vec<f64> = second.iter().map(|[_, _, read]| *read).collect();
    let what = format!("again with {NEW_COMMITS} new commits, against the first pass");
    let row = Row { bench: "fused", what: &what, unit: "passes/s", target: Some(Bound::AtLeast(100.0)) };
    tell(row, &again, &first);
    // The analyzer of histories reads back what is sealed of all commits.
    let what = format!("again with {NEW_COMMITS} new commits, read and sealed without the analyzers");
    let row = Row { bench: "fused", what: &what, unit: "passes/s", target: None };
    tell(row, &read, &first);
    let peak = peak_of(&repository)?;
    let what = format!("peak memory, of {MEMORY_MIB:.0} MiB");
    let row = Row { bench: "fused", what: &what, unit: "MiB", target: Some(Bound::AtMost(1.0)) };
    tell(row, &[peak], &[MEMORY_MIB]);
    Ok(())
}

/// A first pass, after new commits a second, and after more a third without the analyzers; in seconds.
fn passes(repository: &Path) -> Result<[f64; 3]> {
    let place = place::fresh()?;
    let clone = place.path().join("clone");
    let arguments = ["clone", "--quiet", "--bare", "--local"];
    let status = Command::new("git").args(arguments).arg(repository).arg(&clone).status()?;
    if !status.success() {
        return Err(format!("git clone: {status}").into());
    }
    let (ledger, policy) = (book::create(&place.path().join("book"), true)?, book::policy());
    let first = pass(&clone, &ledger, &policy, ANALYZERS)?;
    add_commits(&clone)?;
    let second = pass(&clone, &ledger, &policy, ANALYZERS)?;
    add_commits(&clone)?;
    let third = pass(&clone, &ledger, &policy, &[])?;
    Ok([first, second, third].map(|took| took.as_secs_f64()))
}

fn pass(repository: &Path, ledger: &Ledger, policy: &Policy, analyzers: &[&dyn Analyzer]) -> Result<Duration> {
    let book = Book::new(ledger).with_digests(policy);
    let git = GitOptions { refs: Refs::Head, secrets: true, ..GitOptions::default() };
    let batch = Batch {
        baseline: None,
        sources: vec![source("git")?],
        analyzers: analyzers.to_vec(),
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
    let mut sink = book.sink(policy);
    let (audit, took) = timed(|| Ok(batch.collect(&book, &mut sink, &Silent)?))?;
    if audit.has_failed() {
        return Err("the audit failed".into());
    }
    let records: u64 = audit.sources.iter().map(|run| run.records).sum();
    note(&format!("  {records} records and {} findings in {:.2} s", audit.findings().count(), took.as_secs_f64()));
    Ok(took)
}

/// A hundred commits on top of the branch that is checked out.
fn add_commits(repository: &Path) -> Result {
    let branch = output(repository, &["symbolic-ref", "HEAD"])?.trim().to_owned();
    let time: u64 = output(repository, &["log", "-1", "--format=%ct"])?.trim().parse()?;
    let mut stream = String::new();
    for at in 0..NEW_COMMITS {
        let from = if at == 0 { format!("from {branch}^0\n") } else { String::new() };
        let content = format!("fn added_{at}() {{}}\n");
        write!(
            stream,
            "commit {branch}\ncommitter Bench <bench@example.org> {} +0000\ndata 4\nadd\n{from}M 644 inline added/file{}.rs\ndata {}\n{content}\n",
            time + at + 1,
            at % 10,
            content.len()
        )?;
    }
    let mut import = git(repository, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn()?;
    std::io::Write::write_all(&mut import.stdin.take().ok_or("git fast-import takes no input")?, stream.as_bytes())?;
    let status = import.wait()?;
    if status.success() { Ok(()) } else { Err(format!("git fast-import: {status}").into()) }
}

/// What others need for the same, in seconds.
fn one_after_the_other(repository: &Path) -> Result<f64> {
    let took = |mut command: Command| -> Result<f64> {
        let ((), took) = timed(|| {
            // A scanner that finds something may end with another code than zero.
            command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
            Ok(())
        })?;
        Ok(took.as_secs_f64())
    };
    let log = took(git(repository, &["log", "--numstat"]))?;
    let fsck = took(git(repository, &["fsck", "--full", "--no-progress"]))?;
    let mut scanners = Vec::new();
    if let Some(program) = tool("kingfisher/bin/kingfisher") {
        let mut command = Command::new(program);
        command
            .args(["scan", "--no-validate", "--no-update-check", "--git-history", "full", "--format", "json"])
            .arg(repository);
        scanners.push(("kingfisher", took(command)?));
    }
    if let Some(program) = tool("gitleaks/gitleaks") {
        let mut command = Command::new(program);
        command.args(["git", "--no-banner", "--log-level", "error", "--exit-code", "0", "--log-opts", "HEAD"]);
        // Longer than the other it need not run.
        if let Some((_, other)) = scanners.first() {
            command.args(["--timeout", &format!("{:.0}", other + 1.0)]);
        }
        command.arg(repository);
        scanners.push(("gitleaks", took(command)?));
    }
    let fastest = scanners.iter().map(|(_, took)| *took).reduce(f64::min).ok_or("no scanner; run scripts/tools")?;
    let told: Vec<String> = scanners.iter().map(|(name, took)| format!("{name} {took:.1} s")).collect();
    note(&format!("  git log {log:.1} s, git fsck {fsck:.1} s, {}", told.join(", ")));
    Ok(log + fsck + fastest)
}

fn tool(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools")).join(path);
    path.exists().then_some(path)
}

/// A first pass in a process of its own, which then says how much memory it had at most.
pub(crate) fn peak(repository: &Path) -> Result {
    let place = place::fresh()?;
    let (ledger, policy) = (book::create(place.path(), true)?, book::policy());
    pass(repository, &ledger, &policy, ANALYZERS)?;
    crate::bench::verify::print_peak()
}

fn peak_of(repository: &Path) -> Result<f64> {
    let output =
        Command::new(std::env::current_exe()?).arg("fused-peak").arg(repository).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.trim().parse::<f64>().map_err(|_| format!("the peak was told as {text:?}"))?)
}
