//! A client works a real filesystem server through the gateway, and client, gateway and server are killed.
//!
//! `FAULTS_GATEWAY_CALLS` says how many calls are made, `FAULTS_SEED_GATEWAY` which kills happen when.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sealbook_record::{Completeness, CompletenessLimits, PartName, Phase};
use sealbook_store::{Layout, Ledger, Options};
use sealbook_testkit::Rng;
use serde_json::{Value, json};

use crate::fixture::Place;
use crate::peers::server;

/// Calls in flight.
const WINDOW: usize = 8;

struct Run {
    gateway: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Run {
    fn start(place: &Place, files: &Path, log: &Path, pid: &Path) -> Self {
        let server = server("server-filesystem");
        let own = format!("echo $$ > {}; exec {} {} {}", pid.display(), server[0], server[1], files.display());
        // What reaches the server is written down before it gets it.
        let script = format!("tee -a {} | sh -c '{own}'", log.display());
        let mut command = place.command(["wrap", "--name", "files", "--", "sh", "-c", &script]);
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let mut gateway = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (to, from) = (gateway.stdin.take().unwrap(), BufReader::new(gateway.stdout.take().unwrap()));
        let mut run = Self { gateway, to, from };
        run.send(&json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "worker", "version": "1"}}}));
        assert!(run.answer().is_some(), "the server begins");
        run.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        run
    }

    fn send(&mut self, message: &Value) -> bool {
        self.to.write_all(format!("{message}\n").as_bytes()).is_ok()
    }

    fn answer(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        serde_json::from_str(&line).ok()
    }
}

fn share(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn kill(pid: &str) {
    let _ = Command::new("kill").args(["-9", pid.trim()]).stderr(Stdio::null()).status();
}

#[test]
fn every_call_that_reached_the_server_was_announced_whoever_is_killed() {
    let calls = share("FAULTS_GATEWAY_CALLS", 200);
    let mut rng = Rng::new(share("FAULTS_SEED_GATEWAY", 1));
    let place = Place::new();
    let files = tempfile::tempdir().unwrap();
    let root = files.path().canonicalize().unwrap();
    let (log, pid) = (place.beside("reached.log"), place.beside("server.pid"));
    let (mut made, mut answered, mut kills) = (0, 0, HashMap::<&str, u64>::new());
    while made < calls {
        let mut run = Run::start(&place, &root, &log, &pid);
        let until = made + 5 + rng.below(if calls > 1_000 { 300 } else { 50 });
        let mut open = 0;
        while made < until {
            let path = root.join(format!("f-{made}.txt")).display().to_string();
            let arguments = json!({"path": path, "content": "x".repeat(rng.below(2_000) as usize)});
            let call = json!({"jsonrpc": "2.0", "id": made, "method": "tools/call",
                "params": {"name": "write_file", "arguments": arguments}});
            made += 1;
            open += usize::from(run.send(&call));
            while open >= WINDOW {
                assert!(run.answer().is_some());
                (open, answered) = (open - 1, answered + 1);
            }
        }
        let how = ["client", "gateway", "server", "nobody"][rng.below(4) as usize];
        *kills.entry(how).or_default() += 1;
        match how {
            "client" => {
                // In the middle of a line, and without reading what is still to come.
                let _ = run.to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":\"half\",\"meth");
            }
            "gateway" => run.gateway.kill().unwrap(),
            "server" => kill(&std::fs::read_to_string(&pid).unwrap()),
            _ => {}
        }
        let Run { mut gateway, to, mut from } = run;
        drop(to);
        if how != "client" {
            let mut rest = Vec::new();
            let _ = std::io::Read::read_to_end(&mut from, &mut rest);
        }
        drop(from);
        gateway.wait().unwrap();
    }
    let (reached, intents, open) = told(&place, &log);
    println!(
        "{made} calls, {answered} answered at once, {} reached the server, {} intents, {open} open, kills {kills:?}",
        reached.len(),
        intents.len()
    );
    let unannounced: Vec<&String> = reached.difference(&intents).collect();
    assert!(unannounced.is_empty(), "{unannounced:?}");
    assert!(reached.len() as u64 > calls / 2);
    let verified = place.run(["verify", "--complete", "--format", "json"]);
    assert!(matches!(verified.code, 0 | 1), "{verified:?}");
    let verified: Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verified["completeness"]["open_intents"].as_array().unwrap().len(), open);
}

/// The paths of calls that reached the server, of calls that were announced, and how many intents are open.
fn told(place: &Place, log: &Path) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let mut reached = BTreeSet::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        reached.extend(message["params"]["arguments"]["path"].as_str().map(str::to_owned));
    }
    let home = place.home();
    let layout = Layout { book: place.book(), keys: home.join("keys"), heads: home.join("heads") };
    let ledger = Ledger::open_read_only(layout, Options::default()).unwrap();
    let reader = ledger.reader().unwrap();
    let (mut intents, mut fold) = (BTreeSet::new(), Completeness::new(CompletenessLimits::default()));
    for seq in 0..reader.size().unwrap() {
        let stored = reader.record(seq).unwrap();
        fold.push(&stored.step());
        let Some(record) = stored.record.filter(|it| it.phase == Phase::Intent && it.action == "tools.call") else {
            continue;
        };
        let input: Value = serde_json::from_str(record.part(PartName::Input).unwrap().get()).unwrap();
        intents.extend(input["path"].as_str().map(str::to_owned));
    }
    let told = fold.finish();
    assert!(told.outcomes_alone.is_empty(), "{:?}", told.outcomes_alone);
    (reached, intents, told.open_intents.len())
}
