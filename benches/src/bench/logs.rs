//! A log of JSON lines, read by level and by kind of message, digest and sealing included, against angle-grinder and
//! a loop that parses each line with `serde_json`.
//!
//! angle-grinder is `target/tools/ag/bin/agrind`, or what `SEALBOOK_BENCH_AG` names; without it the loop is the only
//! yardstick. One file is read by one thread of ours; angle-grinder has one for reading and one for the rest.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sealbook_inspect::{Batch, Book, LogOptions, NoReach, Options, Request, Run, Silent, source};
use sealbook_record::{Actor, ActorKind, Severity, Timestamp};
use sealbook_testkit::Rng;
use serde_json::Value;

use crate::measure::{Bound, Contender, Row, in_turns, note, tell, timed};
use crate::{Result, book, place, setting};

/// What the issue asks of templates on one core, in MB/s.
const TEMPLATES_MB_S: f64 = 80.0;
/// The most memory, in MiB.
const PEAK_MIB: f64 = 600.0;

pub(crate) fn run() -> Result {
    let made = place::fresh()?;
    let log = made.path().join("shop.log");
    make(&log, setting("SEALBOOK_BENCH_LOG_MIB", 1_024)? << 20)?;
    let bytes = std::fs::metadata(&log)?.len();
    let rate = |took: Duration| bytes as f64 / 1e6 / took.as_secs_f64();
    let errors = serde_loop(&log)?;
    note(&format!("  {bytes} bytes, {errors} errors"));
    let all = LogOptions::default();
    let filtered = LogOptions { level: Some(Severity::Error), ..LogOptions::default() };
    let ag = angle_grinder();
    let mut contenders: Vec<Contender<'_>> = vec![
        ("count and filter", Box::new(|| audit(&log, filtered.clone(), errors).map(rate))),
        ("templates and clusters", Box::new(|| audit(&log, all.clone(), errors).map(rate))),
        ("serde_json", Box::new(|| Ok(rate(timed(|| serde_loop(&log))?.1)))),
    ];
    match &ag {
        Some(program) => contenders.push(("angle-grinder", Box::new(|| Ok(rate(grind(program, &log, errors)?))))),
        None => note("  no angle-grinder: scripts/bench-tools brings it"),
    }
    let figures = in_turns(contenders)?;
    let mib = bytes >> 20;
    if ag.is_some() {
        let what = format!("count and filter by level, {mib} MiB of JSON, against angle-grinder");
        tell(row(&what, Some(Bound::AtLeast(0.5))), &figures[0], &figures[3]);
        let what = "levels, templates and clusters, against angle-grinder's count";
        tell(row(what, None), &figures[1], &figures[3]);
    }
    let what = "count and filter by level, against a bare loop of serde_json";
    tell(row(what, None), &figures[0], &figures[2]);
    let what = "levels, templates and clusters on one core, of 80 MB/s";
    tell(row(what, Some(Bound::AtLeast(1.0))), &figures[1], &[TEMPLATES_MB_S].repeat(figures[1].len()));
    let peak = [peak_of(&log)?];
    let row = Row { bench: "logs", what: "peak memory, of 600 MiB", unit: "MiB", target: Some(Bound::AtMost(1.0)) };
    tell(row, &peak, &[PEAK_MIB]);
    Ok(())
}

/// Reads the log into a fresh book.
fn audit(log: &Path, options: LogOptions, errors: u64) -> Result<Duration> {
    let place = place::fresh()?;
    let (ledger, policy) = (book::create(place.path(), true)?, book::policy());
    let book = Book::new(&ledger);
    let batch = Batch {
        baseline: None,
        sources: vec![source("log")?],
        analyzers: Vec::new(),
        request: Request {
            target: log.to_owned(),
            base: None,
            now: ledger.now(),
            run: Run::new(ledger.next_id(), Actor::new(ActorKind::User, "bench")),
            options: Options { log: options, ..Options::default() },
            threads: 1,
            stamp: &book,
            reach: &NoReach,
        },
    };
    let mut sink = book.sink(&policy);
    let (audit, took) = timed(|| Ok(batch.collect(&book, &mut sink, &Silent)?))?;
    let records: u64 = audit.sources.iter().map(|run| run.records).sum();
    if !audit.is_complete() || records < 2 {
        return Err(format!("{records} records of a log with {errors} errors").into());
    }
    Ok(took)
}

/// The least that a program in Rust would do: a tree of each line, one field looked at.
fn serde_loop(log: &Path) -> Result<u64> {
    let (mut lines, mut line, mut errors) = (BufReader::with_capacity(1 << 20, File::open(log)?), Vec::new(), 0);
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(errors);
        }
        let told: Value = serde_json::from_slice(&line)?;
        errors += u64::from(told["level"] == "error");
    }
}

fn angle_grinder() -> Option<PathBuf> {
    let named = std::env::var_os("SEALBOOK_BENCH_AG").map(PathBuf::from);
    let own = || {
        let program = std::env::current_exe().ok()?;
        Some(program.ancestors().nth(2)?.join("tools/ag/bin/agrind"))
    };
    named.or_else(own).filter(|program| program.exists())
}

/// Its count of the errors; what it says is checked.
fn grind(program: &Path, log: &Path, errors: u64) -> Result<Duration> {
    let mut command = Command::new(program);
    command.arg("* | json | where level == \"error\" | count").arg("--file").arg(log).arg("--output").arg("json");
    let (output, took) = timed(|| Ok(command.stdin(Stdio::null()).output()?))?;
    let told = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && told.contains(&errors.to_string()) {
        Ok(took)
    } else {
        Err(format!("angle-grinder counts {told:?} and not {errors}: {}", String::from_utf8_lossy(&output.stderr))
            .into())
    }
}

fn peak_of(log: &Path) -> Result<f64> {
    let output = Command::new(std::env::current_exe()?).arg("log-peak").arg(log).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().map_err(|_| format!("log-peak: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Reads a log and prints the most memory that this process held, in MiB.
pub(crate) fn peak(log: &Path) -> Result {
    audit(log, LogOptions::default(), 0)?;
    super::verify::print_peak()
}

/// Lines as services write them: twelve kinds of messages with numbers, names and ids in them, some fields beside.
fn make(log: &Path, bytes: u64) -> Result {
    let mut rng = Rng::new(11);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(log)?);
    let services = ["api", "orders", "stock", "mail", "search"];
    let (mut written, mut at) = (0, 1_795_262_400_000_u64);
    while written < bytes {
        at += rng.below(40);
        let time = Timestamp::from_micros((at * 1_000) as i64);
        let (id, user, ms) = (rng.bits(), rng.below(50_000), rng.below(900));
        let service = services[rng.index(services.len())];
        let (level, message) = match rng.below(100) {
            0 => ("error", format!("payment of order {user} was declined: card ending in {ms}")),
            1 => ("error", format!("connection to 10.0.{}.{}:5432 lost after {ms} ms", ms % 255, user % 255)),
            2..5 => ("warn", format!("slow query took {ms}ms: select * from orders where id = {user}")),
            5..8 => ("warn", format!("retry {} of request {id:016x}", ms % 5)),
            8..20 => ("debug", format!("cache miss for key user:{user}:profile")),
            20..35 => ("debug", format!("acquired lock orders/{user} in {ms} us")),
            35..50 => ("info", format!("user {user} logged in from 192.168.{}.{}", ms % 255, user % 255)),
            50..60 => ("info", format!("sent mail to user{user}@example.org via relay-{}", ms % 7)),
            60..70 => ("info", format!("order {user} shipped with {} parcels", ms % 9)),
            _ => ("info", format!("GET /api/v1/users/{user}/orders 200 {ms}ms")),
        };
        let line = format!(
            "{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"service\":\"{service}\",\"message\":\"{message}\",\
             \"request_id\":\"{id:016x}\",\"host\":\"node-{}\",\"duration_ms\":{ms},\
             \"http\":{{\"method\":\"GET\",\"status\":200,\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64)\"}}}}\n",
            user % 12
        );
        out.write_all(line.as_bytes())?;
        written += line.len() as u64;
    }
    out.flush()?;
    Ok(())
}

fn row(what: &str, target: Option<Bound>) -> Row<'_> {
    Row { bench: "logs", what, unit: "MB/s", target }
}
