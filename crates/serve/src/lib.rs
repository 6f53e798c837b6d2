//! What is open to others: the MCP server, and the questions that it and the command line both ask.
//!
//! Everything here wires rooms together: an audit is sources and analyzers over a book, a verdict is every ledger of
//! a book with the links between them, an answer is a view of what is sealed.
//!
//! What this crate never does: read the environment, print, or decide where a book lies. It opens no file but the
//! repositories it checks for links that lead out ([`mcp::Roots`]) and the bearer token ([`mcp::Token`]).
//!
//! Invariants:
//! - What a tool answers comes from what is sealed, which is redacted.
//! - A tool that changes something passes the gate: its intent is sealed before it runs, its outcome when it is over,
//!   with the client's name as a claim.
//! - Nothing that needs an approver can be done through a tool. An agent can stop; only a person resumes.
//! - No path outside the roots is read, whatever link leads there.

mod alerts;
mod audit;
mod compliance;
mod earlier;
mod error;
pub mod mcp;
mod page;
mod pages;
mod range;
mod reach;
mod schedule;
mod trail;
mod verdict;
mod watch;

pub use alerts::{change_alert, find_alert};
pub use audit::{Plan, accept, collect, run_of};
pub use compliance::compliance;
pub use earlier::{continues, earlier, earlier_layout, missing_earlier};
pub use error::Error;
pub use page::{carried, chronicle, trend};
pub use pages::{Page, read_page};
pub use range::place_of;
pub use reach::Allowed;
pub use schedule::{Lock, SCHEDULE_ADDED, SCHEDULE_REMOVED, Scheduled, Standing, Ticked, schedules, tick};
pub use trail::{Assessed, Trail, assess};
pub use verdict::{Checks, Verdict, trust, verdict_of_book, verdict_of_ledger};
pub use watch::{Heard, Watched, Watching, watch};
