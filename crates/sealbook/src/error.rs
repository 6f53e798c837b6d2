//! Why something was not done, or could not be written down.

use sealbook_record::{OperationStatus, Uuid};

/// Nothing was done: what could not be recorded, or may not happen, did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no book or tenant can have.
    #[error("this cannot name a {what}; give one {allowed}")]
    NameInvalid {
        /// `book` or `tenant`.
        what: &'static str,
        /// What it may be called.
        allowed: &'static str,
    },
    /// Nothing says where books lie.
    #[error(
        "nothing says where books lie: SEALBOOK_HOME, XDG_STATE_HOME and HOME are not set; set SEALBOOK_HOME to a directory"
    )]
    HomeUnknown,
    /// No book was installed, and none was given.
    #[error("no book is installed; call `Book::install` first, or name one with `book = …`")]
    BookNotInstalled,
    /// An argument that JSON cannot write.
    #[error("argument `{name}` cannot be recorded: JSON cannot write it; capture a text made of it")]
    ArgumentUnwritable {
        /// The argument.
        name: String,
    },
    /// An action that nobody wrote down.
    #[error("there is no action {audit_id}; name it by what `log_action` gave")]
    ActionMissing {
        /// What was asked for.
        audit_id: Uuid,
    },
    /// An action that has ended already.
    #[error("the action {audit_id} is {status} already; an action ends once")]
    ActionEnded {
        /// The action.
        audit_id: Uuid,
        /// How it stands.
        status: OperationStatus,
    },
    /// A rule, the stop, the record, or the book.
    #[error(transparent)]
    Flow(#[from] sealbook_flow::Error),
    /// The book.
    #[error(transparent)]
    Store(#[from] sealbook_store::Error),
}

impl Error {
    /// The stable code; each has a page under `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameInvalid { .. } => "name_invalid",
            Self::HomeUnknown => "home_unknown",
            Self::BookNotInstalled => "book_not_installed",
            Self::ArgumentUnwritable { .. } => "argument_unwritable",
            Self::ActionMissing { .. } => "action_missing",
            Self::ActionEnded { .. } => "action_ended",
            Self::Flow(e) => e.code(),
            Self::Store(e) => e.code(),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

/// Why a scope gave no value.
#[derive(Debug, thiserror::Error)]
pub enum RunError<E> {
    /// Nothing was done.
    #[error(transparent)]
    Refused(Error),
    /// It was done and failed, which is on record.
    #[error("{0}")]
    Failed(E),
}

impl<E: Into<Self>> From<RunError<E>> for std::io::Error {
    fn from(error: RunError<E>) -> Self {
        match error {
            RunError::Refused(error) => error.into(),
            RunError::Failed(error) => error.into(),
        }
    }
}
