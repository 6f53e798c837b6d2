//! The gateway in front of a server that speaks MCP's Streamable HTTP (revisions 2025-03-26 to 2026-07-28): a
//! reverse proxy for one endpoint.
//!
//! A request's body is held and judged, and goes on when its intents are durable; a response is handed through
//! as it comes and looked at on the way. Bodies keep their bytes. What waits for the disk waits on threads of
//! its own, so that a call which is held keeps no other waiting.

mod body;
mod calls;
mod events;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod guard;
mod headers;
mod held;
mod listen;
mod refuse;
mod sessions;
mod upstream;
mod watched;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sealbook_record::Outcome;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use super::session::{Session, SessionOptions};
use crate::{Error, Gate, Token};
use guard::Guard;
use sessions::Sessions;
use upstream::Upstream;

/// Calls whose intents are on their way to the disk; more wait.
const SETTLING_MAX: usize = 4_096;
/// How long the end waits for what is under way.
const ENDING: Duration = Duration::from_secs(3);

/// Where it listens, and what stands behind it.
#[derive(Debug)]
pub struct HttpOptions {
    /// Port 0 is any that is free.
    pub listen: SocketAddr,
    /// URL of the server's endpoint, with `http` or `https`.
    pub upstream: String,
    /// What clients must bear; none lets every program of this machine in.
    pub token: Option<Token>,
    /// Further names under which it is reached; loopback's are always allowed.
    pub hosts: Vec<String>,
    /// What the server is given as bearer token; where there is none, what the client sends passes.
    pub upstream_token: Option<String>,
    /// Who alone vouches for a server with `https`; this machine's authorities where nobody is named.
    pub upstream_ca: Option<Authority>,
    /// How long the server is waited for.
    pub deadlines: Deadlines,
}

/// Certificates that vouch for a server.
#[derive(Debug, Clone)]
pub struct Authority {
    /// What errors call it: the file.
    pub name: String,
    /// One certificate or several, in PEM.
    pub pem: Vec<u8>,
}

/// How long the server is waited for; `None` is for ever.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Until it begins to answer a message.
    pub head: Option<Duration>,
    /// Until the next piece of an answer that is no stream of events.
    pub silence: Option<Duration>,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { head: Some(Duration::from_mins(10)), silence: Some(Duration::from_mins(2)) }
    }
}

/// A gateway between the clients of an address and one server.
pub struct Http {
    proxy: Arc<Proxy>,
    listener: TcpListener,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    runtime: Runtime,
}

/// Ends a gateway from elsewhere.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

/// What all exchanges share.
struct Proxy {
    /// Its id is in the records of clients that have no session.
    session: Arc<Session>,
    sessions: Sessions,
    upstream: Upstream,
    deadlines: Deadlines,
    guard: Guard,
    /// For the bytes of large request bodies.
    room: Arc<Semaphore>,
    /// For the bytes of large request bodies that are being judged.
    judging: Arc<Semaphore>,
    /// For calls whose intents are on their way to the disk.
    settling: Arc<Semaphore>,
    /// For calls that are held.
    places: Arc<Semaphore>,
    /// Turns true at the end: what is held is called off then.
    stop: watch::Sender<bool>,
}

impl Stopper {
    /// Nothing new is taken, and what is under way has a moment to end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Http {
    /// Binds the address; clients wait until [`Http::run`].
    ///
    /// Errors: it cannot be listened on, or the upstream is no URL.
    pub fn bind(gate: Arc<Gate>, options: SessionOptions, http: HttpOptions) -> Result<Self, Error> {
        let failed = |cause| Error::Listen { address: http.listen.to_string(), cause };
        // One thread: a call then wakes nobody on its way, which costs more than what is done for it. Long bodies are
        // judged on threads of their own.
        let runtime = tokio::runtime::Builder::new_current_thread().thread_name("sealbook-http").enable_all().build();
        let runtime = runtime.map_err(failed)?;
        let listener = runtime.block_on(TcpListener::bind(http.listen)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let upstream = {
            let _inside = runtime.enter();
            Upstream::new(&http.upstream, http.upstream_token.as_deref(), http.upstream_ca.as_ref())?
        };
        let stop = watch::channel(false).0;
        let proxy = Arc::new(Proxy {
            session: Arc::new(Session::new(gate, options)),
            sessions: Sessions::default(),
            upstream,
            deadlines: http.deadlines,
            guard: Guard::new(address, http.token, http.hosts),
            room: Arc::new(Semaphore::new(body::ROOM)),
            judging: Arc::new(Semaphore::new(body::JUDGED)),
            settling: Arc::new(Semaphore::new(SETTLING_MAX)),
            places: Arc::new(Semaphore::new(held::PLACES)),
            stop: stop.clone(),
        });
        Ok(Self { proxy, listener, address, stop, runtime })
    }

    /// The session of the records of clients that have none.
    pub fn session(&self) -> &str {
        &self.proxy.session.id
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.proxy.upstream.path())
    }

    /// Ends it from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Serves until it is stopped, by a [`Stopper`] or a signal. Then every call that is open is closed.
    ///
    /// Where the capture cannot be announced in the book it runs all the same: a closed gate then tells the
    /// client with each call why it is refused.
    ///
    /// Errors: the end could not be sealed. It shows as a gap.
    pub fn run(self) -> Result<(), Error> {
        let Self { proxy, listener, stop, runtime, .. } = self;
        let capture = proxy.session.open("mcp-http").ok();
        let why = runtime.block_on(listen::run(&proxy, listener, stop));
        runtime.shutdown_timeout(ENDING);
        proxy.sessions.end_all(why);
        proxy.session.close(capture, Outcome::Ok, why)
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("address", &self.address).finish_non_exhaustive()
    }
}
