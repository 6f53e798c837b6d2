//! The text of a key file. Where it lies, and with what mode, is the store's business.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{KeyRole, SigningKey};
use crate::Error;

/// A private key with its role, as one file holds it.
#[derive(Debug)]
pub struct KeyFile {
    /// What the key is for.
    pub role: KeyRole,
    /// The key.
    pub key: SigningKey,
}

impl KeyFile {
    /// Four lines; the last is the secret. The text is wiped when it is dropped.
    pub fn encode(&self) -> Zeroizing<String> {
        let seed = Zeroizing::new(STANDARD.encode(self.key.seed()));
        let mut text = Zeroizing::new(String::with_capacity(256));
        let fingerprint = self.key.fingerprint().to_string();
        for piece in [HEAD, "\nrole: ", self.role.as_str(), "\nkey: ", &fingerprint, "\nseed: ", &seed, "\n"] {
            text.push_str(piece);
        }
        text
    }

    /// Reads the four lines and checks that the seed makes the key that is named.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let fail = |line, why| Err(Error::KeyFileMalformed { line, why });
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        let mut next = |label: &str| lines.next().and_then(|line| line.strip_prefix(label));
        if next(HEAD) != Some("") {
            return fail(1, "it is not `sealbook-key-v1`; is this a key file, of this version?");
        }
        let Some(Ok(role)) = next("role: ").map(str::parse) else {
            return fail(2, "it is not `role: ` with `checkpoint`, `record` or `approver`");
        };
        let Some(Ok(fingerprint)) = next("key: ").map(str::parse::<crate::Hash>) else {
            return fail(3, "it is not `key: ` with a fingerprint");
        };
        let Some(seed) = next("seed: ").and_then(decode_seed) else {
            return fail(4, "it is not `seed: ` with 32 bytes of base64");
        };
        if lines.next().is_some() {
            return fail(5, "nothing follows the seed");
        }
        let key = SigningKey::from_seed(&seed);
        if key.fingerprint() != fingerprint {
            return fail(4, "the seed does not make the key named above; restore the file from a backup");
        }
        Ok(Self { role, key })
    }
}

const HEAD: &str = "sealbook-key-v1";

fn decode_seed(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    // The decoder asks for room for whole groups of three bytes.
    let mut bytes = Zeroizing::new([0; 33]);
    if text.len() != 44 || STANDARD.decode_slice(text, &mut *bytes) != Ok(32) {
        return None;
    }
    let mut seed = Zeroizing::new([0; 32]);
    seed.copy_from_slice(&bytes[..32]);
    Some(seed)
}
