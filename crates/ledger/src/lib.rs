//! What a verifier must believe: leaves, commitments, keys, the Merkle tree,
//! checkpoints, receipts, bundles, and how all of them are checked.
//!
//! The crate computes. It reads no disk, no clock and no environment, draws no
//! randomness, and knows nothing of the records whose parts it commits to:
//! parts are opaque bytes. `docs/format.md` is the normative description of
//! every byte made here; this crate is one implementation of it.
//!
//! Invariants:
//! - Bytes that were sealed are hashed as they are stored, never re-encoded.
//! - Tampering is a value (a [`Fault`] in a [`Report`]), never an `Err`.
//! - One rule decides whether an Ed25519 signature holds, alone or in a batch.
//! - Whatever comes from outside is bounded before it is believed.

mod bundle;
mod checkpoint;
mod draft;
mod equivocation;
mod erasure;
mod error;
mod hash;
mod keys;
mod leaf;
mod origin;
pub mod publish;
mod receipt;
mod tree;
mod verify;

pub use bundle::{BundleWriter, verify_bundle, verify_bundle_each};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use draft::{Draft, DraftPart};
pub use equivocation::{Conflict, Equivocation};
pub use erasure::{ErasedPart, Erasure};
pub use error::Error;
pub use hash::Hash;
pub use keys::{
    BatchVerifier, Continues, KeyEntry, KeyEvent, KeyFile, KeyRing, KeyRole, NamedKey, PublicKey, RecordSignature,
    SigningKey,
};
pub use leaf::{Leaf, LeafType, Phase};
pub use origin::Origin;
pub use receipt::Receipt;
pub use tree::{
    TileReader, TileWrite, TreeState, check_consistency, check_inclusion, edge_tiles, prove_consistency,
    prove_inclusion, root_at,
};
pub use uuid::Uuid;
pub use verify::{
    Entry, EntryPart, EntryPlace, FAULTS_MAX, Fault, Finding, RangeOptions, RangeReport, RangeVerifier, Report,
    StoredCheckpoint, Subject, Trust, combine,
};

pub use hash::commit;

/// The part that says who did what to what.
pub const PART_STATEMENT: &str = "statement";
/// The part of a key leaf that holds its [`KeyEvent`].
pub const PART_KEYS: &str = "keys";
/// The part of an erase leaf that names what was erased.
pub const PART_ERASURE: &str = "erasure";

/// The version of the format that this crate writes, `v` in a leaf.
pub const FORMAT_VERSION: u32 = 1;
/// The most bytes that a leaf may have: an entry of a tile log has a 16-bit length.
pub const LEAF_BYTES_MAX: usize = 65_535;
/// The most bytes that one part may have.
pub const PART_BYTES_MAX: usize = 1 << 20;
/// The most bytes that all parts of one record may have together.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
/// The most parts that a record may have.
pub const PARTS_MAX: usize = 64;
/// The most signatures that a record may carry.
pub const SIGNATURES_MAX: usize = 64;
/// The most bytes that the name of a part may have.
pub const PART_NAME_BYTES_MAX: usize = 32;
/// The largest tree that is believed; no proof arithmetic can overflow below it.
pub const TREE_SIZE_MAX: u64 = 1 << 56;
