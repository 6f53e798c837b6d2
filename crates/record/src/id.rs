//! Identities: `UUIDv7` in order of making, and `UUIDv8` derived from foreign ids.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::Timestamp;

const RANDOM_BITS: u32 = 74;

/// Makes `UUIDv7` (RFC 9562) that rise strictly, also within a millisecond and when the clock steps back.
///
/// Clock and randomness come from the caller.
#[derive(Debug, Clone, Default)]
pub struct IdSource {
    /// Milliseconds ‖ 74 random bits of the last id.
    last: u128,
}

impl IdSource {
    /// A source that has made nothing yet.
    pub const fn new() -> Self {
        Self { last: 0 }
    }

    /// The next id. Where `now` gives none above the last, the last is counted on by a random step.
    pub fn next(&mut self, now: Timestamp, random: [u8; 10]) -> Uuid {
        let mut wide = [0; 16];
        wide[6..].copy_from_slice(&random);
        let random = u128::from_be_bytes(wide) & ((1 << RANDOM_BITS) - 1);
        let millis = u128::from(now.as_millis().clamp(0, (1 << 48) - 1).unsigned_abs());
        let fresh = (millis << RANDOM_BITS) | random;
        self.last = if fresh > self.last { fresh } else { self.last + 1 + (random & 0xffff_ffff) };
        // RFC 9562 §5.7: 48 bits of milliseconds, version 7, 12 random bits, variant 10, 62 random bits.
        let (head, tail) = (self.last >> RANDOM_BITS, self.last & ((1 << RANDOM_BITS) - 1));
        let (rand_a, rand_b) = (tail >> 62, tail & ((1 << 62) - 1));
        Uuid::from_u128((head << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b)
    }
}

/// The record id of something that came with an id of another form: `UUIDv8` of
/// SHA-256(`sealbook/id/v1\0` ‖ dialect ‖ `\0` ‖ text). The same id gives the same UUID.
pub fn derived_id(dialect: &str, text: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"sealbook/id/v1\0");
    hash.update(dialect.as_bytes());
    hash.update(b"\0");
    hash.update(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}
