//! The MCP gateway: messages pass as the bytes that came, and what they do is on record.

mod peek;
mod scan;

pub use peek::{Bad, Message, Peek, peek};
