//! The gate, and what passes it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod fixture;
mod gate;
mod holds;
mod hooks;
mod hostile;
mod http;
mod http_deadlines;
mod http_held;
mod http_hostile;
mod http_tls;
mod ingest;
mod peek;
mod pins;
mod stdio;
mod web;
mod wire;
