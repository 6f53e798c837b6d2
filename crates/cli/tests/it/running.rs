//! Servers and gateways that listen, as programs.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::fixture::Place;
use crate::peers::server;

/// A program that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Running {
    /// Waits for the line of its standard error in which it says where it listens.
    pub(crate) fn new(mut command: Command, listening: &str) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.by_ref().find(|line| line.contains(listening)).expect("it listens");
        std::thread::spawn(move || lines.for_each(drop));
        let url = line.split([' ', ';']).find(|word| word.starts_with("http://")).unwrap_or_default();
        Self { url: url.to_owned(), child }
    }

    pub(crate) fn gateway(place: &Place, upstream: &str, more: &[&str]) -> Self {
        let mut arguments = vec!["wrap", "--listen", "127.0.0.1:0", "--upstream", upstream, "--name", "peer"];
        arguments.extend_from_slice(more);
        Self::new(place.command(arguments), "listening on ")
    }

    /// Ends it as a terminal does.
    pub(crate) fn end(mut self) {
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(ended.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }

    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The official server, and where it is.
pub(crate) fn everything() -> Running {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = server("server-everything");
    let mut node = Command::new(&script[0]);
    node.arg(&script[1]).arg("streamableHttp").env("PORT", port.to_string());
    let mut running = Running::new(node, "listening on port");
    running.url = format!("http://127.0.0.1:{port}/mcp");
    running
}
