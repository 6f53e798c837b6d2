//! The store, as its users see it.

mod append;
mod fixture;
mod tamper;
mod verify;
