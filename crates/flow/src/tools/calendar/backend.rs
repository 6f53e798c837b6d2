//! What a calendar's server must be able to do. An event is as the server has it: whatever else stands in it stays.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::booking::Booking;
use crate::{Fault, Pending};

/// From when to when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// What stands in an event that a call moved.
pub(super) struct Mark {
    /// The call's name.
    pub(super) call: String,
    /// Where the event was before.
    pub(super) from: Span,
}

/// An event, and what the server calls this state of it.
pub(super) struct Found {
    pub(super) event: Value,
    pub(super) version: Option<String>,
}

/// Reading and changing an event computes; the others speak to the server.
pub(super) trait Backend: Send + Sync {
    fn name(&self) -> &'static str;
    fn event(&self, id: &str, booking: &Booking) -> Result<Value, Fault>;
    fn span(&self, event: &Value) -> Result<Span, Fault>;
    fn mark(&self, event: &Value) -> Option<Mark>;
    fn moved(&self, event: &Value, to: Span, mark: &Mark) -> Result<Value, Fault>;

    fn get<'a>(&'a self, id: &'a str, left: Duration) -> Pending<'a, Result<Option<Found>, Fault>>;
    /// Makes an event where there is none of this id; one that is there stays as it is.
    fn put_new<'a>(&'a self, id: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>>;
    /// Replaces an event where it is still of that version.
    fn put<'a>(&'a self, id: &'a str, found: &'a Found, left: Duration) -> Pending<'a, Result<(), Fault>>;
    fn delete<'a>(&'a self, id: &'a str, version: Option<&'a str>, left: Duration) -> Pending<'a, Result<(), Fault>>;
    /// Makes an event again that was deleted.
    fn restore<'a>(&'a self, id: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>>;
}

impl Span {
    pub(super) fn told(self, zone: &TimeZone) -> Value {
        let told = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        json!({"start": told(self.start), "end": told(self.end)})
    }

    /// As it stands in a mark.
    pub(super) fn written(self) -> String {
        format!("{}/{}", self.start, self.end)
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (start, end) = text.split_once('/')?;
        Some(Self { start: start.parse().ok()?, end: end.parse().ok()? })
    }
}
