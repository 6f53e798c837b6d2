//! The server: connections, who may speak, back-pressure.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::answer::{Answer, Form, Refusal};
use super::otlp::Signal;
use super::{Desk, Sender, body};
use crate::Error;

/// Listens on loopback and hands bodies to its desk.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// What was done while it listened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Served {
    /// Requests that were answered.
    pub requests: u64,
    /// Of them, those that were not taken.
    pub refused_requests: u64,
    /// Records that came.
    pub records: u64,
    /// Records that were sealed.
    pub sealed: u64,
    /// Records that were sealed before.
    pub duplicates: u64,
    /// Records that were not taken.
    pub refused: u64,
}

#[derive(Debug)]
struct Shared {
    desk: Desk,
    /// Nobody: whoever reaches it may speak.
    senders: Vec<Sender>,
    working: Semaphore,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicU64,
    refused_requests: AtomicU64,
    records: AtomicU64,
    sealed: AtomicU64,
    duplicates: AtomicU64,
    refused: AtomicU64,
}

/// What a path is for.
#[derive(Clone, Copy)]
enum Path {
    Export(Signal),
    Records,
}

impl Server {
    /// Listens on a loopback address. Without `senders` everybody on this machine may bring records.
    ///
    /// Errors: the address is not loopback, or is taken.
    pub async fn bind(address: SocketAddr, desk: Desk, senders: Vec<Sender>) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback { address });
        }
        let listener =
            TcpListener::bind(address).await.map_err(|cause| Error::Listen { address: address.to_string(), cause })?;
        let working = Semaphore::new(desk.limits.requests_max);
        Ok(Self { listener, shared: Arc::new(Shared { desk, senders, working, counts: Counts::default() }) })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Serves until `stop` is done; what was begun is answered first.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Served {
        let Self { listener, shared } = self;
        let room = Arc::new(Semaphore::new(shared.desk.limits.connections_max));
        let (closing, closed) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            // Whoever comes when there is no room waits in the system's own queue.
            let accepted = async {
                let permit = Arc::clone(&room).acquire_owned().await.expect("it is never closed");
                (listener.accept().await, permit)
            };
            tokio::select! {
                () = &mut stop => break,
                (stream, permit) = accepted => {
                    let Ok((stream, _)) = stream else { continue };
                    let (shared, closed) = (Arc::clone(&shared), closed.clone());
                    connections.spawn(async move {
                        connection(stream, shared, closed).await;
                        drop(permit);
                    });
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        let _ = closing.send(true);
        while connections.join_next().await.is_some() {}
        shared.counts.told()
    }
}

/// Is done when the process is told to end (TERM, INT); from here on neither ends it at once.
///
/// Errors: the system takes no handler. Called within a runtime.
pub fn ended() -> Result<impl Future<Output = ()>, Error> {
    let of = |kind| signal(kind).map_err(|_| Error::Unsealed);
    let (mut term, mut int) = (of(SignalKind::terminate())?, of(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, mut closed: watch::Receiver<bool>) {
    let limits = shared.desk.limits;
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(shared.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.read_time_max).max_buf_size(64 << 10);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // A sender that breaks off has been answered, or will send again.
    tokio::select! {
        _ = &mut connection => return,
        _ = closed.wait_for(|closed| *closed) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(limits.read_time_max, connection).await;
}

impl Shared {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let form = header(request.headers(), &CONTENT_TYPE).and_then(Form::of).unwrap_or(Form::Json);
        let answered = Arc::clone(&self).take(request).await;
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        answered.unwrap_or_else(|refusal| {
            self.counts.refused_requests.fetch_add(1, Ordering::Relaxed);
            refusal.into_answer(form)
        })
    }

    async fn take(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Refusal> {
        let (head, incoming) = request.into_parts();
        refuse_other_hosts(&head.headers)?;
        let path = path_of(&head.method, head.uri.path())?;
        let sender = self.sender(&head.headers)?;
        let form = match path {
            Path::Export(_) => header(&head.headers, &CONTENT_TYPE).and_then(Form::of).ok_or_else(|| {
                let text = "an export is application/x-protobuf or application/json; say so in Content-Type";
                Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "ingest_unsupported", text)
            })?,
            Path::Records => Form::Json,
        };
        let limits = self.desk.limits;
        let announced = header(&head.headers, &CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > limits.body_bytes_max as u64) {
            return Err(body::too_large(limits));
        }
        let Ok(permit) = self.working.try_acquire() else {
            let text = "as many requests as are worked on at once are there already; send it again";
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "ingest_busy", text));
        };
        let encoding = header(&head.headers, &CONTENT_ENCODING).map(str::to_owned);
        let body = body::read(incoming, limits).await?;
        let desk = self.desk.clone();
        // What waits for the disk waits on a thread of its own.
        let work = tokio::task::spawn_blocking(move || {
            let body = body::unpack(body, encoding.as_deref(), limits)?;
            match path {
                Path::Export(signal) => desk.export(signal, form, &body, sender.as_deref()),
                Path::Records => desk.records(&body, sender.as_deref()),
            }
        });
        let done = work.await;
        drop(permit);
        let (answer, count) = done.map_err(|_| {
            let text = "it could not be read through; send it again, and if it stays so leave it out";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "ingest_failed", text)
        })??;
        let counts = &self.counts;
        for (counter, by) in [
            (&counts.records, count.records),
            (&counts.sealed, count.sealed),
            (&counts.duplicates, count.duplicates),
            (&counts.refused, count.records - count.sealed - count.duplicates),
        ] {
            counter.fetch_add(by, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Who speaks, by their token; nobody where none is asked for.
    fn sender(&self, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
        if self.senders.is_empty() {
            return Ok(None);
        }
        let given = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let (scheme, token) = given.split_at(given.len().min(7));
        let sender = self.senders.iter().find(|sender| sender.bears(token));
        if let Some(sender) = sender.filter(|_| scheme.eq_ignore_ascii_case(b"bearer ")) {
            Ok(Some(sender.name.clone()))
        } else {
            let text = "no token that is known here; send `Authorization: Bearer TOKEN` with the one in the token file";
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "ingest_unauthorized", text))
        }
    }
}

impl Counts {
    fn told(&self) -> Served {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Served {
            requests: of(&self.requests),
            refused_requests: of(&self.refused_requests),
            records: of(&self.records),
            sealed: of(&self.sealed),
            duplicates: of(&self.duplicates),
            refused: of(&self.refused),
        }
    }
}

/// A page in a browser, or a name that somebody made point here, gets nothing.
fn refuse_other_hosts(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_ours = header(headers, &HOST).is_some_and(|host| {
        let name = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(host, |(name, _)| name);
        matches!(name, "localhost" | "[::1]") || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
    });
    if is_ours && !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let text =
        "only programs of this machine may send, under its loopback name; leave `Origin` out, and send to 127.0.0.1";
    Err(Refusal::new(StatusCode::FORBIDDEN, "ingest_forbidden", text))
}

fn path_of(method: &Method, path: &str) -> Result<Path, Refusal> {
    let path = match path {
        "/v1/traces" => Path::Export(Signal::Traces),
        "/v1/logs" => Path::Export(Signal::Logs),
        "/v1/records" => Path::Records,
        _ => {
            let text = "nothing is taken here; send to /v1/traces, /v1/logs or /v1/records";
            return Err(Refusal::new(StatusCode::NOT_FOUND, "ingest_unknown_path", text));
        }
    };
    if method == Method::POST {
        return Ok(path);
    }
    Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "ingest_not_post", "records are sent with POST; use it"))
}

fn header<'h>(headers: &'h HeaderMap, name: &hyper::header::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
