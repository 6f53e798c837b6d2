//! What the ledger promises, checked from outside.

mod book;
mod bundle;
mod leaf;
mod python;
mod tree;
mod verify;
