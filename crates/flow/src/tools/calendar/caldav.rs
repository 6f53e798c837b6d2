//! CalDAV (RFC 4791): an event is a file of iCalendar text (RFC 5545) in a collection, named by its UID.

use std::time::Duration;

use icalendar::{Calendar, CalendarComponent, Component as _, Event, Property};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use reqwest::Method;
use reqwest::header::{IF_MATCH, IF_NONE_MATCH};
use serde_json::Value;

use super::backend::{Backend, Found, Mark, Span};
use super::booking::Booking;
use crate::tools::api::{Answer, Api, Ask, Login};
use crate::{ApiKey, Cause, Error, Fault, Pending};

/// The form of a time in UTC: RFC 5545 section 3.3.5.
const UTC: &str = "%Y%m%dT%H%M%SZ";
const KIND: &str = "text/calendar; charset=utf-8";
/// What a call that moves an event leaves in it.
const CALL: &str = "X-SEALBOOK-CALL";
const FROM: &str = "X-SEALBOOK-FROM";

/// A collection on a server.
pub struct CalDav(Api);

impl CalDav {
    /// A collection by its address, for this user.
    ///
    /// Errors: [`Error::ToolInvalid`], where the address cannot be used.
    pub fn new(url: &str, login: Option<(String, ApiKey)>) -> Result<Self, Error> {
        let api = Api::new(url, login.map(|(user, password)| Login::Basic(user, password)));
        Ok(Self(api.map_err(|why| Error::ToolInvalid { tool: "calendar".to_owned(), why })?))
    }

    async fn write(
        &self,
        id: &str,
        event: &Value,
        condition: Option<(bool, &str)>,
        left: Duration,
    ) -> Result<Answer, Fault> {
        let (file, body) = (format!("{id}.ics"), text_of(event)?.as_bytes().to_vec());
        let path = [file.as_str()];
        let mut ask = Ask::new(Method::PUT, &path, left);
        ask.body = Some((KIND, body));
        ask = match condition {
            Some((true, version)) => ask.header(IF_MATCH, version)?,
            Some((false, version)) => ask.header(IF_NONE_MATCH, version)?,
            None => ask,
        };
        self.0.ask(ask).await
    }

    async fn create(&self, id: &str, event: &Value, left: Duration) -> Result<(), Fault> {
        let answer = self.write(id, event, Some((false, "*")), left).await?;
        // 412: there is one, and it is ours.
        if answer.status == 412 { Ok(()) } else { answer.taken().map(drop) }
    }

    async fn read(&self, id: &str, left: Duration) -> Result<Option<Found>, Fault> {
        let file = format!("{id}.ics");
        let answer = self.0.ask(Ask::new(Method::GET, &[&file], left)).await?;
        if matches!(answer.status, 404 | 410) {
            return Ok(None);
        }
        let answer = answer.taken()?;
        let version = answer.header("etag").map(str::to_owned);
        let event = String::from_utf8(answer.body).map_err(|_| unreadable())?;
        Ok(Some(Found { event: Value::String(event), version }))
    }

    async fn remove(&self, id: &str, version: Option<&str>, left: Duration) -> Result<(), Fault> {
        let file = format!("{id}.ics");
        let path = [file.as_str()];
        let mut ask = Ask::new(Method::DELETE, &path, left);
        if let Some(version) = version {
            ask = ask.header(IF_MATCH, version)?;
        }
        let answer = self.0.ask(ask).await?;
        if matches!(answer.status, 404 | 410) { Ok(()) } else { changed(answer) }
    }
}

impl Backend for CalDav {
    fn name(&self) -> &'static str {
        "caldav"
    }

    fn event(&self, id: &str, booking: &Booking) -> Result<Value, Fault> {
        let mut event = Event::new();
        // Known when it was written, so that each attempt is the same text.
        event.add_property("UID", id).add_property("DTSTAMP", utc(booking.span.start));
        event.add_property("DTSTART", utc(booking.span.start)).add_property("DTEND", utc(booking.span.end));
        event.add_property("SUMMARY", booking.title()).add_property("STATUS", "CONFIRMED");
        if let Some(notes) = &booking.notes {
            event.add_property("DESCRIPTION", notes);
        }
        if let Some(email) = &booking.customer_email {
            event.append_multi_property(Property::new("ATTENDEE", format!("mailto:{email}")));
        }
        written(&Calendar::from([event]))
    }

    fn span(&self, event: &Value) -> Result<Span, Fault> {
        let calendar = parsed(event)?;
        let event = calendar.events().next().ok_or_else(unreadable)?;
        let at = |name: &str| event.properties().get(name).and_then(time);
        let start = at("DTSTART").ok_or_else(unreadable)?;
        Ok(Span { start, end: at("DTEND").unwrap_or(start) })
    }

    fn mark(&self, event: &Value) -> Option<Mark> {
        let calendar = parsed(event).ok()?;
        let event = calendar.events().next()?;
        let (call, from) = (event.property_value(CALL)?.to_owned(), Span::read(event.property_value(FROM)?)?);
        Some(Mark { call, from })
    }

    fn moved(&self, event: &Value, to: Span, mark: &Mark) -> Result<Value, Fault> {
        let mut calendar = parsed(event)?;
        let mut events = calendar.components.iter_mut().filter_map(|component| match component {
            CalendarComponent::Event(event) => Some(event),
            _ => None,
        });
        let (Some(event), None) = (events.next(), events.next()) else {
            return Err(Fault::permanent("it is a series of appointments, which are not moved"));
        };
        if event.property_value("RRULE").is_some() || event.multi_properties().contains_key("RRULE") {
            return Err(Fault::permanent("it is a series of appointments, which are not moved"));
        }
        let sequence = event.get_sequence().unwrap_or(0).saturating_add(1);
        event.append_property(Property::new("DTSTART", utc(to.start)));
        event.remove_property("DURATION").append_property(Property::new("DTEND", utc(to.end)));
        event.sequence(sequence);
        event.add_property(CALL, &mark.call).add_property(FROM, mark.from.written());
        written(&calendar)
    }

    fn get<'a>(&'a self, id: &'a str, left: Duration) -> Pending<'a, Result<Option<Found>, Fault>> {
        Box::pin(self.read(id, left))
    }

    fn put_new<'a>(&'a self, id: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(self.create(id, event, left))
    }

    fn put<'a>(&'a self, id: &'a str, found: &'a Found, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(async move {
            let condition = found.version.as_deref().map(|version| (true, version));
            changed(self.write(id, &found.event, condition, left).await?)
        })
    }

    fn delete<'a>(&'a self, id: &'a str, version: Option<&'a str>, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(self.remove(id, version, left))
    }

    fn restore<'a>(&'a self, id: &'a str, event: &'a Value, left: Duration) -> Pending<'a, Result<(), Fault>> {
        Box::pin(self.create(id, event, left))
    }
}

/// 412: somebody changed the event since it was read. Nothing was done, and it is read again.
fn changed(answer: Answer) -> Result<(), Fault> {
    if answer.status == 412 {
        return Err(Fault::new(Cause::NotNow).with_detail("somebody changed the appointment meanwhile"));
    }
    answer.taken().map(drop)
}

fn text_of(event: &Value) -> Result<&str, Fault> {
    event.as_str().ok_or_else(unreadable)
}

fn parsed(event: &Value) -> Result<Calendar, Fault> {
    text_of(event)?.parse().map_err(|_| unreadable())
}

fn written(calendar: &Calendar) -> Result<Value, Fault> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{calendar}").map_err(|_| unreadable())?;
    Ok(Value::String(text))
}

fn unreadable() -> Fault {
    Fault::permanent("the appointment is no iCalendar text with a beginning")
}

fn utc(at: Timestamp) -> String {
    at.strftime(UTC).to_string()
}

/// A time of an event: in UTC, or in the zone that it names.
fn time(property: &Property) -> Option<Timestamp> {
    let said = property.value();
    if said.ends_with('Z') {
        return DateTime::strptime(UTC, said).ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    let zone = property.params().get("TZID").map(|zone| zone.value().to_owned());
    let zone = zone.map_or(Some(TimeZone::UTC), |zone| TimeZone::get(&zone).ok())?;
    let form = if said.contains('T') { "%Y%m%dT%H%M%S" } else { "%Y%m%d" };
    let at = if said.contains('T') {
        DateTime::strptime(form, said).ok()?
    } else {
        jiff::civil::Date::strptime(form, said).ok()?.to_datetime(jiff::civil::Time::midnight())
    };
    at.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
}
