//! Scopes and audited functions, as they stand in the book.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod actions;
mod audited;
mod fixture;
mod scope;
