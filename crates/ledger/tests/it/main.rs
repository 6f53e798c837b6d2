//! What the ledger promises, checked from outside.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

mod book;
mod bundle;
mod ed25519;
mod golden;
mod leaf;
mod others;
mod pages;
mod proofs;
mod publish;
mod tree;
mod verify;
