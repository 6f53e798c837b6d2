//! Connections of clients.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Sleep, sleep, timeout};

use super::{ENDING, Proxy, SETTLING_MAX, exchange};

/// Connections at the same time; more wait.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_mins(1);
/// How long a client may read nothing of what it is sent.
const STALLED: Duration = Duration::from_mins(2);
/// Bytes of a connection that are read ahead.
const BUFFER: usize = 256 << 10;

/// Until it is stopped; why.
pub(super) async fn run(proxy: &Arc<Proxy>, listener: TcpListener, stop: watch::Sender<bool>) -> &'static str {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stopped = stop.subscribe();
    let mut over = Box::pin(async move { drop(stopped.wait_for(|stop| *stop).await) });
    let mut signalled = Box::pin(signalled());
    let why = loop {
        let place = tokio::select! {
            () = &mut over => break "the gateway was stopped",
            () = &mut signalled => break "the gateway was ended by a signal",
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = &mut over => break "the gateway was stopped",
            () = &mut signalled => break "the gateway was ended by a signal",
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (proxy, stop) = (Arc::clone(proxy), stop.subscribe());
                tokio::spawn(async move {
                    connection(proxy, stream, stop).await;
                    drop(place);
                });
            }
            // Out of files, or a client that is gone already: others come.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    };
    drop(listener);
    stop.send_replace(true);
    let all = Arc::clone(&places).acquire_many_owned(CONNECTIONS_MAX as u32);
    let _ = timeout(ENDING, all).await;
    // Of clients that are gone too: each intent gets its outcome.
    let _ = timeout(ENDING, proxy.settling.acquire_many(SETTLING_MAX as u32)).await;
    why
}

async fn connection(proxy: Arc<Proxy>, stream: TcpStream, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| exchange::serve(Arc::clone(&proxy), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .preserve_header_case(true)
        // What the server says of the time is enough.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(Patient { stream, stalled: None }), service);
    let mut connection = Box::pin(connection);
    tokio::select! {
        // A connection that breaks has ended its exchange.
        _ = &mut connection => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn signalled() {
    let (Ok(mut term), Ok(mut int), Ok(mut hup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hup.recv() => {}
    }
}

/// A connection that is given up when the other end reads nothing for too long.
struct Patient {
    stream: TcpStream,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn wait<T>(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.stalled = None;
            return done;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wait(cx, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.wait(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
