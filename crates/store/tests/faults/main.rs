//! What is left of a book when things go wrong. `docs/fault-tests.md` says what is simulated here
//! and what is real.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod alarms;
mod appender;
mod child;
mod kill;
mod limits;
mod power;
mod processes;
mod simulation;
