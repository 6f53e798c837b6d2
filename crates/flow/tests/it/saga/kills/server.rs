//! A server that counts what it is asked to do.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Listens until the test is over.
pub(super) struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    times: BTreeMap<String, usize>,
    keys: BTreeSet<String>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A process that was killed leaves half a line or none.
                let _ = answer(stream, &shared);
            }
        });
        Self { port, seen }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// How often each thing was done.
    pub(super) fn seen(&self) -> BTreeMap<String, usize> {
        self.seen.lock().unwrap().times.clone()
    }
}

fn answer(mut stream: TcpStream, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream.try_clone()?).read_line(&mut line)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = match words[..] {
        ["do", "no", _] => "no",
        ["do", tool, key] => {
            let mut seen = seen.lock().unwrap();
            *seen.times.entry(tool.to_owned()).or_default() += 1;
            seen.keys.insert(key.to_owned());
            "yes"
        }
        ["ask", _, key] if seen.lock().unwrap().keys.contains(key) => "yes",
        _ => "no",
    };
    writeln!(stream, "{said}")
}

/// Asks the server for something.
pub(super) fn ask(port: u16, what: &str, tool: &str, key: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    writeln!(stream, "{what} {tool} {key}")?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(line.trim() == "yes")
}
