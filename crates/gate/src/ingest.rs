//! Ingest over HTTP, on loopback: OTLP logs and traces, and records as JSON Lines.
//!
//! Invariants:
//! - What is acknowledged is on disk. What could not be sealed is answered so that the sender tries again.
//! - A retry seals nothing twice: ids follow from trace and span, or from a keyed digest of what came.
//! - Nothing of a request is read before its sender is known, and never more of it than the limits say.
//! - Loopback alone, and no web page: a request that names another host, or comes with an `Origin`, is refused.
//!
//! The forms are those of the OTLP specification 1.x (`/v1/traces`, `/v1/logs`; protobuf and JSON, gzip too) and
//! of the semantic conventions for generative AI and for MCP; `docs/ingest.md` has the tables.

mod answer;
mod body;
mod desk;
mod lines;
mod otlp;
mod sender;
mod server;

use std::time::Duration;

pub use desk::Desk;
pub use otlp::{Signal, try_export};
pub use sender::Sender;
pub use server::{Served, Server, ended};

/// How much is taken at a time. The defaults fit a machine on which others work too.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request's body, as it comes and once it is unpacked.
    pub body_bytes_max: usize,
    /// Requests that are worked on at once; more are asked to come back.
    pub requests_max: usize,
    /// Connections that are open at once; more wait.
    pub connections_max: usize,
    /// Records of a request.
    pub records_max: usize,
    /// How long a request may take to come.
    pub read_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes_max: 16 << 20,
            requests_max: 8,
            connections_max: 256,
            records_max: 50_000,
            read_time_max: Duration::from_secs(30),
        }
    }
}
