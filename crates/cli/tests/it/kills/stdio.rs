//! A client works a real filesystem server through the gateway's pipes.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use sealbook_testkit::Rng;
use serde_json::{Value, json};

use super::{WINDOW, hold, kill, share, told};
use crate::fixture::Place;
use crate::peers::server;

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
    let reached = std::fs::read_to_string(&log).unwrap();
    let reached = reached.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message["params"]["arguments"]["path"].as_str().map(str::to_owned)
    });
    let (reached, told) = (reached.collect(), told(&place, "path"));
    println!("stdio: {made} calls, {answered} answered at once, {}, kills {kills:?}", told.summary(&reached));
    hold(&place, &reached, &told, calls, kills.get("gateway").copied().unwrap_or_default());
}
