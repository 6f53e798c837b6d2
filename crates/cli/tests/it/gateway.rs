//! The gateway as a program, between a test and a server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::fixture::Place;

/// A gateway over standard input and output that runs.
pub(crate) struct Gateway {
    pub(crate) child: Child,
    pub(crate) to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Gateway {
    /// Between us and a server.
    pub(crate) fn start(place: &Place, options: &[&str], server: &[String]) -> Self {
        let arguments = ["wrap"].iter().chain(options).chain(&["--"]).map(|it| (*it).to_owned());
        let mut command = place.command(arguments.chain(server.iter().cloned()));
        command.env("PATH", std::env::var_os("PATH").unwrap());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, to, from }
    }

    pub(crate) fn send(&mut self, line: &str) {
        writeln!(self.to.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    pub(crate) fn text(&mut self) -> String {
        self.answer()["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
    }

    /// The handshake, as a client of that name.
    pub(crate) fn greet(&mut self, name: &str) {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18",
            "capabilities": {}, "clientInfo": {"name": name, "version": "1"}}});
        self.send(&hello.to_string());
        assert_eq!(self.answer()["id"], 0);
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    }

    /// Calls a tool, and waits for the answer.
    pub(crate) fn call(&mut self, id: u64, tool: &str, arguments: &Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string());
        let answer = self.answer();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Closes its input, and gives what it said on standard error.
    pub(crate) fn end(mut self) -> String {
        drop(self.to.take());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        self.child.wait().unwrap();
        said
    }
}
