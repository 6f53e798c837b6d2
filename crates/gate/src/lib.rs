//! How calls come in: every call of an agent, a hook or a wrapped command passes a [`Gate`].
//!
//! Invariants:
//! - The intent of a call is sealed durably before the gate answers. Fewer promises are made by choice
//!   only, and after a durable record that says so ([`Capture`]).
//! - What is refused did not happen: one event with outcome `blocked` is sealed before the caller is told.
//! - Where the book cannot be written, nothing passes, unless the options or a rule let it; then what
//!   passed is counted, and a gap is sealed as soon as the book takes records again.
//! - No text for a caller quotes what it sent.
//!
//! What this crate never does: read the environment, print, or decide where a book lies.

mod child;
mod error;
pub mod exec;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod gate;
pub mod hooks;
pub mod ingest;
pub mod mcp;
mod signals;
mod token;

pub use child::{Captured, Child, Left, Served, run_briefly, run_captured};
pub use error::Error;
pub use files::read_file;
pub use gate::{
    Begun, Capture, Durability, Elicited, Ended, Entered, Gate, GateOptions, Held, Opinion, Passage, Pending, Question,
    Refused, Reviewer, Taken, Teller, ToReview, Untold,
};
pub use sealbook_policy::{Fail, Mode};
pub use signals::ended_by_signal;
pub use token::Token;
