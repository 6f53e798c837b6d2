//! A call that is held: its request is answered late. Where something is to be said meanwhile, and the client takes
//! events, the answer becomes a stream with the first of it; else the server's own answer passes as ever.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use sealbook_record::Outcome;
use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{self, UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;

use super::Proxy;
use super::body::{Failure, Out};
use super::calls::{Calls, How};
use super::exchange::{self, Ruled, Whole};
use super::{headers, refuse};
use crate::mcp::hold::{self, Hold, Settled, wait};
use crate::mcp::judge::{Before, Wanted};
use crate::mcp::peek::Message;
use crate::mcp::session::Session;
use crate::mcp::{answer, settle};
use crate::{Held, Refused};

/// Calls of all clients that are held at a time; each takes a thread, and one more is answered at once.
pub(super) const PLACES: usize = 128;
/// Bytes of an answer that is no success and may yet be a reply.
const FAILURE_BYTES_MAX: usize = 64 << 10;
/// Pieces of a stream that wait for the client.
const PIECES_MAX: usize = 16;

const STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// A held call, as its request sees it. Dropped when the client hangs up, which calls it off.
pub(super) struct Waiting {
    events: UnboundedReceiver<Event>,
    hold: Arc<Hold>,
    id: String,
    stop: watch::Receiver<bool>,
    is_stopped: bool,
}

enum Event {
    /// A message for the client.
    Says(Vec<u8>),
    Settled(Ruled),
}

impl Waiting {
    /// Holds the call on a thread of its own; gives it back where it cannot be held.
    pub(super) fn begin(
        proxy: &Proxy,
        headers: &HeaderMap,
        (session, how): (&Arc<Session>, How),
        text: &Bytes,
        held: Box<Held>,
    ) -> Result<Self, Box<Held>> {
        let messages = settle::messages(text);
        let Some((message, id)) = messages.first().and_then(|message| Some((message, message.id?))) else {
            return Err(held);
        };
        let Ok(place) = Arc::clone(&proxy.places).try_acquire_owned() else { return Err(held) };
        let Some(hold) = session.room.enter(id) else { return Err(held) };
        let takes_events = headers::takes(headers, STREAM);
        let asked = if takes_events { hold::Asked::of(session, message) } else { hold::Asked::default() };
        let Some(thread) = hold::thread() else {
            session.room.leave(&hold);
            return Err(held);
        };
        let (say, events) = unbounded_channel();
        let stop = proxy.stop.subscribe();
        let waiting = Self { events, hold: Arc::clone(&hold), id: id.to_owned(), stop, is_stopped: false };
        let (id, session, text) = (id.to_owned(), Arc::clone(session), text.clone());
        let work = move || {
            let waited = wait(&session, *held, &hold, &asked, &|message| say.send(Event::Says(message)).is_ok());
            let ruled = settled(&session, how, &hold, (id, &text), waited);
            session.room.leave(&hold);
            // A client that is gone hears nothing; what is dropped then ends its calls.
            let _ = say.send(Event::Settled(ruled));
            drop(place);
        };
        // The thread waits for it, and for nothing else.
        let _ = thread.send(Box::new(work));
        Ok(waiting)
    }

    async fn next(&mut self) -> Event {
        loop {
            tokio::select! {
                event = self.events.recv() => {
                    let failed = || refuse::plain(StatusCode::INTERNAL_SERVER_ERROR, "the call could not be held\n");
                    return event.unwrap_or_else(|| Event::Settled(Ruled::Answered(failed())));
                }
                _ = self.stop.wait_for(|stop| *stop), if !self.is_stopped => {
                    self.is_stopped = true;
                    self.hold.call_off("the gateway ended while it was held");
                }
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.hold.call_off("the caller left while it was held");
    }
}

/// What becomes of a call that is held no more.
fn settled(session: &Arc<Session>, how: How, hold: &Hold, (id, text): (String, &[u8]), waited: Settled) -> Ruled {
    let why = match waited {
        Settled::CalledOff(why) => why,
        Settled::Goes(pending) => {
            let before = Before { index: 0, id: Some(id), what: Wanted::Seal(pending) };
            let settled = settle::settle(vec![before]);
            if !settled.refused.is_empty() {
                return exchange::refused(session, text, settled);
            }
            let (mut settled, mut calls) = (Some(settled), None);
            let released = hold.release(|| {
                calls = settled.take().map(|settled| Calls::new(Arc::clone(session), how, settled));
            });
            match (released, calls) {
                (Ok(()), Some(calls)) => return Ruled::Goes(calls, Vec::new()),
                // Called off just before it went on. Its intent is sealed already.
                (released, _) => {
                    let why = released.err().unwrap_or("it was not forwarded");
                    let entered = settled.map(|settled| settled.entered).unwrap_or_default();
                    settle::leave_all(session, entered, Outcome::Cancelled, why);
                    why
                }
            }
        }
    };
    let refused = [(0, Refused::called_off(why))];
    Ruled::Answered(refuse::message(StatusCode::OK, settle::answers(session, text, &refused)))
}

/// The response to a request whose call is held.
pub(super) async fn answered(proxy: &Arc<Proxy>, whole: Whole, mut waiting: Waiting) -> Response<Out> {
    let first = match waiting.next().await {
        Event::Settled(ruled) => return exchange::carry_out(proxy, whole, ruled).await,
        Event::Says(first) => first,
    };
    let (out, pieces) = mpsc::channel(PIECES_MAX);
    let (proxy, gone) = (Arc::clone(proxy), out.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = stream(&proxy, whole, waiting, first, out) => {}
            // The client hung up.
            () = gone.closed() => {}
        }
    });
    let mut response = Response::new(Pieces(pieces).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(STREAM));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

type Piece = Result<Bytes, Failure>;
type Sender = mpsc::Sender<Piece>;

/// What is said while the call is held, and then its answer.
async fn stream(proxy: &Arc<Proxy>, whole: Whole, mut waiting: Waiting, first: Vec<u8>, out: Sender) {
    let mut event = Event::Says(first);
    let ruled = loop {
        match event {
            Event::Settled(ruled) => break ruled,
            Event::Says(message) => {
                if out.send(Ok(event_of(&message))).await.is_err() {
                    return;
                }
            }
        }
        event = waiting.next().await;
    };
    let response = exchange::carry_out(proxy, whole, ruled).await;
    // A client that is gone ends this from without.
    let _ = pipe(response, &waiting.id, &out).await;
}

/// The answer to the request, as what is left of the stream.
async fn pipe(response: Response<Out>, id: &str, out: &Sender) -> Result<(), SendError<Piece>> {
    let (head, mut body) = response.into_parts();
    let is_json = headers::is_kind(&head.headers, JSON);
    if head.status == StatusCode::ACCEPTED {
        return Ok(());
    }
    if !head.status.is_success() || !(is_json || headers::is_kind(&head.headers, STREAM)) {
        let reply = short(body).await;
        let reply = reply.filter(|said| settle::messages(said).iter().any(Message::is_reply));
        let failed = || {
            let text = format!("Audit gateway: the server answered with HTTP status {}.", head.status.as_u16());
            answer::failure(Some(id), &text)
        };
        return out.send(Ok(event_of(&reply.unwrap_or_else(failed)))).await;
    }
    let mut is_begun = false;
    while let Some(frame) = body.frame().await {
        let bytes = match frame.map(Frame::into_data) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(_)) => continue,
            Err(cause) => return out.send(Err(cause)).await,
        };
        if !is_json {
            out.send(Ok(bytes)).await?;
            continue;
        }
        if !std::mem::replace(&mut is_begun, true) {
            out.send(Ok(Bytes::from_static(b"data: "))).await?;
        }
        out.send(Ok(on_one_line(&bytes))).await?;
    }
    if is_begun { out.send(Ok(Bytes::from_static(b"\n\n"))).await } else { Ok(()) }
}

/// A whole body, where it is short.
async fn short(mut body: Out) -> Option<Vec<u8>> {
    let mut said = Vec::new();
    while let Some(frame) = body.frame().await {
        said.extend_from_slice(&frame.ok()?.into_data().unwrap_or_default());
        if said.len() > FAILURE_BYTES_MAX {
            return None;
        }
    }
    Some(said)
}

fn event_of(message: &[u8]) -> Bytes {
    [b"data: ", &*on_one_line(message), b"\n\n"].concat().into()
}

/// JSON without line breaks: they are between its tokens only, where a space says the same.
fn on_one_line(json: &[u8]) -> Bytes {
    json.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

/// A body whose pieces come from elsewhere.
struct Pieces(mpsc::Receiver<Piece>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
