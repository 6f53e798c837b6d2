//! SHA-256 values, and the three ways in which this format makes them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Error;

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// All zeros: what the first leaf names as its predecessor.
    pub const ZERO: Self = Self([0; 32]);

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of bytes as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// RFC 6962 section 2.1: the hash of a leaf.
    pub fn of_leaf(bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
    }

    /// RFC 6962 section 2.1: the hash of an inner node.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let mut bytes = [1; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self::of(&bytes)
    }

    /// Writes 64 lower-case hexadecimal digits.
    pub(crate) fn write_hex(&self, out: &mut [u8; 64]) {
        for (pair, byte) in out.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&HEX[byte as usize]);
        }
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(crate) fn from_hex(digits: &[u8]) -> Option<Self> {
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        let mut bad = 0;
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (NIBBLE[pair[0] as usize], NIBBLE[pair[1] as usize]);
            bad |= high | low;
            *byte = high << 4 | (low & 15);
        }
        (bad < 16).then_some(Self(bytes))
    }
}

/// Commits to one part of a record: `SHA-256("sealbook/part/v1\0" ‖ u16 length ‖ name ‖ id ‖ salt ‖ bytes)`.
///
/// The length is that of the name, big-endian; the id is its 16 bytes.
pub fn commit(name: &str, id: Uuid, salt: &[u8; 32], bytes: &[u8]) -> Hash {
    let mut head = [0; 256];
    let mut len = 0;
    let mut put = |piece: &[u8]| {
        head[len..len + piece.len()].copy_from_slice(piece);
        len += piece.len();
    };
    put(b"sealbook/part/v1\0");
    put(&(name.len() as u16).to_be_bytes());
    if name.len() <= crate::PART_NAME_BYTES_MAX {
        put(name.as_bytes());
        put(id.as_bytes());
        put(salt);
        return Hash(Sha256::new().chain_update(&head[..len]).chain_update(bytes).finalize().into());
    }
    let hasher = Sha256::new().chain_update(&head[..len]).chain_update(name);
    Hash(hasher.chain_update(id.as_bytes()).chain_update(salt).chain_update(bytes).finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        self.write_hex(&mut digits);
        f.pad(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::from_hex(text.as_bytes())
            .ok_or(Error::TextMalformed { what: "hash", why: "it has 64 lower-case hexadecimal digits" })
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(crate) const HEX: [[u8; 2]; 256] = {
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    table
};

/// Value of a lower-case hexadecimal digit; 255 for anything else.
pub(crate) const NIBBLE: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 16 {
        table[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    table
};
