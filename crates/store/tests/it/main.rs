//! The store, as its users see it.

mod append;
mod attacks;
mod fixture;
mod query;
mod tamper;
mod verify;
