//! What is left of a book when things go wrong. `docs/fault-tests.md` says what is simulated here
//! and what is real.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where it cannot go on, and says what it did"
)]

mod alarms;
mod appender;
mod child;
mod kill;
mod limits;
mod power;
mod processes;
mod simulation;
