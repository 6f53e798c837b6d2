//! One entry of a log, as far as it is needed: when, how grave, what, from whom, about which request.

use std::borrow::Cow;

use sealbook_record::Severity;

use super::{level, time::Clock};

/// An entry. What it borrows lies in the line.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    /// Microseconds since the epoch.
    pub(super) time: Option<i64>,
    pub(super) level: Option<Severity>,
    /// What is said, without time and level.
    pub(super) message: Cow<'a, [u8]>,
    /// What went wrong, where the format keeps it apart from the message.
    pub(super) cause: Option<Cow<'a, [u8]>>,
    pub(super) service: Option<&'a [u8]>,
    /// Request, trace or session, the first that is there.
    pub(super) id: Option<&'a [u8]>,
    /// Whether what varies in the message is masked already.
    pub(super) is_masked: bool,
}

/// What a named field of JSON, logfmt or journald means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Level,
    LevelOfPython,
    LevelOfOtel,
    LevelOfSyslog,
    Message,
    /// Docker's `log`: a line of its own, in which a level may stand.
    Line,
    Cause,
    Service,
    Id,
    /// An object in which some of these may be.
    Within,
}

/// The role of a field by its name; most fields have none.
pub(super) fn role(name: &[u8]) -> Option<Role> {
    use Role::{Cause, Id, Level, LevelOfOtel, LevelOfPython, LevelOfSyslog, Line, Message, Service, Time, Within};
    // Most names are told apart by their length and first byte.
    if name.len() > 20 {
        return None;
    }
    Some(match name {
        b"ts" | b"time" | b"timestamp" | b"@timestamp" | b"@t" | b"t" | b"asctime" | b"datetime" | b"date"
        | b"eventTime" | b"event_time" | b"Timestamp" | b"Time" | b"logtime" | b"timeUnixNano" => Time,
        b"level" | b"lvl" | b"severity" | b"log.level" | b"@l" | b"levelname" | b"loglevel" | b"log_level"
        | b"severityText" | b"severity_text" | b"SeverityText" | b"Level" | b"Severity" | b"level_name"
        | b"error_severity" | b"logLevel" => Level,
        b"levelno" => LevelOfPython,
        b"severityNumber" | b"severity_number" | b"SeverityNumber" => LevelOfOtel,
        b"PRIORITY" | b"priority" => LevelOfSyslog,
        b"msg" | b"message" | b"@m" | b"@mt" | b"short_message" | b"MESSAGE" | b"event" | b"Message" | b"body"
        | b"Body" | b"textPayload" | b"log.message" => Message,
        b"log" => Line,
        b"error" | b"err" | b"exception" | b"exc_info" | b"@x" | b"error.message" | b"exc" | b"exc_text" => Cause,
        b"service" | b"service.name" | b"service_name" | b"app" | b"application" | b"component" | b"logger"
        | b"logger_name" | b"SYSLOG_IDENTIFIER" | b"_SYSTEMD_UNIT" | b"serviceName" | b"appname" => Service,
        b"request_id" | b"requestId" | b"req_id" | b"reqId" | b"trace_id" | b"traceId" | b"trace.id" | b"traceID"
        | b"TraceId" | b"@tr" | b"correlation_id" | b"correlationId" | b"session_id" | b"sessionId"
        | b"otelTraceID" | b"dd.trace_id" | b"traceparent" | b"x-request-id" | b"x_request_id" | b"request-id"
        | b"rid" | b"http.request.id" => Id,
        b"fields" | b"span" | b"trace" | b"http" | b"resource" | b"attributes" => Within,
        _ => return None,
    })
}

impl<'a> Entry<'a> {
    /// Takes the value of a field that has a role, unless one before it was better.
    pub(super) fn take(&mut self, role: Role, value: Cow<'a, [u8]>, is_text: bool, clock: &mut Clock) {
        match role {
            Role::Time => {
                if self.time.is_none() {
                    self.time = when(&value, clock);
                }
            }
            Role::Level if is_text => self.level = level::of_word(trimmed(&value)).or(self.level),
            Role::Level | Role::LevelOfPython | Role::LevelOfOtel | Role::LevelOfSyslog => {
                let level = number(&value).and_then(|number| match role {
                    Role::LevelOfPython => level::of_python(number),
                    Role::LevelOfOtel => level::of_otel(number),
                    Role::LevelOfSyslog => u8::try_from(number).ok().and_then(level::of_syslog),
                    _ => level::of_number(number),
                });
                // A word says more than a number.
                self.level = self.level.or(level);
            }
            Role::Message => {
                if self.message.is_empty() && is_text {
                    self.message = value;
                }
            }
            Role::Line => {
                if self.message.is_empty() && is_text {
                    self.level = self.level.or_else(|| super::format::plain::level_within(&value));
                    self.message = value;
                }
            }
            Role::Cause => {
                if self.cause.is_none() && is_text {
                    self.cause = Some(value);
                }
            }
            Role::Service => {
                if self.service.is_none()
                    && is_text
                    && let Cow::Borrowed(value) = value
                {
                    self.service = Some(value);
                }
            }
            Role::Id => {
                if self.id.is_none()
                    && let Cow::Borrowed(value) = value
                    && value.len() >= 4
                {
                    self.id = Some(id_of(value));
                }
            }
            Role::Within => {}
        }
    }
}

/// A time as text or as a number.
fn when(value: &[u8], clock: &mut Clock) -> Option<i64> {
    let value = trimmed(value);
    let iso = clock.iso(value).or_else(|| clock.bsd(value)).or_else(|| clock.day_first(value));
    iso.map(|(at, _)| at).or_else(|| Clock::epoch(value))
}

/// The trace id alone of a `traceparent` (W3C Trace Context), so that it is the one that others write.
fn id_of(value: &[u8]) -> &[u8] {
    match value {
        [b'0', b'0', b'-', rest @ ..] if rest.len() == 52 && rest[32] == b'-' => &rest[..32],
        whole => whole,
    }
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(trimmed(value)).ok()?.parse().ok()
}

fn trimmed(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}
