//! A watch under load: some thousand events a second on files, a log that is rotated, for as long as is wanted.
//!
//! `FAULTS_WATCH_SECONDS` says how long; `cargo xtask faults --watch N` sets it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fixture::Place;

/// Files that are written over and over.
const FILES: usize = 400;
/// Writes a second; each is a change and a close, and whoever watches hears both (and an opening, which it drops).
const WRITES_A_SECOND: u64 = 2_600;
const LINES_A_SECOND: u64 = 500;
/// How often the log is rotated, and how many old ones are kept.
const ROTATED_EVERY: Duration = Duration::from_secs(4);
const KEPT: usize = 8;

fn seconds() -> u64 {
    std::env::var("FAULTS_WATCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command(["watch"].iter().chain(arguments).chain(&["--format", "json"]));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.by_ref().any(|line| line.contains("watching;")));
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn end(child: Child) -> (i32, Value) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Does something so many times a second until it is told to end; how often it did.
fn paced(a_second: u64, over: &Receiver<()>, mut one: impl FnMut(u64)) -> u64 {
    let (mut began, mut since, mut done) = (Instant::now(), 0, 0);
    loop {
        let due = began.elapsed().as_micros() as u64 * a_second / 1_000_000;
        if due > since + a_second {
            // Held up for longer than a second: what was not done then is not made up for.
            (began, since) = (Instant::now(), 0);
            continue;
        }
        while since < due {
            one(done);
            (since, done) = (since + 1, done + 1);
        }
        if !matches!(over.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout)) {
            return done;
        }
    }
}

/// In place: what truncates a file waits for the disk.
fn write_files(tree: &Path, over: &Receiver<()>) -> u64 {
    paced(WRITES_A_SECOND, over, |nth| {
        let path = tree.join(format!("d{}/f{}", nth % 7, nth as usize % FILES));
        let mut file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
        write!(file, "{nth:012}").unwrap();
    })
}

/// SHA-256 of every file, by another program.
fn digests(tree: &Path) -> HashMap<String, String> {
    let mut command = Command::new("sh");
    command.args(["-c", "find . -type f -exec sha256sum {} +"]).current_dir(tree);
    let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let pairs = out.lines().filter_map(|line| line.split_once("  ./"));
    pairs.map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect()
}

fn write_log(directory: &Path, over: &Receiver<()>) -> u64 {
    let path = directory.join("shop.log");
    let old = |nth: usize| directory.join(format!("shop.log.{nth}"));
    let (mut file, mut rotated) = (File::create(&path).unwrap(), Instant::now());
    paced(LINES_A_SECOND, over, |nth| {
        if rotated.elapsed() > ROTATED_EVERY {
            for at in (1..KEPT).rev() {
                let _ = fs::rename(old(at), old(at + 1));
            }
            fs::rename(&path, old(1)).unwrap();
            (file, rotated) = (File::create(&path).unwrap(), Instant::now());
        }
        writeln!(file, "{{\"time\":\"2026-01-01T00:00:00Z\",\"level\":\"info\",\"msg\":\"request {nth} done\"}}")
            .unwrap();
    })
}

/// Every record of an action, oldest first.
fn each(place: &Place, action: &str, mut take: impl FnMut(&Value)) {
    let out = place.beside(&format!("{action}.jsonl"));
    place.ok(["export", "--action", action, "--output", out.to_str().unwrap(), "--quiet"]);
    for line in BufReader::new(File::open(out).unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let record = if line["record"].is_null() { &line } else { &line["record"] };
        if record["action"] == action {
            take(record);
        }
    }
}

#[test]
fn nothing_is_lost_unsaid_and_memory_stays_flat() {
    let place = Place::new();
    let (tree, logs) = (place.project().join("tree"), place.project().join("var"));
    (0..7).for_each(|nth| fs::create_dir_all(tree.join(format!("d{nth}"))).unwrap());
    fs::create_dir_all(&logs).unwrap();
    let files = start(&place, &["tree"]);
    let log = start(&place, &["--logs", "var"]);
    let (of_files, of_log) = (channel(), channel());
    let writer = std::thread::spawn({
        let tree = tree.clone();
        move || write_files(&tree, &of_files.1)
    });
    let logger = std::thread::spawn(move || write_log(&logs, &of_log.1));
    let (_hold, wait) = channel::<()>();
    let mut resident = Vec::new();
    for _ in 0..seconds() {
        let _ = wait.recv_timeout(Duration::from_secs(1));
        resident.push((resident_kib(files.id()), resident_kib(log.id())));
    }
    drop((of_files.0, of_log.0));
    let (writes, lines) = (writer.join().unwrap(), logger.join().unwrap());
    let ((code, of_files), (log_code, of_logs)) = (end(files), end(log));

    let (events, gaps) = (of_files["events"].as_u64().unwrap(), of_files["gaps"].as_u64().unwrap());
    eprintln!("{} s: {writes} writes, {events} events, {} a second; {of_files}", seconds(), events / seconds());
    let mut said = HashMap::new();
    let mut told_events = 0;
    each(&place, "watch.changed", |record| {
        told_events += record["result"]["events"].as_u64().unwrap();
        for path in record["result"]["paths"].as_array().unwrap() {
            said.insert(
                path["path"].as_str().unwrap().to_owned(),
                path["sha256"].as_str().unwrap_or_default().to_owned(),
            );
        }
    });
    let mut gaps_said = 0;
    each(&place, "watch.gap", |_| gaps_said += 1);
    // What is lost is said, once each, and ends with 3.
    assert_eq!((gaps_said, code == 3), (gaps, gaps > 0), "{of_files}");
    assert_eq!(told_events, events, "each event that came is in a record");
    if gaps == 0 {
        assert_eq!(said, digests(&tree), "how each file is at the end is said");
        assert!(events >= writes, "{events} events of {writes} writes");
    }
    let mut entries = 0;
    each(&place, "log.segment", |record| entries += record["result"]["entries"].as_u64().unwrap());
    eprintln!("{lines} lines logged, {entries} read; {of_logs}");
    assert!(entries == lines || log_code == 3, "{entries} of {lines} lines, and it is called whole");

    for (what, of) in [("files", 0), ("logs", 1)] {
        let kib: Vec<u64> = resident.iter().map(|pair| if of == 0 { pair.0 } else { pair.1 }).collect();
        let third = kib.len() / 3;
        let most = |part: &[u64]| part.iter().copied().max().unwrap_or(0);
        let (first, final_) = (most(&kib[..third.max(1)]), most(&kib[kib.len() - third.max(1)..]));
        eprintln!("{what}: {first} KiB in the first third, {final_} KiB in the last, {} at most", most(&kib));
        assert!(final_ < first + first / 2 + (32 << 10), "{what}: memory grew from {first} to {final_} KiB");
        assert!(most(&kib) < 600 << 10, "{what}: {} KiB", most(&kib));
    }
}
