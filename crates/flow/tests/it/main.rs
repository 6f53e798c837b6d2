//! Recovery, model clients and the review, against real ledgers and a clock that a test sets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod executor;
mod fallback;
mod fixture;
mod model;
mod recovery;
mod retry;
mod review;
mod workflow;
