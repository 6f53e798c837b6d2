//! The store, as its users see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod append;
mod attacks;
mod fixture;
mod health;
mod knowledge;
mod later;
mod lookups;
mod older;
mod query;
mod randomness;
mod range;
mod standing;
mod state;
mod strangers;
mod tallied;
mod tamper;
mod verify;
