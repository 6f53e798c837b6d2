//! What the ledger promises, checked from outside.

mod book;
mod bundle;
mod ed25519;
mod leaf;
mod proofs;
mod publish;
mod python;
mod tree;
mod verify;
