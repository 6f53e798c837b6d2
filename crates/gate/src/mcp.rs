//! The MCP gateway: messages pass as the bytes that came, and what they do is on record.
//!
//! Sources: JSON-RPC 2.0; the Model Context Protocol, revisions 2024-11-05 to 2026-07-28. Methods and fields
//! that are not known pass.

mod answer;
mod changes;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod hold;
mod http;
mod judge;
mod lines;
mod peek;
mod pins;
mod requests;
mod scan;
mod session;
mod settle;
mod stdio;
mod tell;
mod texts;
mod trail;

pub use hold::HoldOptions;
pub use http::{Authority, Deadlines, Http, HttpOptions, Stopper};
pub(crate) use peek::fields;
pub use peek::{Bad, Message, Peek, peek};
pub use session::{FilePlace, Recording, SessionOptions};
pub use stdio::{Pipes, Stdio};
pub(crate) use tell::action_of_either;
