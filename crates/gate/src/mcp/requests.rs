//! What a server asks of its client, whichever way it came: on record before the client sees it.

use sealbook_record::Outcome;

use super::peek::{Bad, Message};
use super::session::{Awaited, Recording, Session, Side};
use super::tell;
use crate::{Ended, Passage, Refused};

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
    match session.gate.enter(record()) {
        Ok(Passage::Entered(entered)) => {
            if let Err(Awaited::Call(entered)) = session.expect(Side::Server, id, Awaited::Call(entered)) {
                session.gate.leave_soon(entered, Ended::new(Outcome::Cancelled).because("the session was over"));
            }
            None
        }
        Ok(Passage::Refused(refused)) => Some(refused),
        Err(cause) => Some(Refused::by_error(&cause)),
    }
}
