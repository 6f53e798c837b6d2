//! The bearer tokens that clients over HTTP must bear (RFC 6750): from a file, or made into one.

use std::path::Path;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use sealbook_store::{Entropy, SystemEntropy};
use sha2::{Digest, Sha256};

use crate::{Error, files};

/// Shorter ones can be guessed.
const CHARS_MIN: usize = 32;
/// Longer than any token file.
const BYTES_MAX: u64 = 4_096;

/// What is kept of a token: its digest.
#[derive(Clone)]
pub struct Token {
    digest: [u8; 32],
}

impl Token {
    /// Reads the token of a file, which only its owner may read.
    ///
    /// Errors: there is no such file, others may read it, or what it holds is no token.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let unusable = |why: String| Error::TokenFile { path: path.display().to_string(), why };
        let text = files::read_private(path, BYTES_MAX).map_err(unusable)?;
        let token = text.trim();
        if token.len() < CHARS_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = format!(
                "holds no token; write one of at least {CHARS_MIN} letters and digits into it, or remove it where one \
                 is made"
            );
            return Err(unusable(why));
        }
        Ok(Self::of(token))
    }

    /// As [`Token::load`]; where there is no such file it is made with a new token, and mode 0600.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        let mut random = [0; 32];
        SystemEntropy.fill(&mut random);
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        files::make_private(path, &format!("{token}\n")).map_err(|cause| Error::TokenFile {
            path: path.display().to_string(),
            why: format!("cannot be made: {cause}; check the directory's owner and mode"),
        })?;
        Self::load(path)
    }

    /// The token of that text.
    pub(crate) fn of(text: &str) -> Self {
        Self { digest: Sha256::digest(text).into() }
    }

    /// Whether it is this one; takes as long for every other.
    pub fn is(&self, given: impl AsRef<[u8]>) -> bool {
        let digest: [u8; 32] = Sha256::digest(given).into();
        verify_slices_are_equal(&self.digest, &digest).is_ok()
    }

    /// What records call whoever holds it.
    pub fn principal(&self) -> String {
        let name: String = self.digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("token:{name}")
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Token").field(&self.principal()).finish()
    }
}
