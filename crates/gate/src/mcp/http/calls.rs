//! The calls of one exchange, from the moment they are on record until each has an outcome.

use std::sync::Arc;

use sealbook_record::Outcome;

use crate::Ended;
use crate::mcp::peek::{Bad, Id};
use crate::mcp::session::{Awaited, Session, Side};
use crate::mcp::settle::{self, Settled};

/// Dropped when the client hangs up: what has no reply then ends.
pub(super) struct Calls {
    pub(super) session: Arc<Session>,
    /// Replies that are to come.
    ids: Vec<String>,
    without_id: settle::Calls,
    is_sent: bool,
    how: How,
    /// The server numbers its events: the client can come back for the rest.
    pub(super) is_resumable: bool,
    pub(super) has_list: bool,
    /// Why none of it may go on: it has ended already.
    pub(super) refused: Option<Bad>,
}

/// What hanging up means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The request is called off (revision 2026-07-28).
    CalledOff,
    /// The reply is lost.
    Lost,
    /// The reply is lost, unless it comes on another stream of the session.
    InSession,
}

impl Calls {
    pub(super) fn new(session: Arc<Session>, how: How, settled: Settled) -> Self {
        let has_list = settled.expected.iter().any(|(_, awaited)| matches!(awaited, Awaited::List { .. }));
        let expected = settle::expect(&session, settled.entered, settled.expected);
        let refused = expected.as_ref().err().copied();
        let (ids, without_id) = expected.unwrap_or_default();
        Self { session, ids, without_id, is_sent: false, how, is_resumable: false, has_list, refused }
    }

    /// The request went to the server.
    pub(super) fn sent(&mut self) {
        self.is_sent = true;
        let calls = std::mem::take(&mut self.without_id);
        let why = "sent without an id: no reply tells how it ended";
        settle::leave_all(&self.session, calls, Outcome::Unknown, why);
    }

    /// A reply came.
    pub(super) fn replied(&mut self, id: &str) {
        let id = Id::of(id);
        if let Some(at) = self.ids.iter().position(|open| Id::of(open) == id) {
            self.ids.swap_remove(at);
        }
    }

    /// None of what is open has been done, or all of it has failed.
    pub(super) fn failed(&mut self, ended: impl Fn() -> Ended) {
        for id in std::mem::take(&mut self.ids) {
            if let Some(entered) = self.session.awaited(Side::Client, &id).and_then(Awaited::call) {
                self.session.gate.leave_soon(entered, ended());
            }
        }
        for (_, entered) in std::mem::take(&mut self.without_id) {
            self.session.gate.leave_soon(entered, ended());
        }
    }

    /// Nothing more comes on this stream.
    pub(super) fn over(&mut self, outcome: Outcome, why: &str) {
        let ids = std::mem::take(&mut self.ids);
        if self.is_resumable && self.how == How::InSession {
            return;
        }
        for id in ids {
            self.session.abandon(Side::Client, &id, outcome, why);
        }
        settle::leave_all(&self.session, std::mem::take(&mut self.without_id), outcome, why);
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        let (outcome, why) = match (self.is_sent, self.how) {
            (false, _) => (Outcome::Cancelled, "the client left; it was not forwarded"),
            (true, How::CalledOff) => (Outcome::Cancelled, "the client closed the stream"),
            (true, _) => (Outcome::Unknown, "the client left before the reply"),
        };
        self.over(outcome, why);
    }
}
