//! What can go wrong at a gate. A refusal is no error: it is an answer.

/// An error of the gate. Whoever gets one must not go on with the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A record that is not admitted.
    #[error(transparent)]
    Policy(#[from] sealbook_policy::Error),
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] sealbook_store::Error),
}

impl Error {
    /// The stable code; each has a page under `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Policy(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }
}
