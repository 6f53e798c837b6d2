//! Why something could not be built, read or proven.

/// What went wrong. A broken seal is no error but a [`crate::Fault`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A hash, an origin, a phase or the like was not in its one text form.
    #[error("{what} is malformed: {why}; copy it whole, as it was printed")]
    TextMalformed {
        /// Which kind of text.
        what: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Bytes that should be a leaf are not one.
    #[error("leaf is malformed at byte {at}: expected {expected}; run `sealbook verify` on the book it came from")]
    LeafMalformed {
        /// Byte offset of the first byte that does not fit.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A leaf would be longer than an entry of a tile log may be.
    #[error("leaf would have {bytes} bytes, the most is 65535; use fewer parts or signatures")]
    LeafTooLarge {
        /// Its length.
        bytes: usize,
    },
    /// A part cannot be sealed as it is.
    #[error("part `{name}` cannot be sealed: {why}")]
    PartRefused {
        /// Its name, shortened where it is too long.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Bytes that should be a key are not an acceptable one.
    #[error("key refused: {why}; generate a new one with `sealbook key`")]
    KeyRefused {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The text of a key file is not in its form.
    #[error("key file, line {line}: {why}")]
    KeyFileMalformed {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// A key event contradicts the events before it, or is not in its form.
    #[error("key event refused: {why}")]
    KeyEventRefused {
        /// What is wrong with it.
        why: &'static str,
    },
    /// What an erase leaf says is not in its form.
    #[error("erasure refused: {why}")]
    ErasureRefused {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A signature does not hold.
    #[error("the signature by key {key} does not hold for these bytes; sign again with the key itself")]
    SignatureInvalid {
        /// Fingerprint of the key.
        key: crate::Hash,
    },
    /// A checkpoint is not in its form.
    #[error("checkpoint is malformed: {why}")]
    CheckpointMalformed {
        /// What is wrong with it.
        why: &'static str,
    },
    /// A checkpoint carries no signature of a key that is trusted, or a bad one.
    #[error("checkpoint of size {size} is not to be trusted: {why}; compare the key with the one its keeper published")]
    CheckpointUntrusted {
        /// The size that it claims.
        size: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A tile that is needed is not there.
    #[error("tile {index} of level {level} is missing or too narrow; restore it from a backup")]
    TileMissing {
        /// Level, 0 nearest the leaves.
        level: u8,
        /// Index within the level.
        index: u64,
    },
    /// A tile could not be read at all.
    #[error("tile {index} of level {level} could not be read")]
    TileUnreadable {
        /// Level, 0 nearest the leaves.
        level: u8,
        /// Index within the level.
        index: u64,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Numbers that do not describe a tree or a place in it.
    #[error("{what} {value} is outside the tree of size {size}")]
    OutsideTree {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: u64,
        /// Size of the tree.
        size: u64,
    },
    /// An inclusion or consistency proof does not lead to the root.
    #[error("the {what} proof does not lead to the signed root")]
    ProofInvalid {
        /// `inclusion` or `consistency`.
        what: &'static str,
    },
    /// A receipt is not in its form.
    #[error("receipt, line {line}: {why}")]
    ReceiptMalformed {
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// An entry cannot go into this bundle.
    #[error("entry seq {seq} cannot go into the bundle: {why}")]
    BundleRefused {
        /// Its place.
        seq: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file is no bundle.
    #[error("this is no bundle of a version that can be read; its first line does not say `sealbook/bundle/v1`")]
    BundleUnusable,
    /// A bundle could not be read or written.
    #[error("the bundle could not be read or written")]
    BundleIo(#[from] std::io::Error),
}

impl Error {
    /// Stable code, with a page of its own in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TextMalformed { .. } => "text_malformed",
            Self::LeafMalformed { .. } => "leaf_malformed",
            Self::LeafTooLarge { .. } => "leaf_too_large",
            Self::PartRefused { .. } => "part_refused",
            Self::KeyRefused { .. } => "key_refused",
            Self::KeyFileMalformed { .. } => "key_file_malformed",
            Self::KeyEventRefused { .. } => "key_event_refused",
            Self::ErasureRefused { .. } => "erasure_refused",
            Self::SignatureInvalid { .. } => "signature_invalid",
            Self::CheckpointMalformed { .. } => "checkpoint_malformed",
            Self::CheckpointUntrusted { .. } => "checkpoint_untrusted",
            Self::TileMissing { .. } => "tile_missing",
            Self::TileUnreadable { .. } => "tile_unreadable",
            Self::OutsideTree { .. } => "outside_tree",
            Self::ProofInvalid { .. } => "proof_invalid",
            Self::ReceiptMalformed { .. } => "receipt_malformed",
            Self::BundleRefused { .. } => "bundle_refused",
            Self::BundleUnusable => "bundle_unusable",
            Self::BundleIo(_) => "bundle_io",
        }
    }
}
