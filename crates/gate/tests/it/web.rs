//! An MCP server over HTTP that does what a test tells it, a client that sends any bytes, and the gateway between.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use sealbook_gate::mcp::{Http, HttpOptions, SessionOptions, Stopper};
use sealbook_gate::{Error, Gate, Token};
use sealbook_policy::{Rule, RuleSet};
use sealbook_record::{Actor, ActorKind};

use crate::fixture::Book;
use crate::wire::Setup;

/// A request or a response as it came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The first line.
    pub(crate) line: String,
    /// Names as they were written.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        self.line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// What the server does with a request; false where the connection is over.
pub(crate) type Serve = Box<dyn Fn(&Said, &mut TcpStream) -> bool + Send + Sync>;

pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    /// The server without the gateway.
    pub(crate) server: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<Said>>>,
    stopper: Stopper,
    gateway: Option<JoinHandle<Result<(), Error>>>,
}

impl Web {
    pub(crate) fn new(book: &Book, setup: Setup, serve: Serve) -> Self {
        Self::with_token(book, setup, None, None, serve)
    }

    pub(crate) fn with_token(
        book: &Book,
        setup: Setup,
        token: Option<Token>,
        upstream_token: Option<&str>,
        serve: Serve,
    ) -> Self {
        let seen = Arc::default();
        let server = start(&seen, serve);
        Self::before(book, setup, token, upstream_token, server, seen)
    }

    /// With something behind the endpoint's path.
    pub(crate) fn at(book: &Book, setup: Setup, query: &str, serve: Serve) -> Self {
        let seen = Arc::default();
        let server = start(&seen, serve);
        Self::before_at(book, setup, (None, None), (server, query), seen)
    }

    /// In front of whatever listens there, or nothing.
    pub(crate) fn before(
        book: &Book,
        setup: Setup,
        token: Option<Token>,
        upstream_token: Option<&str>,
        server: SocketAddr,
        seen: Arc<Mutex<Vec<Said>>>,
    ) -> Self {
        Self::before_at(book, setup, (token, upstream_token), (server, ""), seen)
    }

    fn before_at(
        book: &Book,
        setup: Setup,
        (token, upstream_token): (Option<Token>, Option<&str>),
        (server, query): (SocketAddr, &str),
        seen: Arc<Mutex<Vec<Said>>>,
    ) -> Self {
        let http = HttpOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            upstream: format!("http://{server}/mcp{query}"),
            token,
            hosts: Vec::new(),
            upstream_token: upstream_token.map(str::to_owned),
            upstream_ca: None,
            deadlines: setup.deadlines,
        };
        Self::set_up(book, setup, http, server, seen)
    }

    /// With options of its own.
    pub(crate) fn set_up(
        book: &Book,
        setup: Setup,
        http: HttpOptions,
        server: SocketAddr,
        seen: Arc<Mutex<Vec<Said>>>,
    ) -> Self {
        let mut policy = Book::policy();
        if !setup.rules.is_empty() {
            let rules = Rule::from_yaml(setup.rules).unwrap();
            policy = policy.with_rules(Arc::new(RuleSet::compile(rules).unwrap()));
        }
        let gate = Arc::new(Gate::new(Arc::clone(&book.ledger), policy, setup.options).unwrap());
        let options = Self::session(setup);
        let gateway = Http::bind(gate, options, http).unwrap();
        let address = gateway.url().split('/').nth(2).unwrap().parse().unwrap();
        let stopper = gateway.stopper();
        let gateway = Some(std::thread::spawn(move || gateway.run()));
        Self { address, server, seen, stopper, gateway }
    }

    pub(crate) fn session(setup: Setup) -> SessionOptions {
        SessionOptions {
            actor: Actor::new(ActorKind::Agent, "ann"),
            server: "files".to_owned(),
            command: "test".to_owned(),
            project: None,
            recording: setup.recording,
            holding: setup.holding,
            files: None,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// One message, and what is answered.
    pub(crate) fn post(&self, body: &str) -> Said {
        self.client().post(&[], body)
    }

    pub(crate) fn seen(&self) -> Vec<Said> {
        self.seen.lock().unwrap().clone()
    }

    /// Stops the gateway; everything is in the book then.
    pub(crate) fn end(mut self) {
        self.stopper.stop();
        self.gateway.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(gateway) = self.gateway.take() {
            let _ = gateway.join();
        }
    }
}

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(address).unwrap()), host: address }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    pub(crate) fn send(&mut self, method: &str, headers: &[(&str, &str)], body: &str) {
        let mut head = format!(
            "{method} /mcp HTTP/1.1\r\nHost: {}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.host,
            body.len()
        );
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        self.write(format!("{head}\r\n{body}").as_bytes());
    }

    pub(crate) fn post(&mut self, headers: &[(&str, &str)], body: &str) -> Said {
        self.send("POST", headers, body);
        self.read()
    }

    /// The whole response.
    pub(crate) fn read(&mut self) -> Said {
        let mut said = self.head();
        said.body = body(&mut self.stream, &said).unwrap();
        said
    }

    pub(crate) fn head(&mut self) -> Said {
        head(&mut self.stream).expect("the gateway answers")
    }

    /// What is left of a chunked body.
    pub(crate) fn body_of_chunks(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| chunk(&mut self.stream).ok().filter(|bytes| !bytes.is_empty())).flatten().collect()
    }

    /// The next line of a chunked body that is made of lines; chunk sizes left out.
    pub(crate) fn event(&mut self) -> String {
        let mut event = String::new();
        loop {
            let bytes = chunk(&mut self.stream).expect("a chunk");
            event.push_str(std::str::from_utf8(&bytes).unwrap());
            if bytes.is_empty() || event.ends_with("\n\n") {
                return event;
            }
        }
    }
}

/// Answers with a JSON body.
pub(crate) fn answer(to: &mut TcpStream, headers: &str, body: &str) -> bool {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n");
    to.write_all((head + body).as_bytes()).is_ok()
}

/// Begins a stream of events.
pub(crate) fn begin(to: &mut TcpStream, headers: &str) {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");
    to.write_all(head.as_bytes()).unwrap();
}

pub(crate) fn event(to: &mut TcpStream, event: &str) {
    let _ = to.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
}

pub(crate) fn finish(to: &mut TcpStream) -> bool {
    to.write_all(b"0\r\n\r\n").is_ok()
}

/// Answers every request with an empty result.
pub(crate) fn polite() -> Serve {
    Box::new(|said, to| {
        let message: serde_json::Value = serde_json::from_slice(&said.body).unwrap_or_default();
        match message.get("id").filter(|_| message.get("method").is_some()) {
            Some(id) => answer(to, "", &format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[]}}}}")),
            None => to.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").is_ok(),
        }
    })
}

pub(crate) fn start(seen: &Arc<Mutex<Vec<Said>>>, serve: Serve) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (serve, seen) = (Arc::new(serve), Arc::clone(seen));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (serve, seen) = (Arc::clone(&serve), Arc::clone(&seen));
            let stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut writer = stream;
                while let Some(mut said) = head(&mut reader) {
                    let Ok(bytes) = body(&mut reader, &said) else { return };
                    said.body = bytes;
                    seen.lock().unwrap().push(said.clone());
                    if !serve(&said, &mut writer) {
                        let _ = writer.shutdown(std::net::Shutdown::Both);
                        return;
                    }
                }
            });
        }
    });
    address
}

pub(crate) fn head(from: &mut impl BufRead) -> Option<Said> {
    let mut said = Said::default();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        match (said.line.is_empty(), line.split_once(": ")) {
            (true, _) => line.clone_into(&mut said.line),
            (false, Some((name, value))) => said.headers.push((name.to_owned(), value.to_owned())),
            (false, None) if line.is_empty() => return Some(said),
            (false, None) => said.headers.push((line.trim_end_matches(':').to_owned(), String::new())),
        }
    }
}

pub(crate) fn body(from: &mut impl BufRead, said: &Said) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if said.header("transfer-encoding").is_some() {
        loop {
            let bytes = chunk(from)?;
            if bytes.is_empty() {
                return Ok(body);
            }
            body.extend_from_slice(&bytes);
        }
    }
    let length = said.header("content-length").map_or(0, |length| length.parse().unwrap());
    body.resize(length, 0);
    from.read_exact(&mut body)?;
    Ok(body)
}

fn chunk(from: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut size = String::new();
    from.read_line(&mut size)?;
    let size = usize::from_str_radix(size.trim(), 16).map_err(|_| std::io::Error::other("no chunk"))?;
    let mut bytes = vec![0; size + 2];
    from.read_exact(&mut bytes)?;
    bytes.truncate(size);
    Ok(bytes)
}
