//! Why a definition, an edit or a run was refused. Messages name the place and the mend.

/// An error of workflows. Messages quote words of the definition, shortened, and no data of a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowError {
    /// A text that is no definition.
    #[error("the workflow cannot be read, at `{at}`: {why}")]
    DefinitionInvalid {
        /// The place, as a JSON pointer (RFC 6901); empty for the whole.
        at: String,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// A definition that holds more than it may.
    #[error("the workflow is too large, at `{at}`: {what}; split it into sub-workflows")]
    DefinitionTooLarge {
        /// The place, as a JSON pointer.
        at: String,
        /// What there is too much of, and how much may be.
        what: String,
    },
    /// No workflow of this id.
    #[error("Workflow {id} not found")]
    WorkflowNotFound {
        /// What was asked for.
        id: String,
    },
    /// An edge between nodes of which one is not there.
    #[error("Source or target node not found")]
    EndNotFound,
    /// No node of this id.
    #[error("Node {id} not found")]
    NodeNotFound {
        /// What was asked for.
        id: String,
    },
    /// A workflow that must not run.
    #[error("Workflow validation failed: [{}]", errors.join("; "))]
    ValidationFailed {
        /// What is wrong with it.
        errors: Vec<String>,
    },
    /// A value that a run was given.
    #[error("input `{name}`: {why}")]
    InputInvalid {
        /// Which input.
        name: String,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// A template that cannot be read, or gave nothing.
    #[error("{at}: {why}")]
    TemplateFailed {
        /// The node and its field.
        at: String,
        /// What happened, and the mend.
        why: String,
    },
    /// An expression that cannot be read, or gave nothing.
    #[error("{at}: {why}")]
    ExpressionFailed {
        /// The node and its field.
        at: String,
        /// What happened, and the mend.
        why: String,
    },
    /// Data that a node cannot work with.
    #[error("{at}: {why}")]
    DataUnfit {
        /// The node and its field.
        at: String,
        /// What is wrong with it, and the mend.
        why: String,
    },
    /// Branches that say different things of the same member.
    #[error("{at}: the branches differ in `{member}`; merge them as a list or an object, or name the members apart")]
    MergeConflict {
        /// The node.
        at: String,
        /// The member.
        member: String,
    },
    /// A version that the book did not take.
    #[error("the workflow {id} was not taken: {why}; read the newest version, and change that")]
    DefinitionNotTaken {
        /// The workflow.
        id: String,
        /// Why.
        why: String,
    },
    /// No run of this id.
    #[error("Execution {id} not found")]
    RunNotFound {
        /// What was asked for.
        id: String,
    },
    /// A run that cannot be gone on with.
    #[error("the run {run} cannot go on: {why}")]
    RunNotResumable {
        /// Its id.
        run: String,
        /// Why not, and the mend.
        why: &'static str,
    },
    /// A picture of too many nodes or lines.
    #[error("the workflow has {what}, where a picture shows {limit}; take DOT or Mermaid, or split it")]
    DiagramTooLarge {
        /// What there is too much of, and how much.
        what: String,
        /// How many are shown.
        limit: usize,
    },
}

impl WorkflowError {
    /// The stable code; each has a page under `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DefinitionInvalid { .. } => "definition_invalid",
            Self::DefinitionTooLarge { .. } => "definition_too_large",
            Self::WorkflowNotFound { .. } => "workflow_not_found",
            Self::EndNotFound | Self::NodeNotFound { .. } => "node_not_found",
            Self::ValidationFailed { .. } => "workflow_validation_failed",
            Self::InputInvalid { .. } => "workflow_input_invalid",
            Self::TemplateFailed { .. } => "template_failed",
            Self::ExpressionFailed { .. } => "expression_failed",
            Self::DataUnfit { .. } => "data_unfit",
            Self::MergeConflict { .. } => "merge_conflict",
            Self::DefinitionNotTaken { .. } => "definition_not_taken",
            Self::RunNotFound { .. } => "run_not_found",
            Self::RunNotResumable { .. } => "run_not_resumable",
            Self::DiagramTooLarge { .. } => "diagram_too_large",
        }
    }
}

/// A word of a stranger, short enough to be shown and without control characters.
pub(super) fn shown(word: &str) -> String {
    let mut shown: String = word.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if shown.len() < word.len() {
        shown.push('…');
    }
    shown
}
