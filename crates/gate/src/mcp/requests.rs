//! What a server asks of its client, whichever way it came: on record before the client sees it.

use memchr::memmem;
use sealbook_record::Outcome;

use super::answer;
use super::peek::{Bad, Message, elements, fields, split, text};
use super::session::{Awaited, Recording, Session, Side, Unexpected};
use super::tell;
use crate::{Ended, Passage, Refused};

/// In a result, what the client is asked for.
const ASKS: &str = "inputRequests";
/// Requests in one result.
const ASKED_MAX: usize = 100;

/// A request or a notification of the server. It is refused where a rule says so.
pub(crate) fn request(session: &Session, message: &Message<'_>) -> Option<Refused> {
    let method = message.method.as_deref().unwrap_or_default();
    let record = || tell::request(session, Side::Server, message);
    let Some(id) = message.id else {
        let keep = session.options.recording == Recording::All || method == "notifications/tools/list_changed";
        if keep {
            session.gate.event_soon(record());
        }
        return None;
    };
    if method == "ping" {
        return None;
    }
    if session.is_crowded() {
        session.malformed("server", Bad::TooManyOpen, 0, session.strict);
        return session.strict.then(Refused::crowded);
    }
    if session.strict && session.is_open(Side::Server, id) {
        session.malformed("server", Bad::IdOpen, 0, true);
        return Some(Refused::twin());
    }
    match session.gate.enter(record()) {
        Ok(Passage::Entered(entered)) => {
            let Err((unexpected, awaited)) = session.expect(Side::Server, id, Awaited::Call(entered)) else {
                return None;
            };
            let (why, refused) = match unexpected {
                Unexpected::Over => ("the session was over", None),
                Unexpected::Open => ("its id was that of another open request", Some(Refused::twin())),
            };
            if let Some(entered) = awaited.call() {
                session.gate.leave_soon(entered, Ended::new(Outcome::Cancelled).because(why));
            }
            refused
        }
        Ok(Passage::Refused(refused)) => Some(refused),
        Err(cause) => Some(Refused::by_error(&cause)),
    }
}

/// What a result asks the client for, as servers of revision 2026-07-28 ask: each is judged like a request of the
/// server, and on record before the client sees it. The first that is refused keeps the result back.
pub(crate) fn within(session: &Session, reply: &Message<'_>) -> Option<Refused> {
    let asked = asked_within(reply)?;
    let asked: Vec<&str> =
        if asked.starts_with('[') { elements(asked) } else { split(asked, []).1.into_iter().map(|it| it.1).collect() };
    if asked.len() > ASKED_MAX {
        session.malformed("server", Bad::TooMany, 0, session.strict);
        return session.strict.then(Refused::crowded);
    }
    let mut refused = None;
    for request in asked {
        let [method, params] = fields(request, ["method", "params"]);
        let method = method.and_then(text).unwrap_or_default();
        let message = Message { id: None, method: Some(method), params, ..Message::default() };
        let mut record = tell::request(session, Side::Server, &message);
        record.tags.push("input_required".to_owned());
        match session.gate.enter(record) {
            Ok(Passage::Entered(entered)) => {
                let why = "asked within a result: the client answers with its next call";
                session.gate.leave_soon(entered, Ended::new(Outcome::Ok).because(why));
            }
            Ok(Passage::Refused(one)) => refused = refused.or(Some(one)),
            Err(cause) => refused = refused.or(Some(Refused::by_error(&cause))),
        }
    }
    refused
}

/// Whether a reply asks the client for something: that must be on disk before.
pub(crate) fn asks_within(reply: &Message<'_>) -> bool {
    asked_within(reply).is_some()
}

fn asked_within<'a>(reply: &Message<'a>) -> Option<&'a str> {
    let result = reply.result.filter(|result| may_ask(result.as_bytes()))?;
    // A client that ignores case finds it under another spelling too.
    split(result, []).1.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(ASKS)).map(|(_, asked)| asked)
}

/// False where the name surely is not there: most results are read no further.
fn may_ask(result: &[u8]) -> bool {
    ["nputRequests", "nputrequests", "NPUTREQUESTS", "\\u"]
        .iter()
        .any(|part| memmem::find(result, part.as_bytes()).is_some())
}

/// The answer to a client in place of a result that was kept back; its call has failed.
pub(crate) fn instead(session: &Session, reply: &Message<'_>, refused: &Refused) -> Option<Vec<u8>> {
    let id = reply.id?;
    let ended = Ended::new(Outcome::Failed).because("it asked the client for what is refused; the result was withheld");
    session.ended(Side::Client, id, ended);
    session.count_refused();
    Some(answer::failure(Some(id), &refused.text))
}
