//! `calendar` and `google_calendar`: appointments that can be made, moved and cancelled, each of which can be taken
//! back by another.
//!
//! What a call makes is named by the call's key, so that the calendar can be asked whether it was made; what a call
//! moves bears the call's name and where it was before.

mod backend;
mod booking;
mod caldav;
mod google;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;
use sealbook_record::Category;
use serde_json::{Value, json};

use self::backend::{Backend, Found, Mark, Span};
use self::booking::{Action, Booking};
pub use self::caldav::CalDav;
pub use self::google::{Google, GoogleLogin};
use super::{name_of, text};
use crate::tool::{Compensation, Deed, Effect, Probed, Reversal, Tool, ToolCall, ToolInfo};
use crate::{Error, Fault, Pending, Schema};

/// Cancelled appointments that are remembered in case the answer got lost.
const REMEMBERED_MAX: usize = 1_000;

/// Where appointments are kept.
pub enum Appointments {
    /// Any server that speaks CalDAV.
    CalDav(CalDav),
    /// Google's.
    Google(Google),
}

/// The tool.
pub struct Calendar {
    info: ToolInfo,
    backend: Box<dyn Backend>,
    zone: TimeZone,
    minutes: i64,
    /// What was read before it was cancelled, by the call's name.
    cancelled: Mutex<BTreeMap<String, Value>>,
}

impl Calendar {
    /// A calendar under this name. Times without a zone are of this one (IANA), and an appointment lasts so many
    /// minutes where nothing else is said.
    ///
    /// Errors: [`Error::ToolInvalid`], where there is no such zone.
    pub fn new(name: &str, kept: Appointments, zone: &str, minutes: u16) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: name.to_owned(), why };
        let zone = TimeZone::get(zone).map_err(|_| invalid("`timezone` is none, such as `Europe/Zurich`"))?;
        let backend: Box<dyn Backend> = match kept {
            Appointments::CalDav(caldav) => Box::new(caldav),
            Appointments::Google(google) => Box::new(google),
        };
        let info = ToolInfo {
            name: name.to_owned(),
            description: "Makes, moves and cancels appointments. Each can be taken back.".to_owned(),
            backend: backend.name().to_owned(),
            effect: Effect::Probeable,
            reversal: Reversal::Call,
            input: Schema::new(booking::schema())?,
            output: Some(Schema::new(booking::output())?),
        };
        Ok(Self { info, backend, zone, minutes: i64::from(minutes.max(1)), cancelled: Mutex::default() })
    }

    async fn act(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        match Action::of(call.input) {
            Action::Create => self.create(call).await,
            Action::Move => self.shift(call).await,
            Action::Cancel => self.cancel(call).await,
            Action::Restore => self.restore(call).await,
        }
    }

    async fn create(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let booking = Booking::read(&call.input["booking_data"], &self.zone, self.minutes)?;
        let id = name_of(call);
        let event = self.backend.event(&id, &booking)?;
        // One that is there already was made by an earlier attempt: no other call has this name.
        self.backend.put_new(&id, &event, call.left).await?;
        Ok(self.confirmed(&id, booking.span))
    }

    async fn shift(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let id = text(call.input, "event_id").unwrap_or_default();
        let found = self.backend.get(id, call.left).await?;
        let found = found.ok_or_else(|| Fault::permanent("there is no such appointment"))?;
        let (name, from) = (name_of(call), self.backend.span(&found.event)?);
        if let Some(mark) = self.backend.mark(&found.event).filter(|mark| mark.call == name) {
            return Ok(self.moved(id, mark.from, from));
        }
        let to = booking::target(call.input, from, &self.zone)?;
        let event = self.backend.moved(&found.event, to, &Mark { call: name, from })?;
        self.backend.put(id, &Found { event, version: found.version }, call.left).await?;
        Ok(self.moved(id, from, to))
    }

    async fn cancel(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let id = text(call.input, "event_id").unwrap_or_default();
        let name = name_of(call);
        let Some(found) = self.backend.get(id, call.left).await? else {
            return Ok(cancelled(id, self.remembered(&name)));
        };
        {
            let mut kept = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= REMEMBERED_MAX {
                kept.clear();
            }
            kept.insert(name, found.event.clone());
        }
        self.backend.delete(id, found.version.as_deref(), call.left).await?;
        Ok(cancelled(id, Some(found.event)))
    }

    async fn restore(&self, call: &ToolCall<'_>) -> Result<Value, Fault> {
        let id = text(call.input, "event_id").unwrap_or_default();
        let event = &call.input["event"];
        let span = self.backend.span(event)?;
        self.backend.restore(id, event, call.left).await?;
        Ok(self.confirmed(id, span))
    }

    async fn ask(&self, call: &ToolCall<'_>) -> Result<Probed, Fault> {
        let (action, name) = (Action::of(call.input), name_of(call));
        let id = if action == Action::Create { &name } else { text(call.input, "event_id").unwrap_or_default() };
        let found = self.backend.get(id, call.left).await?;
        Ok(match (action, found) {
            (Action::Create | Action::Restore, Some(found)) => {
                Probed::Done(self.confirmed(id, self.backend.span(&found.event)?))
            }
            (Action::Move, Some(found)) => match self.backend.mark(&found.event).filter(|mark| mark.call == name) {
                Some(mark) => Probed::Done(self.moved(id, mark.from, self.backend.span(&found.event)?)),
                None => Probed::NotDone,
            },
            (Action::Cancel, None) => Probed::Done(cancelled(id, self.remembered(&name))),
            (Action::Cancel, Some(_)) | (_, None) => Probed::NotDone,
        })
    }

    fn remembered(&self, name: &str) -> Option<Value> {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn confirmed(&self, id: &str, span: Span) -> Value {
        let told = span.told(&self.zone);
        json!({"event_id": id, "status": "confirmed", "start": told["start"], "end": told["end"]})
    }

    fn moved(&self, id: &str, from: Span, to: Span) -> Value {
        let mut told = self.confirmed(id, to);
        told["from"] = from.told(&self.zone);
        told
    }
}

/// What there was is told, so that it can be made again.
fn cancelled(id: &str, event: Option<Value>) -> Value {
    let mut told = json!({"event_id": id, "status": "cancelled", "found": event.is_some()});
    if let Some(event) = event {
        told["event"] = event;
    }
    told
}

impl Tool for Calendar {
    fn info(&self) -> &ToolInfo {
        &self.info
    }

    fn deed(&self, input: &Value) -> Deed {
        let action = Action::of(input).verb().to_owned();
        Deed { action, category: Category::Booking, effect: Effect::Probeable, reversal: Reversal::Call }
    }

    fn call<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Value, Fault>> {
        Box::pin(self.act(call))
    }

    fn probe<'a>(&'a self, call: &'a ToolCall<'a>) -> Pending<'a, Result<Probed, Fault>> {
        Box::pin(self.ask(call))
    }

    fn compensation(&self, input: &Value, result: &Value) -> Compensation {
        let id = &result["event_id"];
        let input = match Action::of(input) {
            Action::Create | Action::Restore => json!({"action": "delete_booking", "event_id": id}),
            Action::Move => json!({"action": "move_booking", "event_id": id,
                "start": result["from"]["start"], "end": result["from"]["end"]}),
            Action::Cancel => match (result.get("event"), &result["found"]) {
                (Some(event), _) => json!({"action": "restore_booking", "event_id": id, "event": event}),
                (None, _) => return Compensation::Nothing,
            },
        };
        Compensation::Call { tool: self.info.name.clone(), input }
    }
}
