//! A response on its way to the client: handed through as it comes, and looked at.
//!
//! An event passes when what it asks for is on record. Of a JSON body the last piece waits: without it no client
//! can read the rest.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use sealbook_record::{Outcome, PartName};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Sleep, sleep};

use super::Proxy;
use super::body::Failure;
use super::calls::Calls;
use super::events::{Cut, DATA_BYTES_MAX, Events, without_data};
use super::headers;
use crate::Ended;
use crate::mcp::peek::{Bad, Message, Peek, peek};
use crate::mcp::session::{Awaited, Session, Side};
use crate::mcp::trail::Trail;
use crate::mcp::{answer, requests, tell};

/// The body of a response.
pub(super) struct Watched {
    inner: Incoming,
    shape: Shape,
    status: StatusCode,
    calls: Calls,
    proxy: Arc<Proxy>,
    /// Headers of the request: the gateway answers the server in the same session.
    like: HeaderMap,
    cuts: VecDeque<Cut>,
    looking: Option<JoinHandle<Looked>>,
    /// A reply that has passed, and is looked at when the client has it.
    after: Option<Vec<u8>>,
    is_over: bool,
    /// Runs while the server says nothing.
    silent: Option<Pin<Box<Sleep>>>,
}

/// When a message is looked at.
enum When {
    /// It may pass first: a reply that nothing rests on.
    After,
    Before,
    /// Before, and that may wait for the disk.
    Slowly,
}

enum Shape {
    Events(Events),
    Json {
        held: Vec<u8>,
        long: Option<Trail>,
        /// The last piece that came.
        last: Option<Bytes>,
    },
    /// It is not looked at.
    Opaque,
}

/// What was found in a message, or a batch of them.
struct Looked {
    /// What passes of it.
    bytes: Bytes,
    /// Something in it was refused.
    is_refused: bool,
    /// For the server, in the client's place.
    answers: Vec<Vec<u8>>,
    replied: Vec<String>,
    /// The error of a reply.
    error: Option<String>,
}

impl Watched {
    pub(super) fn new(
        proxy: &Arc<Proxy>,
        like: HeaderMap,
        calls: Calls,
        (head, inner): (&mut http::response::Parts, Incoming),
    ) -> Self {
        let shape = if headers::is_encoded(&head.headers) {
            calls.session.malformed("server", Bad::Encoded, 0, false);
            Shape::Opaque
        } else if headers::is_kind(&head.headers, "text/event-stream") {
            // What is refused does not pass, and the length is another one then.
            head.headers.remove(CONTENT_LENGTH);
            Shape::Events(Events::default())
        } else {
            Shape::Json { held: Vec::new(), long: None, last: None }
        };
        let (status, cuts, looking, after) = (head.status, VecDeque::new(), None, None);
        let proxy = Arc::clone(proxy);
        Self { inner, shape, status, calls, proxy, like, cuts, looking, after, is_over: false, silent: None }
    }

    /// The next piece of the server; what passes at once.
    fn came(&mut self, chunk: Bytes) -> Option<Bytes> {
        match &mut self.shape {
            Shape::Events(events) => {
                self.cuts.extend(events.push(&chunk));
                self.calls.is_resumable = events.has_ids;
                None
            }
            Shape::Json { held, long, last } => {
                match long {
                    Some(trail) => trail.push(&chunk),
                    None if held.len() + chunk.len() > DATA_BYTES_MAX => {
                        let trail = long.insert(Trail::default());
                        trail.push(&std::mem::take(held));
                        trail.push(&chunk);
                    }
                    None => held.extend_from_slice(&chunk),
                }
                last.replace(chunk)
            }
            Shape::Opaque => Some(chunk),
        }
    }

    /// The server has said all; what passes of it.
    fn ended(&mut self) -> Result<Option<Bytes>, Failure> {
        self.is_over = true;
        match &mut self.shape {
            Shape::Events(events) => Ok(Some(events.rest())),
            Shape::Opaque => Ok(None),
            Shape::Json { held, long, last } => {
                let (held, long) = (std::mem::take(held), long.take());
                let Some(last) = last.take() else { return Ok(None) };
                if let Some(trail) = long {
                    self.long(&trail);
                    Ok(Some(last))
                } else {
                    self.look(last, held)
                }
            }
        }
    }

    /// Looks at a message, here or where there is time to wait for the disk; what passes of it at once.
    fn look(&mut self, bytes: Bytes, text: Vec<u8>) -> Result<Option<Bytes>, Failure> {
        let session = Arc::clone(&self.calls.session);
        match self.when(&text) {
            When::After => {
                self.after = Some(text);
                Ok(Some(bytes))
            }
            When::Before => self.looked(look(&session, bytes, &text)).map(Some),
            When::Slowly => {
                self.looking = Some(spawn_blocking(move || look(&session, bytes, &text)));
                Ok(None)
            }
        }
    }

    fn when(&self, text: &[u8]) -> When {
        if self.calls.has_list {
            return When::Slowly;
        }
        let session = &self.calls.session;
        let Ok(messages) = messages(text) else { return When::Before };
        if messages.iter().any(|message| message.method.is_some() && message.id.is_some()) {
            // It asks the client for something: that must be on disk before.
            When::Slowly
        } else if messages.iter().all(|message| message.is_reply() && !session.teaches(Side::Client, message)) {
            When::After
        } else {
            When::Before
        }
    }

    /// Looks at what has passed.
    fn look_after(&mut self) -> Result<(), Failure> {
        let Some(text) = self.after.take() else { return Ok(()) };
        let looked = look(&self.calls.session, Bytes::new(), &text);
        self.looked(looked).map(drop)
    }

    fn looked(&mut self, looked: Looked) -> Result<Bytes, Failure> {
        looked.replied.iter().for_each(|id| self.calls.replied(id));
        for json in looked.answers {
            let proxy = Arc::clone(&self.proxy);
            let request = proxy.upstream.message(&self.like, json);
            // Not waited for: the server waits for its answer, and may say nothing before.
            tokio::spawn(async move { drop(proxy.upstream.send(request).await) });
        }
        if let (false, Some(error)) = (self.status.is_success(), looked.error) {
            let (status, error) = (self.status.as_u16(), tell::raw(&error));
            let ended = || Ended::new(Outcome::Failed).because(format!("HTTP status {status}"));
            self.calls.failed(|| ended().with(PartName::Error, error.clone()));
        }
        let is_json = matches!(self.shape, Shape::Json { .. });
        if looked.is_refused && is_json {
            return Err("a request of the server was refused".into());
        }
        Ok(looked.bytes)
    }

    /// Until the server has been silent for too long; a stream of events may be.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.proxy.deadlines.silence.filter(|_| !matches!(self.shape, Shape::Events(_)));
        let Some(deadline) = deadline else { return Poll::Pending };
        self.silent.get_or_insert_with(|| Box::pin(sleep(deadline))).as_mut().poll(cx)
    }

    /// A message that was too long to be held has passed.
    fn long(&mut self, trail: &Trail) {
        let session = Arc::clone(&self.calls.session);
        match trail.reply_id() {
            Some(id) => {
                self.calls.replied(id);
                if let Some(Awaited::Call(entered)) = session.awaited(Side::Client, id) {
                    session.gate.leave_soon(entered, tell::ended_long(trail.bytes(), trail.is_error()));
                }
            }
            None => session.malformed("server", Bad::TooLong, trail.bytes(), false),
        }
    }

    /// Nothing more comes. What has no reply now gets none here.
    fn close(&mut self) {
        if self.status.is_success() {
            let why = match self.shape {
                Shape::Opaque => "the reply was compressed and could not be looked at",
                _ => "the server ended its answer without a reply",
            };
            self.calls.over(Outcome::Unknown, why);
        } else {
            let status = self.status.as_u16();
            self.calls.failed(|| Ended::new(Outcome::Failed).because(format!("HTTP status {status}")));
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = &mut *self;
        this.look_after()?;
        loop {
            let mut passes = None;
            if let Some(looking) = &mut this.looking {
                let looked = ready!(Pin::new(looking).poll(cx));
                this.looking = None;
                passes = Some(this.looked(looked?)?);
            } else if let Some(cut) = this.cuts.pop_front() {
                match cut {
                    Cut::Pass(bytes) => passes = Some(bytes),
                    Cut::Long(trail) => this.long(&trail),
                    Cut::Event(bytes, data) => passes = this.look(bytes, data)?,
                }
            } else if this.is_over {
                this.close();
                return Poll::Ready(None);
            } else {
                let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
                    ready!(this.wait(cx));
                    let why = "the server fell silent within its answer";
                    this.calls.over(Outcome::Unknown, why);
                    return Poll::Ready(Some(Err(why.into())));
                };
                this.silent = None;
                match frame {
                    Some(Ok(frame)) => passes = frame.into_data().ok().and_then(|chunk| this.came(chunk)),
                    None => passes = this.ended()?,
                    Some(Err(cause)) => {
                        this.calls.over(Outcome::Unknown, "the server broke off before it replied");
                        return Poll::Ready(Some(Err(cause.into())));
                    }
                }
            }
            if let Some(bytes) = passes.filter(|bytes| !bytes.is_empty()) {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            this.look_after()?;
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = match &self.shape {
            Shape::Json { last, .. } => last.as_ref().map_or(0, Bytes::len),
            Shape::Events(_) => return SizeHint::default(),
            Shape::Opaque => 0,
        };
        let rest = self.inner.size_hint().exact();
        rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(rest + left as u64))
    }
}

/// A client that has read its answer may hang up before this is asked again.
impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.look_after();
    }
}

fn messages(text: &[u8]) -> Result<Vec<Message<'_>>, Bad> {
    peek(text, false).map(Peek::into_messages)
}

fn look(session: &Session, bytes: Bytes, text: &[u8]) -> Looked {
    let messages = messages(text).unwrap_or_else(|bad| {
        session.malformed("server", bad, text.len() as u64, false);
        Vec::new()
    });
    let mut looked = Looked { bytes, is_refused: false, answers: Vec::new(), replied: Vec::new(), error: None };
    for message in messages.iter().filter(|message| message.method.is_some()) {
        if let Some(refused) = requests::request(session, message) {
            looked.is_refused = true;
            looked.answers.extend(answer::refusal(message, &refused));
        }
    }
    if looked.is_refused {
        looked.bytes = without_data(&looked.bytes);
    }
    for message in messages.iter().filter(|message| message.is_reply()) {
        session.reply(Side::Client, message);
        looked.replied.extend(message.id.map(str::to_owned));
        looked.error = message.error.map(str::to_owned);
    }
    looked
}
