//! Who may bring records: whoever knows a token.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{Error, files};

/// Longer than any token file.
const FILE_BYTES_MAX: u64 = 4_096;
/// Shorter ones can be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// Somebody who may bring records, by a name and a token of which only the digest is held.
#[derive(Debug, Clone)]
pub struct Sender {
    /// As records name it under `verified`.
    pub name: String,
    digest: [u8; 32],
}

impl Sender {
    /// A sender of that name, who knows the token.
    pub fn new(name: impl Into<String>, token: &str) -> Self {
        Self { name: name.into(), digest: Sha256::digest(token).into() }
    }

    /// The same under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Whether it is the token. Digests are compared, so that time tells nothing of it.
    pub(super) fn knows(&self, token: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(token).into();
        given.iter().zip(self.digest).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
    }
}

/// The sender whose token stands in the file; its name is the file's.
///
/// Errors: the file cannot be read, others may read it, or it holds no token.
pub fn read_token(path: &Path) -> Result<Sender, Error> {
    let unusable = |why: String| Error::TokenUnusable { path: path.to_owned(), why };
    let text = files::read_private(path, FILE_BYTES_MAX).map_err(unusable)?;
    let token = text.trim();
    if token.len() < TOKEN_BYTES_MIN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let why = format!("holds no token; write one of at least {TOKEN_BYTES_MIN} letters and digits into it");
        return Err(unusable(why));
    }
    let name = path.file_stem().map_or_else(|| "sender".into(), |name| name.to_string_lossy());
    Ok(Sender::new(name, token))
}

/// As [`read_token`]; where there is no such file it is made with a token from `random`.
pub fn token_or_new(path: &Path, random: &[u8; 32]) -> Result<Sender, Error> {
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    files::make_private(path, &format!("{token}\n")).map_err(|cause| Error::TokenUnusable {
        path: path.to_owned(),
        why: format!("cannot be made: {cause}; check the directory's owner and mode"),
    })?;
    read_token(path)
}
