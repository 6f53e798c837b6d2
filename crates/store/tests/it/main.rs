//! The store, as its users see it.

mod append;
mod attacks;
mod fixture;
mod older;
mod query;
mod tamper;
mod verify;
