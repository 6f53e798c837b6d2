//! Recovery, model clients and the review, against real ledgers and a clock that a test sets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod calendar;
mod double;
mod email;
mod executor;
mod fallback;
mod fixture;
mod http_tool;
mod knowledge;
mod launch;
mod mcp;
mod media;
mod messages;
mod model;
mod net;
mod recovery;
mod retry;
mod review;
mod saga;
mod servers;
mod tools_config;
mod workflow;
