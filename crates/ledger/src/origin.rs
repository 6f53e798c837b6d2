//! The name of one ledger, random, so that nothing can be replayed into another.

use std::{fmt, str::FromStr};

use crate::{
    Error,
    hash::{HEX, NIBBLE},
};

/// `sealbook/` and 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Bytes in the text form.
    pub(crate) const BYTES: usize = PREFIX.len() + 32;

    /// Names a ledger after 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut text = String::with_capacity(Self::BYTES);
        text.push_str(PREFIX);
        text.extend(bytes.iter().flat_map(|byte| HEX[*byte as usize]).map(char::from));
        Self(text)
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is an origin.
    pub(crate) fn is_valid(text: &[u8]) -> bool {
        text.strip_prefix(PREFIX.as_bytes())
            .is_some_and(|digits| digits.len() == 32 && digits.iter().all(|digit| NIBBLE[*digit as usize] < 16))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if Self::is_valid(text.as_bytes()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::TextMalformed { what: "origin", why: "it is `sealbook/` and 32 lower-case hexadecimal digits" })
    }
}

const PREFIX: &str = "sealbook/";
