//! The server in this process, worked by a client of its own protocol.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod composer;
mod conformance;
mod fixture;
mod http;
mod limits;
mod logs;
mod protocol;
mod tools;
mod undo;
