//! The client, as a program of its own that can be killed: this test binary, started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::WINDOW;

const ROLE: &str = "KILLS_WORKER";

/// Not a test of its own: what the tests over HTTP start. Without a role it does nothing.
#[test]
fn program() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let [url, token, from, until]: [&str; 4] = role.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let next = AtomicU64::new(from.parse().unwrap());
    let until: u64 = until.parse().unwrap();
    let Some(session) = begin(url, token) else { return };
    std::thread::scope(|scope| {
        for _ in 0..WINDOW {
            scope.spawn(|| {
                let mut wire = Wire::new(url, token, Some(&session))?;
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= until {
                        return Some(());
                    }
                    say(&format!("made {number}\n"));
                    let filler = "x".repeat((number * 7_919 % 2_000) as usize);
                    let call = json!({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {
                        "name": "echo", "arguments": {"filler": filler, "message": format!("call-{number}")}}});
                    let (status, _, body) = wire.post(&call)?;
                    if status != 200 || !body.contains(&format!("call-{number}")) {
                        return None;
                    }
                    say(&format!("answered {number}\n"));
                }
            });
        }
    });
}

/// The worker, with calls of these numbers to make.
pub(super) fn start(url: &str, token: &str, from: u64, until: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["kills::worker::program", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, format!("{url} {token} {from} {until}")).env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// In one write: a process that is killed says all of it or nothing.
fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// The session of the server; none where somebody on the way is gone.
fn begin(url: &str, token: &str) -> Option<String> {
    let mut wire = Wire::new(url, token, None)?;
    let hello = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "worker", "version": "1"}}});
    let (status, session, _) = wire.post(&hello)?;
    let session = session.filter(|_| status == 200)?;
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    Wire::new(url, token, Some(&session))?.post(&ready)?;
    Some(session)
}

/// A connection to the gateway.
struct Wire {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Wire {
    fn new(url: &str, token: &str, session: Option<&str>) -> Option<Self> {
        let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
        let session = session.map(|session| format!("Mcp-Session-Id: {session}\r\n")).unwrap_or_default();
        let head = format!(
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n{session}"
        );
        Some(Self { stream: BufReader::new(TcpStream::connect(host).ok()?), head })
    }

    /// The status, the session that was given, and what was said.
    fn post(&mut self, message: &Value) -> Option<(u16, Option<String>, String)> {
        let body = message.to_string();
        let request = format!("{}Content-Length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let status = self.line()?.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut is_chunked, mut session) = (0, false, None);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "transfer-encoding" => is_chunked = true,
                "mcp-session-id" => session = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if is_chunked {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).ok()?;
                let at = body.len();
                body.resize(at + size + 2, 0);
                self.stream.read_exact(&mut body[at..]).ok()?;
                if size == 0 {
                    break;
                }
            }
        } else {
            body.resize(length, 0);
            self.stream.read_exact(&mut body).ok()?;
        }
        Some((status, session, String::from_utf8(body).ok()?))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    }
}
