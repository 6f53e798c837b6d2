//! What is asked of a calendar.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::backend::Span;
use crate::Fault;
use crate::tools::text;

/// An appointment lasts at most a week.
const MINUTES_MAX: i64 = 7 * 24 * 60;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Move,
    Cancel,
    /// Makes again what was cancelled.
    Restore,
}

impl Action {
    /// The input fits the schema; what does not is taken for the one that does least.
    pub(super) fn of(input: &Value) -> Self {
        match text(input, "action") {
            Some("create_booking" | "create") => Self::Create,
            Some("move_booking" | "move") => Self::Move,
            Some("restore_booking") => Self::Restore,
            _ => Self::Cancel,
        }
    }

    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Create => "calendar.create",
            Self::Move => "calendar.move",
            Self::Cancel => "calendar.cancel",
            Self::Restore => "calendar.restore",
        }
    }
}

/// An appointment as it is asked for.
pub(super) struct Booking {
    pub(super) span: Span,
    pub(super) treatment: String,
    pub(super) customer_name: String,
    pub(super) customer_email: Option<String>,
    pub(super) notes: Option<String>,
}

impl Booking {
    /// Errors: the day or the time is none.
    pub(super) fn read(data: &Value, zone: &TimeZone, minutes: i64) -> Result<Self, Fault> {
        let own = |name: &str| text(data, name).map(str::to_owned);
        Ok(Self {
            span: span(data, data["duration_minutes"].as_i64().unwrap_or(minutes), zone)?,
            treatment: own("treatment").unwrap_or_default(),
            customer_name: own("customer_name").unwrap_or_default(),
            customer_email: own("customer_email"),
            notes: own("notes"),
        })
    }

    pub(super) fn title(&self) -> String {
        format!("{}: {}", self.treatment, self.customer_name)
    }
}

/// Where an appointment is to be moved. It lasts as long as before where nothing else is said.
pub(super) fn target(input: &Value, from: Span, zone: &TimeZone) -> Result<Span, Fault> {
    if let Some(data) = input.get("booking_data") {
        let before = from.end.duration_since(from.start).as_mins();
        return span(data, data["duration_minutes"].as_i64().unwrap_or(before), zone);
    }
    let read = |name: &str| -> Result<Timestamp, Fault> {
        let said = text(input, name).unwrap_or_default();
        said.parse().map_err(|_| Fault::permanent(format!("`{name}` is no time, such as 2025-01-20T10:00:00+01:00")))
    };
    let (start, end) = (read("start")?, read("end")?);
    if end <= start {
        return Err(Fault::permanent("`end` is not after `start`"));
    }
    Ok(Span { start, end })
}

/// A day and a time of a zone. A time that there is twice that day, or not at all, is refused: nobody could say
/// which is meant.
fn span(data: &Value, minutes: i64, zone: &TimeZone) -> Result<Span, Fault> {
    let wrong = |name: &str, form: &str| Fault::permanent(format!("`booking_data.{name}` is none: give it as {form}"));
    let date: Date = text(data, "date")
        .and_then(|said| said.parse().ok())
        .ok_or_else(|| wrong("date", "2025-01-20, a day that there is"))?;
    let time: Time = text(data, "time").and_then(|said| said.parse().ok()).ok_or_else(|| wrong("time", "10:00"))?;
    let start = zone.to_ambiguous_timestamp(date.to_datetime(time)).unambiguous();
    let why = "at `booking_data.time` clocks are changed that day: there is no such time, or twice; give another";
    let start = start.map_err(|_| Fault::permanent(why))?;
    let end = start.checked_add(SignedDuration::from_mins(minutes.clamp(1, MINUTES_MAX)));
    Ok(Span { start, end: end.map_err(|_| wrong("date", "2025-01-20"))? })
}

pub(super) fn schema() -> Value {
    let line = json!({"type": "string", "pattern": r"^[^\x00-\x1f\x7f\u0085\u2028\u2029]+$", "maxLength": 500});
    let id = json!({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_@.-]{0,254}$"});
    let day = json!({
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "time": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"},
        "duration_minutes": {"type": "integer", "minimum": 1, "maximum": MINUTES_MAX},
        "treatment": line,
        "customer_name": line,
        "customer_email": {"type": "string", "maxLength": 320, "pattern": r"^[^\x00-\x20\x7f,;:<>()\[\]\\]+@[^\x00-\x20\x7f,;:<>()\[\]\\@]+$"},
        "notes": {"type": "string", "maxLength": 4_000, "pattern": r"^[^\x00-\x09\x0b-\x1f\x7f]*$"},
    });
    let is = |actions: &[&str], then: Value| json!({"if": {"properties": {"action": {"enum": actions}}}, "then": then});
    let whole = json!({"required": ["date", "time", "treatment", "customer_name"]});
    json!({
        "type": "object",
        "required": ["action"],
        "additionalProperties": false,
        "properties": {
            "action": {"enum": ["create_booking", "create", "move_booking", "move", "delete_booking", "cancel",
                "restore_booking"]},
            "booking_data": {"type": "object", "properties": day, "required": ["date", "time"],
                "additionalProperties": false},
            "event_id": id,
            "start": {"type": "string", "format": "date-time"},
            "end": {"type": "string", "format": "date-time"},
            "event": {"type": ["string", "object"], "description": "What was cancelled, as it was told then"},
        },
        "allOf": [
            is(&["create_booking", "create"], json!({"required": ["booking_data"], "properties": {
                "booking_data": whole, "event_id": false, "start": false, "end": false, "event": false}})),
            is(&["move_booking", "move"], json!({"required": ["event_id"], "properties": {"event": false},
                "oneOf": [{"required": ["booking_data"]}, {"required": ["start", "end"]}]})),
            is(&["delete_booking", "cancel"], json!({"required": ["event_id"], "properties": {
                "booking_data": false, "start": false, "end": false, "event": false}})),
            is(&["restore_booking"], json!({"required": ["event_id", "event"], "properties": {
                "booking_data": false, "start": false, "end": false}})),
        ],
    })
}

pub(super) fn output() -> Value {
    json!({"type": "object", "required": ["event_id", "status"], "properties": {
        "event_id": {"type": "string"}, "status": {"enum": ["confirmed", "cancelled"]}}})
}
