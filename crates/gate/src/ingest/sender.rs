//! Who may bring records: whoever bears a token.

use std::path::Path;

use crate::{Error, Token};

/// Somebody who may bring records.
#[derive(Debug, Clone)]
pub struct Sender {
    /// As records name it under `verified`.
    pub name: String,
    token: Token,
}

impl Sender {
    /// A sender of that name, who bears the token.
    pub fn new(name: impl Into<String>, token: Token) -> Self {
        Self { name: name.into(), token }
    }

    /// The sender whose token stands in the file; its name is the file's.
    ///
    /// Errors: as [`Token::load`].
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        let name = path.file_stem().map_or_else(|| "sender".into(), |name| name.to_string_lossy());
        Ok(Self::new(name, Token::load(path)?))
    }

    /// Whether it is this one's token.
    pub(super) fn bears(&self, token: &[u8]) -> bool {
        self.token.is(token)
    }
}
