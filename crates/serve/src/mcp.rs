//! The MCP server: tools over one book, on standard input and output or over Streamable HTTP.
//!
//! A tool is one file under `tools/` and one line in `tools::TOOLS`; its schemas come from its types. Tools are
//! synchronous and run away from the executor; what they report and how they are called off goes through `watch`.

mod answer;
mod caller;
mod desk;
mod http;
mod others;
mod roots;
mod server;
mod stdio;
mod tool;
mod tools;
mod watch;

pub use caller::Principal;
pub use desk::{Desk, Setup, Workflows};
pub use http::{Http, Listening};
pub use roots::Roots;
pub use sealbook_gate::Token;
pub use server::Server;
pub use stdio::{serve_stdio, serve_stream};
