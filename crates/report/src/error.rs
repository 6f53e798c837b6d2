//! What can go wrong before anything is written.

/// An error of this crate. Failing to write is the writer's [`std::io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A format nobody knows.
    #[error("`{given}` is no format: choose one of {allowed}")]
    UnknownFormat {
        /// What was asked for, cut to 64 characters.
        given: String,
        /// The formats there are.
        allowed: String,
    },
}

impl Error {
    /// The stable code, with its page in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat { .. } => "unknown_format",
        }
    }
}
