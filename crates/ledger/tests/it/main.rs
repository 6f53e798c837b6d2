//! What the ledger promises, checked from outside.

mod book;
mod leaf;
mod tree;
mod verify;
