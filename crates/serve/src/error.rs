//! What can go wrong between a question and its answer.

/// An error of this room. No message quotes content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Arguments of a tool that do not fit its schema.
    #[error("the arguments do not fit: {why}; the tool's input schema says what it takes")]
    Arguments {
        /// Which, and why.
        why: String,
    },
    /// A path that no root holds, or that leads out of them.
    #[error(
        "{path} is not below what this server may read; name a path below {roots}, or let a person start it with another `--root`"
    )]
    OutsideRoots {
        /// The path, or the link.
        path: String,
        /// What it may read.
        roots: String,
    },
    /// A root that is no directory.
    #[error("the root {path} cannot be used: {cause}; name a directory that is there")]
    RootUnusable {
        /// The root.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// An action that the audit trail tool does not have.
    #[error(
        "Unknown audit action; it takes search, verify_integrity, compliance_report, review_compliance, add_compliance_rule"
    )]
    UnknownAction,
    /// An action that the workflow composer does not have.
    #[error("Unknown workflow action; the tool's input schema lists those there are")]
    UnknownWorkflowAction,
    /// The workflow composer is switched off.
    #[error("the workflow composer is off here; a person starts the server without `WORKFLOW_COMPOSER_ENABLED=false`")]
    ComposerOff,
    /// Another tenant's ledger was asked for.
    #[error(
        "this server answers for one tenant, and another was asked for; leave `tenant_id` out, or let a person start a server with `--tenant`"
    )]
    OtherTenant,
    /// No alert of that id.
    #[error("there is no {what} that begins with `{given}`, or there are several; list them, and give more of the id")]
    NotFound {
        /// `alert`.
        what: &'static str,
        /// What was asked for.
        given: String,
    },
    /// An alert that was dealt with.
    #[error("the alert is resolved already; look at it in the list of all alerts")]
    AlertResolved,
    /// Sealed, and not taken: somebody was faster.
    #[error("it was sealed as record {seq} and changes nothing: {why}; look at how it stands now, and try again")]
    WithoutEffect {
        /// Its place.
        seq: u64,
        /// Why.
        why: &'static str,
    },
    /// Something that only a person with the approver's passphrase may do.
    #[error("{what} needs the approver's passphrase, and no tool has it; a person runs `{command}`")]
    ApproverRequired {
        /// What.
        what: &'static str,
        /// The command for it.
        command: String,
    },
    /// Something that a person does, unless one who started the server left it to agents.
    #[error("{what} is left to people; a person runs `{command}`")]
    PersonRequired {
        /// What.
        what: &'static str,
        /// The command for it.
        command: String,
    },
    /// A rule or a stop forbids the call.
    #[error("{text}")]
    Refused {
        /// The gate's word for why.
        code: &'static str,
        /// What the gate says.
        text: String,
    },
    /// Whoever asked called it off.
    #[error("it was cancelled; what was sealed by then stays")]
    Cancelled,
    /// No model is configured to review.
    #[error("no model is configured for reviews; a person writes `model.toml`, docs/review.md shows how")]
    ModelMissing,
    /// An address on which nothing can be served.
    #[error("cannot listen on {address}: {cause}; choose a free port of this machine, such as 127.0.0.1:0")]
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The transport broke.
    #[error("the connection to the client failed: {cause}")]
    Transport {
        /// What happened.
        cause: String,
    },
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] sealbook_store::Error),
    /// An error of the ledger's formats.
    #[error(transparent)]
    Ledger(#[from] sealbook_ledger::Error),
    /// An error of the record's words.
    #[error(transparent)]
    Record(#[from] sealbook_record::Error),
    /// A record that is not admitted.
    #[error(transparent)]
    Policy(#[from] sealbook_policy::Error),
    /// Rules that cannot be compiled.
    #[error(transparent)]
    Rules(#[from] sealbook_policy::RuleError),
    /// A source or an analyzer.
    #[error(transparent)]
    Inspect(#[from] sealbook_inspect::Error),
    /// A review.
    #[error(transparent)]
    Flow(#[from] sealbook_flow::Error),
    /// The gate.
    #[error(transparent)]
    Gate(#[from] sealbook_gate::Error),
}

impl Error {
    /// The stable code; each has a page under `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Arguments { .. } => "arguments_invalid",
            Self::OutsideRoots { .. } => "outside_roots",
            Self::RootUnusable { .. } => "root_unusable",
            Self::UnknownAction => "unknown_action",
            Self::UnknownWorkflowAction => "unknown_workflow_action",
            Self::ComposerOff => "composer_off",
            Self::OtherTenant => "other_tenant",
            Self::NotFound { .. } => "not_found",
            Self::AlertResolved => "alert_resolved",
            Self::WithoutEffect { .. } => "without_effect",
            Self::ApproverRequired { .. } => "approver_required",
            Self::PersonRequired { .. } => "person_required",
            Self::Refused { .. } => "action_blocked",
            Self::Cancelled => "cancelled",
            Self::ModelMissing => "model_missing",
            Self::Listen { .. } => "listen_failed",
            Self::Transport { .. } => "transport_failed",
            Self::Store(e) => e.code(),
            Self::Ledger(e) => e.code(),
            Self::Record(e) => e.code(),
            Self::Policy(e) => e.code(),
            Self::Rules(e) => e.code(),
            Self::Inspect(e) => e.code(),
            Self::Flow(e) => e.code(),
            Self::Gate(e) => e.code(),
        }
    }
}
