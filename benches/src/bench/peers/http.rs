//! The others in front of the server, spoken to over HTTP on loopback, on one connection that is kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Wire, peer};
use crate::{Result, place};

/// How long one of them may take to begin.
const START_MAX: Duration = Duration::from_secs(30);

/// One of them always listens everywhere: this is loaded before it, so that it does not.
const LOOPBACK: &str = "const { Server } = require('net');\n\
    const listen = Server.prototype.listen;\n\
    Server.prototype.listen = function (...given) {\n\
      if (typeof given[0] === 'number' && typeof given[1] !== 'string') given.splice(1, 0, '127.0.0.1');\n\
      return listen.apply(this, given);\n\
    };\n";

pub(super) fn mcp_proxy(measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    let port = free_port()?;
    let mut command = Command::new(peer("mcp-proxy")?);
    command.args(["--host", "127.0.0.1", "--server", "stream", "--port", &port.to_string(), "--"]);
    command.arg(std::env::current_exe()?).arg("server");
    with(&mut command, port, measure)
}

pub(super) fn supergateway(measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    let (port, dir) = (free_port()?, place::fresh()?);
    let loopback = dir.path().join("loopback.cjs");
    std::fs::write(&loopback, LOOPBACK)?;
    let mut command = Command::new(peer("supergateway")?);
    command.env("NODE_OPTIONS", format!("--require {}", loopback.display()));
    command.args(["--stdio", &format!("{} server", std::env::current_exe()?.display()), "--stateful"]);
    command.args(["--outputTransport", "streamableHttp", "--logLevel", "none", "--port", &port.to_string()]);
    with(&mut command, port, measure)
}

fn with(command: &mut Command, port: u16, measure: &mut dyn FnMut(&mut dyn Wire) -> Result<f64>) -> Result<f64> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let _child = Ended(child);
    let mut http = Http { connection: connect(port)?, port, session: String::new() };
    measure(&mut http)
}

/// Ends the child when dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn connect(port: u16) -> Result<BufReader<TcpStream>> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => {
                connection.set_nodelay(true)?;
                return Ok(BufReader::new(connection));
            }
            Err(cause) if begun.elapsed() > START_MAX => return Err(cause.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

struct Http {
    connection: BufReader<TcpStream>,
    port: u16,
    /// The header that names the session, once there is one.
    session: String,
}

impl Wire for Http {
    fn send(&mut self, message: &Value, _: bool) -> Result<String> {
        let body = message.to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.port,
            self.session,
            body.len()
        );
        self.connection.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }
}

impl Http {
    fn answer(&mut self) -> Result<String> {
        let status = self.line()?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            let header = self.line()?;
            let Some((name, value)) = header.split_once(':') else { break };
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("content-length", value) => length = value.parse()?,
                ("transfer-encoding", value) => is_chunked = value.eq_ignore_ascii_case("chunked"),
                ("mcp-session-id", value) => {
                    self.session = format!("Mcp-Session-Id: {value}\r\nMCP-Protocol-Version: 2025-06-18\r\n");
                }
                _ => {}
            }
        }
        let mut body = Vec::new();
        if is_chunked {
            loop {
                let size = usize::from_str_radix(self.line()?.split(';').next().unwrap_or_default().trim(), 16)?;
                self.take(size, &mut body)?;
                self.line()?;
                if size == 0 {
                    break;
                }
            }
        } else {
            self.take(length, &mut body)?;
        }
        let body = String::from_utf8(body)?;
        if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
            Ok(body)
        } else {
            Err(format!("{status}: {}", body.chars().take(300).collect::<String>()).into())
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.connection.read_line(&mut line)? == 0 {
            return Err("the connection was closed".into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn take(&mut self, bytes: usize, into: &mut Vec<u8>) -> Result {
        let read = (&mut self.connection).take(bytes as u64).read_to_end(into)?;
        if read == bytes { Ok(()) } else { Err("the connection was closed".into()) }
    }
}
