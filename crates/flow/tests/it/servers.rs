//! Real servers of others, on loopback, each for one test. `scripts/tools` brings them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

fn python() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/servers/bin/python");
    assert!(path.exists(), "{} is missing; scripts/tools brings it", path.display());
    path
}

/// A script of ours beside this file that prints its port first, ends with its input, and prints a line for each
/// thing that it keeps.
pub(crate) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) port: u16,
    lines: Receiver<String>,
}

impl Server {
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        output.read_line(&mut port).unwrap();
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let port = port.trim().parse().expect("the server prints its port");
        Self { child, input, port, lines }
    }

    /// Ends the server: everything that it kept.
    pub(crate) fn kept(mut self) -> Vec<Value> {
        self.end();
        self.lines.iter().map(|line| serde_json::from_str(&line).unwrap()).collect()
    }

    fn end(&mut self) {
        if let Some(mut input) = self.input.take() {
            let _ = input.flush();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
