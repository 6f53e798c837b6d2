//! What the ledger promises, checked from outside.

mod leaf;
mod tree;
