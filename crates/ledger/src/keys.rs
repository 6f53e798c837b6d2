//! Ed25519 keys, and the one rule by which a signature holds.
//!
//! The rule (`docs/format.md`, "Ed25519") is the cofactored equation of RFC 8032
//! section 5.1.7, `[8][S]B = [8]R + [8][k]A`, with `S < L`, canonical encodings
//! of `A` and `R`, and `A` a point of prime order. Batches cannot decide the
//! cofactorless equation, so no other rule gives one verdict everywhere. AWS-LC
//! signs here, but it must not verify: its equation is the cofactorless one.

mod batch;
mod event;
mod file;
mod ring;

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::VerificationKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

pub use batch::BatchVerifier;
pub use event::{Continues, KeyEvent, NamedKey};
pub use file::KeyFile;
pub use ring::{KeyEntry, KeyRing};

use crate::{Error, Hash, Origin};

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRole {
    /// Checkpoints, and key leaves.
    Checkpoint,
    /// Records.
    Record,
    /// Records that say what a person decided.
    Approver,
}

impl KeyRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Checkpoint, Self::Record, Self::Approver];

    /// The text in key events and key files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Record => "record",
            Self::Approver => "approver",
        }
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for KeyRole {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(Error::TextMalformed { what: "key role", why: "it is `checkpoint`, `record` or `approver`" })
    }
}

impl Serialize for KeyRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyRole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A signature over a record, as it stands in a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSignature {
    /// Fingerprint of the key: SHA-256 of its 32 public bytes.
    pub key: Hash,
    /// `R ‖ S` of RFC 8032.
    pub sig: [u8; 64],
}

impl RecordSignature {
    /// Whether the signature holds for the digest of a leaf under this key.
    pub fn verify(&self, digest: &Hash, key: &PublicKey) -> bool {
        self.key == key.fingerprint() && key.verify(&record_message(digest), &self.sig)
    }

    /// Queues the question whether it holds for the digest of a leaf under this key, which must be the one it names.
    pub fn queue<T>(&self, digest: &Hash, key: &PublicKey, batch: &mut BatchVerifier<T>, tag: T) {
        debug_assert_eq!(self.key, key.fingerprint());
        batch.queue(key, &record_message(digest), &self.sig, tag);
    }
}

/// What is signed of a record: a domain of its own, then the digest.
pub(crate) fn record_message(digest: &Hash) -> [u8; 51] {
    let mut message = [0; 51];
    message[..19].copy_from_slice(b"sealbook/record/v1\0");
    message[19..].copy_from_slice(&digest.0);
    message
}

/// A public key that may take part: a canonical encoding of a point of prime order.
#[derive(Clone, Copy)]
pub struct PublicKey {
    fingerprint: Hash,
    point: VerificationKey,
}

impl PublicKey {
    /// Checks the 32 bytes of RFC 8032 section 5.1.2.
    ///
    /// Refuses what is not on the curve, not canonical, of small order, or has a
    /// torsion component: under such keys, verifiers differ.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, Error> {
        let refuse = |why| Error::KeyRefused { why };
        if !is_canonical(&bytes) {
            return Err(refuse("its encoding is not canonical"));
        }
        let point = CompressedEdwardsY(bytes).decompress().ok_or(refuse("it is not a point of the curve"))?;
        if point.is_small_order() {
            return Err(refuse("it is of small order"));
        }
        if !point.is_torsion_free() {
            return Err(refuse("it has a torsion component"));
        }
        let point = VerificationKey::try_from(bytes).map_err(|_| refuse("it is not a point of the curve"))?;
        Ok(Self { fingerprint: Hash::of(&bytes), point })
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.point.into()
    }

    /// SHA-256 of the 32 bytes.
    pub fn fingerprint(&self) -> Hash {
        self.fingerprint
    }

    /// Whether a signature holds, by the one rule.
    pub fn verify(&self, message: &[u8], sig: &[u8; 64]) -> bool {
        let r = sig.first_chunk().expect("32 of 64 bytes");
        is_canonical(r) && self.point.verify(&(*sig).into(), message).is_ok()
    }

    /// The C2SP signed-note verifier key: `<origin>+<key id>+base64(0x01 ‖ key)`.
    pub fn vkey(&self, origin: &Origin) -> String {
        let mut key = [1; 33];
        key[1..].copy_from_slice(&self.to_bytes());
        format!("{origin}+{:08x}+{}", self.note_key_id(origin.as_str()), STANDARD.encode(key))
    }

    /// Reads a verifier key, and for which ledger it is.
    pub fn from_vkey(text: &str) -> Result<(Origin, Self), Error> {
        let refuse = |why| Error::KeyRefused { why };
        let mut pieces = text.trim_end_matches('\n').splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (pieces.next(), pieces.next(), pieces.next()) else {
            return Err(refuse("a verifier key has three pieces joined by `+`"));
        };
        let origin: Origin = name.parse()?;
        let bytes = STANDARD.decode(key).map_err(|_| refuse("its third piece is not base64"))?;
        let Some((1, Ok(bytes))) = bytes.split_first().map(|(alg, key)| (*alg, <[u8; 32]>::try_from(key))) else {
            return Err(refuse("it is not an Ed25519 key"));
        };
        let key = Self::from_bytes(bytes)?;
        if id != format!("{:08x}", key.note_key_id(name)) {
            return Err(refuse("its key id is not that of its name and key"));
        }
        Ok((origin, key))
    }

    /// C2SP signed-note: the first four bytes of `SHA-256(name ‖ "\n" ‖ 0x01 ‖ key)`.
    pub(crate) fn note_key_id(&self, name: &str) -> u32 {
        let text = [name.as_bytes(), b"\n\x01", &self.to_bytes()].concat();
        u32::from_be_bytes(*Hash::of(&text).0.first_chunk().expect("4 of 32 bytes"))
    }

    pub(crate) fn point_bytes(&self) -> ed25519_zebra::VerificationKeyBytes {
        self.point.into()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint)
    }
}

/// A private key. Its seed is wiped when it is dropped and never printed.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed of 32 bytes makes a key");
        let bytes = pair.public_key().as_ref().try_into().expect("a public key has 32 bytes");
        let public = PublicKey::from_bytes(bytes).expect("a multiple of the base point has prime order");
        Self { seed: Zeroizing::new(*seed), pair, public }
    }

    /// The seed, for a key file.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Fingerprint of the public half.
    pub fn fingerprint(&self) -> Hash {
        self.public.fingerprint
    }

    /// RFC 8032 section 5.1.6.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair.sign(message).as_ref().try_into().expect("a signature has 64 bytes")
    }

    /// Signs the digest of a record.
    pub fn sign_record(&self, digest: &Hash) -> RecordSignature {
        RecordSignature { key: self.fingerprint(), sig: self.sign(&record_message(digest)) }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.fingerprint())
    }
}

/// Whether 32 bytes are the one encoding of what they encode: `y < 2^255 - 19`,
/// and no sign where `x` is zero, which is where `y` is 1 or -1.
pub(crate) fn is_canonical(bytes: &[u8; 32]) -> bool {
    const P_MINUS_1: [u8; 32] = {
        let mut bytes = [0xff; 32];
        bytes[0] = 0xec;
        bytes[31] = 0x7f;
        bytes
    };
    const ONE: [u8; 32] = {
        let mut bytes = [0; 32];
        bytes[0] = 1;
        bytes
    };
    let mut y = *bytes;
    y[31] &= 0x7f;
    let is_signed = bytes[31] & 0x80 != 0;
    let is_reduced = y.iter().rev().le(P_MINUS_1.iter().rev());
    is_reduced && !(is_signed && (y == ONE || y == P_MINUS_1))
}
