//! An approver's key, locked under a passphrase.
//!
//! The key of the lock is Argon2id (RFC 9106) over the passphrase, with its second recommended setting: 64 MiB,
//! three passes, four lanes. The seed is sealed by XChaCha20-Poly1305, the head of the file bound to it.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sealbook_ledger::{Hash, SigningKey};
use zeroize::Zeroizing;

const HEAD: &str = "sealbook-approver-v1";
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 24;

/// Characters of a passphrase at least.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

/// Why a locked key cannot be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// The passphrase is too short to keep anyone off.
    #[error("the passphrase has fewer than {PASSPHRASE_CHARS_MIN} characters; choose a longer one")]
    TooShort,
    /// The text is not that of a locked key.
    #[error("this is no approver key file; restore it from a backup, or make another key")]
    Malformed,
    /// It does not open.
    #[error("the passphrase does not open the approver key; try again")]
    Wrong,
}

impl LockError {
    /// Stable name of the kind of error; `docs/errors/<code>.md` explains it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort => "passphrase_too_short",
            Self::Malformed => "approver_key_malformed",
            Self::Wrong => "passphrase_wrong",
        }
    }
}

/// A key file's text: it shows whose it is, and holds the key locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedKey {
    /// Fingerprint of the public half.
    pub key: Hash,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    sealed: Vec<u8>,
}

impl LockedKey {
    /// Locks a key. `random` is fresh, and used for this alone.
    pub fn lock(key: &SigningKey, passphrase: &str, random: &[u8; 40]) -> Result<Self, LockError> {
        if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(LockError::TooShort);
        }
        let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
        salt.copy_from_slice(&random[..SALT_BYTES]);
        nonce.copy_from_slice(&random[SALT_BYTES..]);
        let mut locked = Self { key: key.fingerprint(), salt, nonce, sealed: Vec::new() };
        let head = locked.head();
        let payload = Payload { msg: key.seed(), aad: head.as_bytes() };
        let cipher = cipher(passphrase, &salt).ok_or(LockError::Malformed)?;
        locked.sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| LockError::Malformed)?;
        Ok(locked)
    }

    /// Opens it.
    pub fn unlock(&self, passphrase: &str) -> Result<SigningKey, LockError> {
        let head = self.head();
        let payload = Payload { msg: &self.sealed, aad: head.as_bytes() };
        let cipher = cipher(passphrase, &self.salt).ok_or(LockError::Malformed)?;
        let seed = cipher.decrypt(&XNonce::from(self.nonce), payload).map_err(|_| LockError::Wrong)?;
        let seed = Zeroizing::new(seed);
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.as_slice().try_into().map_err(|_| LockError::Malformed)?);
        let key = SigningKey::from_seed(&seed);
        if key.fingerprint() == self.key { Ok(key) } else { Err(LockError::Malformed) }
    }

    /// The lines of a file.
    pub fn encode(&self) -> String {
        format!("{}sealed: {}\n", self.head(), STANDARD.encode(&self.sealed))
    }

    /// Reads what [`LockedKey::encode`] wrote.
    pub fn decode(text: &str) -> Result<Self, LockError> {
        let mut lines = text.lines();
        let mut next = |label: &str| lines.next().and_then(|line| line.strip_prefix(label)).ok_or(LockError::Malformed);
        let bytes = |text: &str| STANDARD.decode(text).map_err(|_| LockError::Malformed);
        if !next(HEAD)?.is_empty() {
            return Err(LockError::Malformed);
        }
        let key = next("key: ")?.parse().map_err(|_| LockError::Malformed)?;
        let salt = bytes(next("salt: ")?)?.try_into().map_err(|_| LockError::Malformed)?;
        let nonce = bytes(next("nonce: ")?)?.try_into().map_err(|_| LockError::Malformed)?;
        let sealed = bytes(next("sealed: ")?)?;
        if sealed.len() != 48 || lines.next().is_some() {
            return Err(LockError::Malformed);
        }
        Ok(Self { key, salt, nonce, sealed })
    }

    fn head(&self) -> String {
        format!(
            "{HEAD}\nkey: {}\nsalt: {}\nnonce: {}\n",
            self.key,
            STANDARD.encode(self.salt),
            STANDARD.encode(self.nonce)
        )
    }
}

fn cipher(passphrase: &str, salt: &[u8]) -> Option<XChaCha20Poly1305> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(passphrase.as_bytes(), salt, &mut *key).ok()?;
    Some(XChaCha20Poly1305::new(&Key::from(*key)))
}
