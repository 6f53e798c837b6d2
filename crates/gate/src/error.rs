//! What can go wrong at a gate. A refusal is no error: it is an answer.

/// An error of the gate. Whoever gets one must not go on with the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What an agent told its hook cannot be understood.
    #[error("what the agent told its hook cannot be understood: {what}")]
    HookInput {
        /// Why.
        what: &'static str,
    },
    /// Settings of an agent to which nothing can be added.
    #[error("the settings were left alone: {what}; mend them, or add the hooks by hand as docs/hooks.md shows")]
    SettingsInvalid {
        /// Why.
        what: &'static str,
    },
    /// Something that must be recorded was not.
    #[error("the record was not sealed; look at `sealbook status` and try again")]
    Unsealed,
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
            Self::HookInput { .. } => "hook_input_invalid",
            Self::SettingsInvalid { .. } => "hook_settings_invalid",
            Self::Unsealed => "record_unsealed",
            Self::Policy(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }
}
