//! The key under which digests of redacted values are made.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

const DOMAIN: &[u8] = b"sealbook/redaction/v1\0";

/// The secret key of redaction digests. Without it nobody can guess a short secret from its digest.
///
/// Two values with the same digest under one key are the same value.
pub struct DigestKey(Zeroizing<[u8; 32]>);

impl DigestKey {
    /// From 32 secret random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.0)
    }
}

impl std::fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

/// HMAC-SHA-256 over `sealbook/redaction/v1\0` and the value, as lower hex.
pub(crate) fn digest(key: &hmac::Key, value: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(DOMAIN);
    context.update(value);
    let mut text = String::with_capacity(64);
    for byte in context.sign().as_ref() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    text
}
