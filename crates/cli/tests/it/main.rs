//! The built program, run as a person or a script runs it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]
#![expect(clippy::format_push_string, clippy::format_collect, reason = "test input is built once, and read by people")]

mod altered;
mod append;
mod asks;
mod assessment;
mod audit;
mod bad_input;
mod bad_place;
mod blame;
mod complete;
mod daily;
mod dialects;
mod diff;
mod equivocation;
mod errors;
mod exec;
mod fixture;
mod gaps;
mod gates;
mod health;
mod help;
mod hints;
mod hook;
mod http;
mod import_export;
mod ingest;
mod keys;
mod kills;
mod lifecycle;
mod logs;
mod mark;
mod mcp;
mod mcp_gated;
mod module;
mod peers;
mod places;
mod policy;
mod quality;
mod query;
mod range;
mod retention;
mod review;
mod running;
mod sarif;
mod schedule;
mod secrets;
mod security;
mod service;
mod spellings;
mod tail;
mod verify;
mod watch;
mod watch_load;
mod wrap;
