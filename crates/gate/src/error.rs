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
    /// A file with a bearer token that cannot be used.
    #[error("the token file {path} {why}")]
    TokenFile {
        /// The file.
        path: String,
        /// Why, and the mend.
        why: String,
    },
    /// An address on which nothing can be served.
    #[error("cannot listen on {address}: {cause}; choose a free port of this machine, such as 127.0.0.1:0")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The address of a server that nothing can be sent to.
    #[error("the upstream {what}; it must be the URL of an MCP endpoint, such as http://127.0.0.1:3001/mcp")]
    Upstream {
        /// Why not.
        what: &'static str,
    },
    /// A file of certificates that vouches for no server.
    #[error(
        "the certificates in {path} cannot be used: it {why}; name a PEM file of the authority that signed the server's"
    )]
    UpstreamCa {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// An action that changes what holds, and that only its own command writes.
    #[error(
        "an action that changes rules, stops, approvals or alerts is written by its own command alone; leave it out"
    )]
    ActionReserved,
    /// Strangers of other machines would be heard.
    #[error(
        "{address} is no address of this machine's loopback; listen on 127.0.0.1 or [::1], and let a proxy with TLS stand before it where others must reach it"
    )]
    NotLoopback {
        /// The address.
        address: std::net::SocketAddr,
    },
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
            Self::TokenFile { .. } => "token_file_unusable",
            Self::Listen { .. } => "listen_failed",
            Self::Upstream { .. } => "upstream_invalid",
            Self::UpstreamCa { .. } => "upstream_ca_unusable",
            Self::ActionReserved => "action_reserved",
            Self::NotLoopback { .. } => "not_loopback",
            Self::Policy(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }
}
