//! One request and its response.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, Method, Request, Response, StatusCode, request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use sealbook_record::Outcome;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, spawn_blocking};

use super::Proxy;
use super::body::{self, Long, Out, Read, Rest, SMALL, whole};
use super::calls::{Calls, How};
use super::headers::{self, SESSION};
use super::held::{self, Waiting};
use super::refuse;
use super::watched::Watched;
use crate::mcp::answer;
use crate::mcp::judge::{After, Before, Seen, Wanted, answer_to, is_brief, judge};
use crate::mcp::peek::{Bad, Message, Peek, peek, peek_body};
use crate::mcp::session::Session;
use crate::mcp::settle::{self, Settled};
use crate::mcp::trail::Trail;
use crate::{Ended, Held};

const BAD_GATEWAY: StatusCode = StatusCode::BAD_GATEWAY;
const GATEWAY_TIMEOUT: StatusCode = StatusCode::GATEWAY_TIMEOUT;
/// Of a call that the server has and did not answer.
const UNKNOWN: &str = "Whether the call ran is not known.";

/// What becomes of a body that was judged.
enum Judged {
    /// It goes when it is sealed.
    Seen(Seen),
    Answered(Response<Out>),
    /// Its only call is held.
    Waits(Waiting),
    /// The same, and there is no room to hold it.
    Unheld(Box<Held>, Seen),
}

/// What becomes of a body that waits for nobody.
pub(super) enum Ruled {
    Goes(Calls, Vec<After>),
    Answered(Response<Out>),
}

/// A request whose body is here as a whole.
pub(super) struct Whole {
    parts: request::Parts,
    text: Bytes,
    /// Held until the server has answered.
    room: Option<OwnedSemaphorePermit>,
}

/// A request on its way.
struct Going {
    parts: request::Parts,
    calls: Calls,
    after: Vec<After>,
    /// What it says; empty where it was not held.
    text: Bytes,
}

pub(super) async fn serve(proxy: Arc<Proxy>, request: Request<Incoming>) -> Result<Response<Out>, Infallible> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().map(ToString::to_string);
    if let Err(refused) = proxy.guard.check(&mut parts.headers, authority.as_deref()) {
        return Ok(refused);
    }
    if parts.uri.path() != proxy.upstream.path() {
        return Ok(refuse::plain(StatusCode::NOT_FOUND, "the endpoint has the same path here as at the server\n"));
    }
    let session = |text: &[u8]| session(&proxy, &parts.headers, text);
    Ok(match body::read(body, &proxy.room).await {
        Read::Broken => refuse::plain(StatusCode::BAD_REQUEST, "the body broke off\n"),
        Read::Late => refuse::plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n"),
        Read::Long(body) => {
            let (session, how) = session(&[]);
            long(&proxy, parts, session, how, body).await
        }
        Read::Whole(text, _) if text.is_empty() => {
            let (session, how) = session(&[]);
            let calls = Calls::new(session, how, Settled::default());
            forward(&proxy, Going { parts, calls, after: Vec::new(), text: Bytes::new() }, whole(Bytes::new())).await
        }
        Read::Whole(text, room) => {
            let (session, how) = session(&text);
            whole_body(&proxy, parts, session, how, text, room).await
        }
    })
}

/// The session that a request belongs to. Clients without one have one for each request, under the gateway's id; a
/// handshake may begin one.
fn session(proxy: &Proxy, headers: &HeaderMap, text: &[u8]) -> (Arc<Session>, How) {
    if headers::is_stateless(headers) {
        return (Arc::new(proxy.session.another(false)), How::CalledOff);
    }
    if let Some(id) = headers.get(SESSION) {
        return (proxy.sessions.get(id.as_bytes(), || proxy.session.another(true)), How::InSession);
    }
    let says_hello = |message: &Message<'_>| message.method.as_deref() == Some("initialize");
    let begins = settle::messages(text).iter().any(says_hello);
    (Arc::new(proxy.session.another(begins)), How::Lost)
}

/// A body that is here as a whole: judged, sealed, and only then forwarded.
async fn whole_body(
    proxy: &Arc<Proxy>,
    parts: request::Parts,
    session: Arc<Session>,
    how: How,
    text: Bytes,
    room: Option<OwnedSemaphorePermit>,
) -> Response<Out> {
    // A small call is judged at once, where nothing of it has to wait.
    let is_small = text.len() <= SMALL && proxy.session.gate.ledger().has_room();
    let at_once = if is_small { judged(proxy, &Asking::new(&parts, &session, how, &text), true) } else { None };
    let (judged, parts) = if let Some(judged) = at_once {
        (judged, parts)
    } else {
        let turn = if text.len() > SMALL {
            Arc::clone(&proxy.judging).acquire_many_owned(body::pieces_judged(&text)).await.ok()
        } else {
            None
        };
        let (said, own, session) = (text.clone(), Arc::clone(proxy), Arc::clone(&session));
        let judging = move || {
            let judged = judged(&own, &Asking::new(&parts, &session, how, &said), false);
            drop(turn);
            (judged, parts)
        };
        match spawn_blocking(judging).await {
            Ok((Some(judged), parts)) => (judged, parts),
            _ => return unjudged(),
        }
    };
    let seen = match judged {
        Judged::Seen(seen) => seen,
        Judged::Answered(response) => return response,
        Judged::Waits(waiting) => return held::answered(proxy, Whole { parts, text, room }, waiting).await,
        Judged::Unheld(call, mut seen) => {
            // The look may take its time.
            let looked = spawn_blocking(|| call.look().and_then(|looked| looked.map_or_else(Held::give_up, Ok)));
            let id = settle::messages(&text).first().and_then(|message| message.id).map(str::to_owned);
            let Ok(pending) = looked.await else { return unjudged() };
            seen.before.push(Before { index: 0, id, what: Wanted::Seal(pending) });
            seen
        }
    };
    if let Ok(ruled) = settled(proxy, session, how, text.clone(), seen).await {
        carry_out(proxy, Whole { parts, text, room }, ruled).await
    } else {
        unjudged()
    }
}

fn unjudged() -> Response<Out> {
    refuse::plain(StatusCode::INTERNAL_SERVER_ERROR, "the message could not be judged\n")
}

/// Waits until all of it is durable. Should the client leave meanwhile, what this gives is dropped, and that ends
/// the calls.
async fn settled(
    proxy: &Arc<Proxy>,
    session: Arc<Session>,
    how: How,
    text: Bytes,
    seen: Seen,
) -> Result<Ruled, JoinError> {
    let Seen { before, after, .. } = seen;
    let ruled = move |settled: Settled| {
        if settled.refused.is_empty() {
            Ruled::Goes(Calls::new(session, how, settled), after)
        } else {
            refused(&session, &text, settled)
        }
    };
    if before.iter().all(Before::is_ready) {
        return Ok(ruled(settle::settle(before)));
    }
    let place = Arc::clone(&proxy.settling).acquire_owned().await;
    tokio::spawn(async move {
        let ruled = ruled(settle::settle_async(before).await);
        drop(place);
        ruled
    })
    .await
}

pub(super) async fn carry_out(proxy: &Arc<Proxy>, asked: Whole, ruled: Ruled) -> Response<Out> {
    let Whole { parts, text, room } = asked;
    match ruled {
        Ruled::Goes(calls, after) => {
            let going = Going { parts, calls, after, text: text.clone() };
            let response = forward(proxy, going, whole(text)).await;
            drop(room);
            response
        }
        Ruled::Answered(response) => response,
    }
}

/// What is judged.
struct Asking<'a> {
    headers: &'a HeaderMap,
    session: &'a Arc<Session>,
    how: How,
    text: &'a Bytes,
}

impl<'a> Asking<'a> {
    fn new(parts: &'a request::Parts, session: &'a Arc<Session>, how: How, text: &'a Bytes) -> Self {
        Self { headers: &parts.headers, session, how, text }
    }
}

/// Judges a body; what is to be sealed of it is on its way to the disk. `None` where that may take its time, and
/// it is to be done `at_once`.
fn judged(proxy: &Proxy, asking: &Asking<'_>, at_once: bool) -> Option<Judged> {
    let Asking { headers, session, how, text } = *asking;
    let judging = readable(headers, session, text).and_then(|peeked| {
        let is_brief = !at_once || is_brief(&peeked);
        if is_brief { judge(session, &peeked).map(Some) } else { Ok(None) }
    });
    let mut seen = match judging {
        Ok(seen) => seen?,
        Err(_) if at_once => return None,
        Err(bad) => {
            session.malformed("client", bad, text.len() as u64, session.strict);
            if session.strict {
                let answer = refuse::message(refuse::status_of(bad), answer_to(text, bad));
                return Some(Judged::Answered(answer));
            }
            Seen::default()
        }
    };
    if seen.ours {
        return Some(Judged::Answered(refuse::message(StatusCode::ACCEPTED, None)));
    }
    if let Some(call) = seen.held.take() {
        match Waiting::begin(proxy, headers, (session, how), text, call) {
            Ok(waiting) => return Some(Judged::Waits(waiting)),
            Err(call) => return Some(Judged::Unheld(call, seen)),
        }
    }
    Some(Judged::Seen(seen))
}

/// The answer to a message or a batch of which something was refused.
pub(super) fn refused(session: &Session, text: &[u8], settled: Settled) -> Ruled {
    let why = "another call of its batch was refused; it was not forwarded";
    settle::leave_all(session, settled.entered, Outcome::Cancelled, why);
    let answers = settle::answers(session, text, &settled.refused);
    let status = if answers.is_some() { StatusCode::OK } else { StatusCode::FORBIDDEN };
    Ruled::Answered(refuse::message(status, answers))
}

/// The messages of a body. What HTTP says of them must be what they say.
fn readable<'a>(headers: &HeaderMap, session: &Session, text: &'a [u8]) -> Result<Peek<'a>, Bad> {
    if headers::is_encoded(headers) {
        return Err(Bad::Encoded);
    }
    if !headers::is_utf8(headers) {
        return Err(Bad::Charset);
    }
    let peeked = peek_body(text, session.strict)?;
    if session.strict && peeked.messages().is_empty() {
        return Err(Bad::NoMessage);
    }
    let agree = peeked.messages().iter().all(|message| headers::agree(headers, message));
    if agree { Ok(peeked) } else { Err(Bad::Headers) }
}

/// A body that is longer than what is held: nobody can judge it. It is refused, or passes as it comes.
async fn long(proxy: &Arc<Proxy>, parts: request::Parts, session: Arc<Session>, how: How, body: Long) -> Response<Out> {
    if !session.strict {
        session.malformed("client", Bad::TooLong, body.head.len() as u64, false);
        let calls = Calls::new(session, how, Settled::default());
        return forward(proxy, Going { parts, calls, after: Vec::new(), text: Bytes::new() }, Rest::of(body)).await;
    }
    let mut trail = Trail::default();
    let mut rest = body.begun(&mut trail);
    // Read to its end, so that the client hears the answer.
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(body::PATIENCE, rest.frame()).await {
        if let Ok(data) = frame.into_data() {
            trail.push(&data);
        }
    }
    session.malformed("client", Bad::TooLong, trail.bytes(), true);
    refuse::message(refuse::status_of(Bad::TooLong), Some(answer::bad(trail.request_id(), Bad::TooLong)))
}

async fn forward(proxy: &Arc<Proxy>, going: Going, body: Out) -> Response<Out> {
    let Going { parts, mut calls, after, text } = going;
    if let Some(bad) = calls.refused {
        calls.session.malformed("client", bad, text.len() as u64, true);
        return refuse::message(refuse::status_of(bad), Some(answer::bad(None, bad)));
    }
    let (method, like) = (parts.method.clone(), parts.headers.clone());
    let request = proxy.upstream.request(parts, body);
    calls.sent();
    // A stream that a client opens may stay without a word, and a body that was not held takes the client's time.
    let deadline = proxy.deadlines.head.filter(|_| !text.is_empty());
    let response = match within(deadline, proxy.upstream.send(request)).await {
        Some(Ok(response)) => response,
        failed => {
            let (status, outcome, why, said) = match failed {
                Some(Err(cause)) if cause.is_connect() => {
                    (BAD_GATEWAY, Outcome::Failed, "the server could not be reached", "The call did not run.")
                }
                Some(_) => (BAD_GATEWAY, Outcome::Unknown, "the server broke off before it replied", UNKNOWN),
                None => (GATEWAY_TIMEOUT, Outcome::Unknown, "the server did not begin to answer in time", UNKNOWN),
            };
            calls.failed(|| Ended::new(outcome).because(why));
            return instead(status, &text, &format!("Audit gateway: {why}. {said}"));
        }
    };
    settle::tell(&calls.session, &text, &after);
    let (mut head, inner) = response.into_parts();
    if calls.session.strict && head.status.is_redirection() && head.headers.contains_key(LOCATION) {
        // The client would follow, past the gateway.
        calls.failed(|| Ended::new(Outcome::Failed).because("the server redirects elsewhere"));
        return instead(
            BAD_GATEWAY,
            &text,
            "Audit gateway: the server redirects elsewhere; name that URL as --upstream.",
        );
    }
    let unread = match () {
        () if headers::is_encoded(&head.headers) => Some(Bad::Encoded),
        () if !headers::is_utf8(&head.headers) => Some(Bad::Charset),
        () => None,
    };
    if let Some(bad) = unread.filter(|_| calls.session.strict) {
        calls.session.malformed("server", bad, 0, true);
        let why = format!("the server's answer cannot be looked at ({})", bad.as_str());
        calls.failed(|| Ended::new(Outcome::Unknown).because(&*why));
        return instead(
            BAD_GATEWAY,
            &text,
            &format!("Audit gateway: {why}, and was withheld. Whether the call ran is not known."),
        );
    }
    note_session(proxy, &method, &like, &head, &calls);
    headers::strip_hop(&mut head.headers);
    let watched = Watched::new(proxy, like, calls, (&mut head, inner));
    Response::from_parts(head, watched.boxed_unsync())
}

/// Sessions begin and end with what the server answers.
fn note_session(proxy: &Proxy, method: &Method, asked: &HeaderMap, head: &http::response::Parts, calls: &Calls) {
    match (asked.get(SESSION), head.headers.get(SESSION)) {
        (None, Some(given)) if !headers::is_stateless(asked) => proxy.sessions.add(given.as_bytes(), &calls.session),
        (Some(id), _) if *method == Method::DELETE && head.status.is_success() => {
            calls.session.note_end();
            proxy.sessions.end(id.as_bytes(), "the client ended the session");
        }
        (Some(id), _) if head.status == StatusCode::NOT_FOUND => {
            proxy.sessions.end(id.as_bytes(), "the server knows the session no more");
        }
        _ => {}
    }
}

/// What it gives, or nothing when the time is over.
async fn within<T>(deadline: Option<Duration>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => tokio::time::timeout(deadline, work).await.ok(),
        None => Some(work.await),
    }
}

/// The answer in the server's place.
fn instead(status: StatusCode, text: &[u8], said: &str) -> Response<Out> {
    let id = match peek(text, false) {
        Ok(Peek::One(message)) => message.method.and(message.id),
        _ => None,
    };
    refuse::message(status, Some(answer::failure(id, said)))
}
