//! The gateway between two pairs of pipes: newline-delimited JSON-RPC, as MCP's stdio transport has it.
//!
//! Three threads: one reads the client and judges, one forwards what has been sealed, one reads the server.
//! Lines keep their order, and lines that pass keep their bytes.

mod client;
mod forward;
mod held;
mod queue;
mod server;

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_policy::Mode;
use sealbook_record::{Outcome, PartName, Severity};

use super::peek::Bad;
use super::session::{Session, SessionOptions};
use crate::{Error, Gate};
use queue::Queue;

/// Malformed lines that get a record each; the others are counted.
const MALFORMED_TOLD_MAX: u64 = 100;

/// The four ends that a gateway holds.
pub struct Pipes {
    /// What the client writes.
    pub from_client: Box<dyn Read + Send>,
    /// What the client reads.
    pub to_client: Box<dyn Write + Send>,
    /// What the server writes.
    pub from_server: Box<dyn Read + Send>,
    /// What the server reads.
    pub to_server: Box<dyn Write + Send>,
}

/// A gateway between one client and one server.
pub struct Stdio(Arc<Wire>);

/// What the threads share.
struct Wire {
    session: Session,
    queue: Queue,
    to_client: Mutex<Option<Box<dyn Write + Send>>>,
    to_server: Mutex<Option<Box<dyn Write + Send>>>,
    strict: bool,
    malformed: AtomicU64,
    client_left: AtomicBool,
}

impl Stdio {
    /// A gateway that has not begun.
    pub fn new(gate: Arc<Gate>, options: SessionOptions) -> Self {
        let strict = gate.options().mode == Mode::Enforce;
        Self(Arc::new(Wire {
            session: Session::new(gate, options),
            queue: Queue::default(),
            to_client: Mutex::new(None),
            to_server: Mutex::new(None),
            strict,
            malformed: AtomicU64::new(0),
            client_left: AtomicBool::new(false),
        }))
    }

    /// The session of its records.
    pub fn session(&self) -> &str {
        &self.0.session.id
    }

    /// Passes messages until the server has closed its end and `wait` has returned, which tells how the server
    /// ended. Then every call that is open is closed. What the client still writes is not read any more.
    ///
    /// Where the session cannot be announced in the book it runs all the same: a closed gate then tells the
    /// client with each call why it is refused.
    ///
    /// Errors: the end of the session could not be sealed. It shows as a gap.
    pub fn run(self, pipes: Pipes, wait: impl FnOnce() -> String) -> Result<(), Error> {
        let wire = self.0;
        let capture = wire.session.open().ok();
        *lock(&wire.to_client) = Some(pipes.to_client);
        *lock(&wire.to_server) = Some(pipes.to_server);
        let (judge, forward) = (Arc::clone(&wire), Arc::clone(&wire));
        spawn("sealbook-client", move || client::read(&judge, pipes.from_client));
        spawn("sealbook-forward", move || forward::run(&forward));
        server::read(&wire, pipes.from_server);
        let why = wait();
        wire.session.room.end("the server had ended while it was held");
        // The server is gone: a write that waits for it fails now.
        wire.queue.close();
        wire.note_malformed();
        let outcome = if wire.client_left.load(Ordering::Acquire) { Outcome::Ok } else { Outcome::Cancelled };
        wire.session.close(capture, outcome, &why)
    }
}

impl Wire {
    /// Writes a whole line to the client. A client that is gone loses it.
    fn answer(&self, line: &[u8]) {
        let mut out = lock(&self.to_client);
        if !write(&mut out, line) {
            self.client_gone();
        }
    }

    /// Writes to the server; false where it is gone.
    fn send(&self, bytes: &[u8]) -> bool {
        write(&mut lock(&self.to_server), bytes)
    }

    /// Nobody reads the answers any more: the server is told by the end of its input.
    fn client_gone(&self) {
        self.client_left.store(true, Ordering::Release);
        lock(&self.to_server).take();
    }

    /// A line that is not as it should be.
    fn malformed(&self, from: &str, bad: Bad, bytes: u64, refused: bool) {
        if self.malformed.fetch_add(1, Ordering::Relaxed) >= MALFORMED_TOLD_MAX {
            return;
        }
        let action = if refused { "message.refused" } else { "message.malformed" };
        let mut record = self.session.record(action, self.session.service());
        record.outcome = refused.then_some(Outcome::Blocked);
        record.severity = Severity::Warning;
        record.reason = Some(format!("a line from the {from}: {}", bad.as_str()));
        record.set_part(PartName::Context, &serde_json::json!({"from": from, "bytes": bytes})).expect("it is JSON");
        self.session.gate.event_soon(record);
        if refused {
            self.session.count_refused();
        }
    }

    /// The malformed lines that got no record of their own.
    fn note_malformed(&self) {
        let more = self.malformed.load(Ordering::Relaxed).saturating_sub(MALFORMED_TOLD_MAX);
        if more == 0 {
            return;
        }
        let mut record = self.session.record("message.malformed", self.session.service());
        record.severity = Severity::Warning;
        record.reason = Some(format!("{more} more malformed lines"));
        self.session.gate.event_soon(record);
    }
}

/// Writes and flushes; what cannot be written to is given up.
fn write(out: &mut Option<Box<dyn Write + Send>>, bytes: &[u8]) -> bool {
    let Some(writer) = out else { return false };
    if writer.write_all(bytes).and_then(|()| writer.flush()).is_ok() {
        return true;
    }
    *out = None;
    false
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    // Not joined: it may wait for a client that never writes again.
    let _thread = std::thread::Builder::new().name(name.to_owned()).spawn(work).expect("the system can start a thread");
}
