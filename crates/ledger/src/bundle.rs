//! Bundles: one file that is enough to verify a ledger, or records of it, offline.
//!
//! `docs/format.md`, "Bundle", is normative. A bundle is JSON Lines in canonical
//! form: a header, the checkpoint, then entries in ascending order, each with
//! what is shown of its parts. A whole bundle has every entry and no proofs, for
//! the tree is made again; a selection has every key leaf, the erase leaves that
//! it needs, and an inclusion proof for each entry.

mod line;
mod verify;
mod write;

pub use verify::{verify_bundle, verify_bundle_each};
pub use write::BundleWriter;

/// What the first line of a bundle says it is.
pub(crate) const BUNDLE: &str = "sealbook/bundle/v1";
/// The most bytes that a line may have: a record with all of its parts in base64.
pub(crate) const LINE_BYTES_MAX: usize = 32 << 20;
/// The most hashes that an inclusion proof may have.
pub(crate) const PROOF_MAX: usize = 64;
