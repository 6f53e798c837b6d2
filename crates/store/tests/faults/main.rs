//! What is left of a book when things go wrong. `docs/fault-tests.md` says what is simulated here
//! and what is real.

mod alarms;
mod appender;
mod child;
mod kill;
mod limits;
mod power;
mod processes;
mod simulation;
