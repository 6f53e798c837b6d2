//! Fuzz targets of the gate's inside; `sealbook_testkit::fuzz` says what a target is. Built for tests and fuzzers
//! alone.

pub use crate::hooks::fuzz::hooks;
pub use crate::mcp::fuzz::{events, headers, peek};

use crate::ingest::{Signal, try_export};

/// OTLP exports are read or refused; the first byte says in which form they come.
pub fn otlp(data: &[u8]) -> bool {
    let Some((form, body)) = data.split_first() else { return false };
    let signal = if form & 1 == 0 { Signal::Traces } else { Signal::Logs };
    try_export(signal, form & 2 == 0, body).is_some_and(|records| records > 0)
}

#[cfg(test)]
mod tests {
    use sealbook_testkit::fuzz::drive;

    #[test]
    fn agents_that_call_their_hooks() {
        drive("hooks", super::hooks);
    }

    #[test]
    fn events() {
        drive("events", super::events);
    }

    #[test]
    fn exports_of_telemetry() {
        drive("otlp", super::otlp);
    }

    #[test]
    fn headers_beside_bodies() {
        drive("headers", super::headers);
    }

    #[test]
    fn messages() {
        drive("peek", super::peek);
    }
}
