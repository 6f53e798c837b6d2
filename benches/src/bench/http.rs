//! What the gateway adds to a call over HTTP, against the same call straight to the server.
//!
//! The server is an official one that does some work for its answer; a bare one, which answers from memory,
//! shows what the way itself costs.

pub(crate) mod memory;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use sealbook_gate::mcp::{Deadlines, HoldOptions, Http, HttpOptions, Recording, SessionOptions, Stopper};
use sealbook_gate::{Durability, Gate, GateOptions, Mode};
use sealbook_record::{Actor, ActorKind};

use crate::measure::{Bound, Contender, Row, in_turns, median, tell};
use crate::{Failure, Result, book, place, setting};

/// The official server, where `scripts/tools` puts it.
const SERVER: &str = "target/tools/mcp/node_modules/@modelcontextprotocol/server-everything/dist/index.js";
const SIZES: [(usize, usize); 3] = [(1, 400), (16, 240), (256, 64)];
const IN_FLIGHT: [usize; 3] = [1, 8, 32];
/// Calls of each caller at least.
const EACH_MIN: usize = 8;
/// Median of the official server, times as long.
const TARGET: f64 = 1.3;

pub(crate) fn run() -> Result {
    let official = Official::start()?;
    rows(official.address, "official server", Some(Bound::AtMost(TARGET)))?;
    drop(official);
    rows(bare()?, "bare server", None)
}

fn rows(server: SocketAddr, name: &str, target: Option<Bound>) -> Result {
    let (place, other_place) = (place::fresh()?, place::fresh()?);
    let durable = Gateway::start(place.path(), server, Durability::Durable, Mode::Enforce)?;
    let buffered = Gateway::start(other_place.path(), server, Durability::Buffered, Mode::Enforce)?;
    let scale = setting("SEALBOOK_BENCH_CALLS", 100)? as usize;
    for (kib, calls) in SIZES {
        for in_flight in IN_FLIGHT {
            let calls = (calls * scale / 100).max(in_flight * EACH_MIN);
            let measured = |to: SocketAddr| -> Box<dyn FnMut() -> Result<f64>> {
                Box::new(move || latency(to, kib, in_flight, calls))
            };
            let contenders: Vec<Contender<'_>> = vec![
                ("durable", measured(durable.address)),
                ("buffered", measured(buffered.address)),
                ("direct", measured(server)),
            ];
            let figures = in_turns(contenders)?;
            for (own, how) in ["durable", "buffered"].into_iter().enumerate() {
                let what = format!("{name}, {kib} KiB, {in_flight} in flight, {how}, against direct");
                tell(Row { bench: "http", what: &what, unit: "µs, median", target }, &figures[own], &figures[2]);
            }
        }
    }
    durable.stop()?;
    buffered.stop()
}

/// The median time from a call to the end of its answer, in microseconds. All callers are there and warm before the
/// first of them begins: from then on as many calls are in flight as it says.
fn latency(to: SocketAddr, kib: usize, in_flight: usize, calls: usize) -> Result<f64> {
    let text = "lorem ipsum ".repeat(kib * 1_024 / 12);
    let clients = (0..in_flight).map(|_| warm(to, &text)).collect::<Result<Vec<_>>>()?;
    let each = calls.div_ceil(in_flight);
    let call = |mut client: Client| {
        let text = text.clone();
        std::thread::spawn(move || (0..each).map(|_| client.call(&text)).collect::<Result<Vec<_>>>())
    };
    let callers: Vec<_> = clients.into_iter().map(call).collect();
    let mut micros = Vec::new();
    for caller in callers {
        micros.append(&mut joined(caller)?);
    }
    Ok(median(&micros))
}

/// A client that has made a few calls.
fn warm(to: SocketAddr, text: &str) -> Result<Client> {
    let mut client = Client::new(to)?;
    let hello = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
    client.post(hello)?;
    client.post(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
    client.call(text)?;
    client.call(text)?;
    Ok(client)
}

struct Client {
    stream: BufReader<TcpStream>,
    session: String,
    calls: usize,
}

impl Client {
    fn new(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::with_capacity(64 << 10, stream), session: String::new(), calls: 0 })
    }

    /// Makes a call; how long it took, in microseconds.
    fn call(&mut self, text: &str) -> Result<f64> {
        self.calls += 1;
        let id = self.calls;
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"echo","arguments":{{"message":"{text}"}}}}}}"#
        );
        let begun = Instant::now();
        self.post(&body)?;
        Ok(begun.elapsed().as_secs_f64() * 1e6)
    }

    /// Sends a message and reads its answer to the end.
    fn post(&mut self, body: &str) -> Result {
        let Self { session, .. } = self;
        let length = body.len();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{session}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = head(&mut self.stream)?;
        if !head[0].contains(" 20") {
            return Err(Failure::from(head.join("; ").as_str()));
        }
        let value =
            |name: &str| head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
        if let Some(id) = value("mcp-session-id: ") {
            self.session = format!("Mcp-Session-Id: {id}\r\n");
        }
        if value("transfer-encoding: ").is_none() {
            let length = value("content-length: ").and_then(|length| length.parse().ok()).unwrap_or(0);
            let body = &mut (&mut self.stream).take(length);
            return if std::io::copy(body, &mut std::io::sink())? == length {
                Ok(())
            } else {
                Err("it broke off".into())
            };
        }
        loop {
            let mut size = String::new();
            self.stream.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(|_| Failure::from("no chunk"))?;
            self.stream.read_exact(&mut vec![0; size + 2])?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

fn head(from: &mut impl BufRead) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(Failure::from("the other end hung up"));
        }
        match line.trim_end() {
            "" => return Ok(lines),
            line => lines.push(line.to_owned()),
        }
    }
}

/// The gateway, in this process.
struct Gateway {
    address: SocketAddr,
    stopper: Stopper,
    running: JoinHandle<std::result::Result<(), sealbook_gate::Error>>,
}

impl Gateway {
    fn start(place: &Path, server: SocketAddr, durability: Durability, mode: Mode) -> Result<Self> {
        let ledger = Arc::new(book::create(place, true)?);
        let options = GateOptions { durability, mode, ..GateOptions::default() };
        let gate = Arc::new(Gate::new(ledger, book::judging(), options)?);
        let options = SessionOptions {
            actor: Actor::new(ActorKind::Agent, "bench"),
            server: "bench".to_owned(),
            command: "bench".to_owned(),
            project: None,
            recording: Recording::Calls,
            holding: HoldOptions::default(),
            files: None,
        };
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let upstream = format!("http://{server}/mcp");
        let http = HttpOptions {
            listen,
            upstream,
            token: None,
            hosts: Vec::new(),
            upstream_token: None,
            upstream_ca: None,
            deadlines: Deadlines::default(),
        };
        let gateway = Http::bind(gate, options, http)?;
        let url = gateway.url();
        let address = url.split('/').nth(2).and_then(|address| address.parse().ok());
        let address = address.ok_or_else(|| Failure::from("the gateway has no address"))?;
        let stopper = gateway.stopper();
        Ok(Self { address, stopper, running: std::thread::spawn(move || gateway.run()) })
    }

    fn stop(self) -> Result {
        self.stopper.stop();
        self.running.join().map_err(|_| Failure::from("a thread panicked"))??;
        Ok(())
    }
}

/// The official server, in a process of its own.
struct Official {
    child: Child,
    address: SocketAddr,
}

impl Official {
    fn start() -> Result<Self> {
        if !Path::new(SERVER).exists() {
            return Err(Failure::from("the official server is missing; run scripts/tools"));
        }
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut node = Command::new("node");
        node.args([SERVER, "streamableHttp"]).env("PORT", address.port().to_string());
        let mut child = node.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| Failure::from("the server has no standard error"))?;
        let mut lines = BufReader::new(stderr).lines();
        for line in lines.by_ref() {
            if line?.contains("listening") {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, address });
            }
        }
        Err(Failure::from("the official server did not start"))
    }
}

impl Drop for Official {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that answers each call at once, with as much as it was sent.
fn bare() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::io::Result::ok) {
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> Result {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 << 10, stream.try_clone()?);
    loop {
        let head = head(&mut reader)?;
        let value =
            head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        let mut body = vec![0; value.and_then(|length| length.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let message: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = &message["params"]["arguments"]["message"];
        let id = &message["id"];
        let json = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":{text}}}]}}}}"#);
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", json.len());
        stream.write_all((head + &json).as_bytes())?;
    }
}

fn joined<T>(thread: JoinHandle<Result<T>>) -> Result<T> {
    thread.join().map_err(|_| Failure::from("a thread panicked"))?
}
