//! Google Calendar: <https://developers.google.com/workspace/calendar/api/v3/reference/events>.

mod login;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, IF_MATCH};
use serde_json::{Value, json};

pub use self::login::GoogleLogin;
use super::backend::{Backend, Found, Mark, Span};
use super::booking::Booking;
use crate::tools::api::{Answer, Api, Ask};
use crate::{Cause, Error, Fault, Pending};

/// Where it is.
const URL: &str = "https://www.googleapis.com/calendar/v3";
/// What a call that moves an event leaves in it.
const CALL: &str = "sealbook_call";
const FROM: &str = "sealbook_from";

/// A calendar of Google's.
pub struct Google {
    api: Api,
    login: login::Login,
    calendar: String,
}

impl Google {
    /// A calendar by its id (`primary`, or an address), at Google's own address where none is given.
    ///
    /// Errors: [`Error::ToolInvalid`], where an address cannot be used.
    pub fn new(calendar: &str, login: GoogleLogin, url: Option<&str>) -> Result<Self, Error> {
        let invalid = |why| Error::ToolInvalid { tool: "google_calendar".to_owned(), why };
        let api = Api::new(url.unwrap_or(URL), None).map_err(invalid)?;
        Ok(Self { api, login: login::Login::new(login).map_err(invalid)?, calendar: calendar.to_owned() })
    }

    async fn ask(
        &self,
        method: Method,
        id: Option<&str>,
        event: Option<&Value>,
        version: Option<&str>,
        left: Duration,
    ) -> Result<Answer, Fault> {
        let token = self.login.token(left).await?;
        let mut path = vec!["calendars", self.calendar.as_str(), "events"];
        path.extend(id);
        let is_read = method == Method::GET;
        let mut ask = Ask::new(method, &path, left).header(AUTHORIZATION, &format!("Bearer {}", token.expose()))?;
        if !is_read {
            // Whom it concerns is told by a mail of its own, which is on record.
            ask.query = &[("sendUpdates", "none")];
        }
        if let Some(event) = event {
            ask = ask.json(event);
        }
        if let Some(version) = version {
            ask = ask.header(IF_MATCH, version)?;
        }
        let answer = self.api.ask(ask).await?;
        if answer.status == 401 {
            self.login.forget();
        }
        Ok(answer)
    }

    async fn read(&self, id: &str, left: Duration) -> Result<Option<Found>, Fault> {
        let answer = self.ask(Method::GET, Some(id), None, None, left).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        let event = answer.taken()?.json()?;
        let version = event["etag"].as_str().map(str::to_owned);
        Ok((event["status"] != "cancelled").then_some(Found { event, version }))
    }
}

impl Backend for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    /// Ids are of the digits and letters a to v: ours are hexadecimal.
    fn event(&self, id: &str, booking: &Booking) -> Result<Value, Fault> {
        let mut event = json!({"id": id, "summary": booking.title(), "status": "confirmed"});
        set(&mut event, booking.span);
        if let Some(notes) = &booking.notes {
            event["description"] = json!(notes);
        }
        if let Some(email) = &booking.customer_email {
            event["attendees"] = json!([{"email": email, "displayName": booking.customer_name}]);
        }
        Ok(event)
    }

    fn span(&self, event: &Value) -> Result<Span, Fault> {
        let at = |name: &str| event[name]["dateTime"].as_str().and_then(|said| said.parse::<Timestamp>().ok());
        let unreadable = || Fault::permanent("the appointment has no time; whole days are not moved");
        Ok(Span { start: at("start").ok_or_else(unreadable)?, end: at("end").ok_or_else(unreadable)? })
    }

    fn mark(&self, event: &Value) -> Option<Mark> {
        let private = &event["extendedProperties"]["private"];
        Some(Mark { call: private[CALL].as_str()?.to_owned(), from: Span::read(private[FROM].as_str()?)? })
    }

    fn moved(&self, event: &Value, to: Span, mark: &Mark) -> Result<Value, Fault> {
        if event.get("recurrence").is_some() {
            return Err(Fault::permanent("it is a series of appointments, which are not moved"));
        }
        let mut event = event.clone();
        set(&mut event, to);
        event["extendedProperties"]["private"][CALL] = json!(mark.call);
        event["extendedProperties"]["private"][FROM] = json!(mark.from.written());
        Ok(event)
    }

    fn get<'a>(&'a self, id: &'a str, left: Duration) -> Pending<'a, Result<Option<Found>, Fault>> {
        Box::pin(self.read(id, left))
    }

    fn put_new<'a>(&'a self, _: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let answer = self.ask(Method::POST, None, Some(event), None, left).await?;
            // 409: there is one, and it is ours.
            if answer.status == 409 { Ok(()) } else { answer.taken().map(drop) }
        })
    }

    fn put<'a>(&'a self, id: &'a str, found: &'a Found, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let version = found.version.as_deref();
            changed(self.ask(Method::PUT, Some(id), Some(&found.event), version, left).await?)
        })
    }

    fn delete<'a>(&'a self, id: &'a str, version: Option<&'a str>, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let answer = self.ask(Method::DELETE, Some(id), None, version, left).await?;
            if matches!(answer.status, 404 | 410) { Ok(()) } else { changed(answer) }
        })
    }

    /// An id is never free again: what was deleted is there, and cancelled.
    fn restore<'a>(&'a self, id: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let mut event = event.clone();
            if let Some(members) = event.as_object_mut() {
                members.remove("etag");
                members.insert("status".to_owned(), json!("confirmed"));
            }
            let answer = self.ask(Method::PUT, Some(id), Some(&event), None, left).await?;
            if answer.status != 404 {
                return answer.taken().map(drop);
            }
            self.ask(Method::POST, None, Some(&event), None, left).await?.taken().map(drop)
        })
    }
}

fn set(event: &mut Value, span: Span) {
    event["start"] = json!({"dateTime": span.start.to_string()});
    event["end"] = json!({"dateTime": span.end.to_string()});
}

/// 412: somebody changed the event since it was read. Nothing was done, and it is read again.
fn changed(answer: Answer) -> Result<(), Fault> {
    if answer.status == 412 {
        return Err(Fault::new(Cause::NotNow).with_detail("somebody changed the appointment meanwhile"));
    }
    answer.taken().map(drop)
}
