//! A client and a server made of pipes, with the gateway between them.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use sealbook_gate::mcp::{Deadlines, HoldOptions, Pipes, Recording, SessionOptions, Stdio};
use sealbook_gate::{Error, Gate, GateOptions};
use sealbook_policy::{Rule, RuleSet};
use sealbook_record::{Actor, ActorKind};

use crate::fixture::Book;

/// What a server does with a line: the lines that it answers.
pub(crate) type Server = Box<dyn FnMut(&[u8]) -> Vec<Vec<u8>> + Send>;

pub(crate) struct Wire {
    pub(crate) to: Option<PipeWriter>,
    pub(crate) from: BufReader<PipeReader>,
    /// Everything that reached the server.
    pub(crate) seen: Arc<Mutex<Vec<u8>>>,
    gateway: JoinHandle<Result<(), Error>>,
}

#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) options: GateOptions,
    pub(crate) rules: &'static str,
    pub(crate) recording: Recording,
    pub(crate) holding: HoldOptions,
    /// Over HTTP.
    pub(crate) deadlines: Deadlines,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            options: GateOptions::default(),
            rules: "",
            recording: Recording::Calls,
            holding: HoldOptions::default(),
            deadlines: Deadlines::default(),
        }
    }
}

impl Wire {
    pub(crate) fn new(book: &Book, setup: Setup, server: Server) -> Self {
        let (from_client, to) = pipe().unwrap();
        let (from, to_client) = pipe().unwrap();
        let (from_gateway, to_server) = pipe().unwrap();
        let (from_server, to_gateway) = pipe().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&seen);
        let serving = std::thread::spawn(move || serve(from_gateway, to_gateway, &own, server));
        let mut policy = Book::policy();
        if !setup.rules.is_empty() {
            let rules = Rule::from_yaml(setup.rules).unwrap();
            policy = policy.with_rules(Arc::new(RuleSet::compile(rules).unwrap()));
        }
        let gate = Arc::new(Gate::new(Arc::clone(&book.ledger), policy, setup.options).unwrap());
        let mut actor = Actor::new(ActorKind::Agent, "ann");
        actor.verified = Some("uid:7".to_owned());
        let options = SessionOptions {
            actor,
            server: "files".to_owned(),
            command: "files --root /".to_owned(),
            project: None,
            recording: setup.recording,
            holding: setup.holding,
            files: None,
        };
        let pipes = Pipes {
            from_client: Box::new(from_client),
            to_client: Box::new(to_client),
            from_server: Box::new(from_server),
            to_server: Box::new(to_server),
        };
        let gateway = std::thread::spawn(move || {
            Stdio::new(gate, options).run(pipes, move || {
                serving.join().unwrap();
                "the server ended".to_owned()
            })
        });
        Self { to: Some(to), from: BufReader::new(from), seen, gateway }
    }

    pub(crate) fn send(&mut self, line: &str) {
        let to = self.to.as_mut().unwrap();
        to.write_all(line.as_bytes()).unwrap();
        to.write_all(b"\n").unwrap();
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn answer(&mut self) -> serde_json::Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Closes the client's end, waits for the gateway, and returns what was left to read.
    pub(crate) fn end(mut self) -> (Vec<u8>, Vec<u8>) {
        drop(self.to.take());
        let mut rest = Vec::new();
        self.from.read_to_end(&mut rest).unwrap();
        self.gateway.join().unwrap().unwrap();
        let seen = self.seen.lock().unwrap().clone();
        (rest, seen)
    }
}

fn serve(from: PipeReader, mut to: PipeWriter, seen: &Mutex<Vec<u8>>, mut server: Server) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line).unwrap() == 0 {
            return;
        }
        seen.lock().unwrap().extend_from_slice(&line);
        for answer in server(&line) {
            if to.write_all(&answer).is_err() {
                return;
            }
        }
    }
}

/// Answers every request with an empty result, and notes nothing.
pub(crate) fn polite() -> Server {
    Box::new(|line| {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else { return Vec::new() };
        let Some(id) = message.get("id").filter(|_| message.get("method").is_some()) else { return Vec::new() };
        vec![format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[]}}}}\n").into_bytes()]
    })
}

/// Says nothing.
pub(crate) fn silent() -> Server {
    Box::new(|_| Vec::new())
}
