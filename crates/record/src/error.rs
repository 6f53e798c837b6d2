//! What can be wrong with a record that is read. No message quotes content.

use std::fmt;

/// A place in a JSON text: line and column count from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A word outside a closed set.
    #[error("`{field}` is not one of the known words; write one of: {allowed}")]
    Vocabulary {
        /// The field.
        field: &'static str,
        /// The words it may hold.
        allowed: String,
    },
    /// The text is not JSON.
    #[error("{place}: this is not JSON ({what}); give one JSON object")]
    Json {
        /// Where the reader gave up.
        place: Place,
        /// What kind of mistake.
        what: &'static str,
    },
    /// A field has a value that it cannot have.
    #[error("{place}: `{field}` must be {expected}; correct the value there")]
    Field {
        /// The field, dotted: `target.id`.
        field: String,
        /// Where its value stands.
        place: Place,
        /// What it may be.
        expected: String,
    },
    /// A field that no record has.
    #[error("{place}: {field} is not a field of a record; remove it, or put it under `metadata`")]
    UnknownField {
        /// The field in backticks, or "this name" where quoting it could give a secret away.
        field: String,
        /// Where its value stands.
        place: Place,
    },
    /// A field given twice.
    #[error("{place}: `{field}` is given twice; keep one")]
    DuplicateField {
        /// The field.
        field: String,
        /// Where the second one stands.
        place: Place,
    },
    /// A field that is needed is not there.
    #[error("`{field}` is missing; every record has one")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// A text that is not a time.
    #[error(
        "this is not a time; write 2024-01-31, 2024-01-31T10:00:00Z, `7 days ago` or `now`, within the years 0 to 9999"
    )]
    Time,
    /// A text that is not a length of time.
    #[error("this is not a length of time; write `24h`, `90 min` or `7 days`, more than nothing, in weeks or less")]
    Duration,
    /// A sealed statement or part that this version cannot read.
    #[error("the stored {what} cannot be read as part of a record; verify the book, or read it with a newer version")]
    Stored {
        /// `statement` or the name of a part.
        what: &'static str,
    },
    /// No dialect of that name.
    #[error("there is no dialect of that name; known are {known}")]
    Dialect {
        /// The names there are.
        known: String,
    },
}

impl Error {
    /// The place in the text, where the error has one.
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Json { place, .. }
            | Self::Field { place, .. }
            | Self::UnknownField { place, .. }
            | Self::DuplicateField { place, .. } => Some(*place),
            _ => None,
        }
    }

    /// Stable name of the kind of error; `docs/errors/<code>.md` explains it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Vocabulary { .. } => "unknown_word",
            Self::Json { .. } => "invalid_json",
            Self::Field { .. } => "invalid_field",
            Self::UnknownField { .. } => "unknown_field",
            Self::DuplicateField { .. } => "duplicate_field",
            Self::MissingField { .. } => "missing_field",
            Self::Time => "invalid_time",
            Self::Duration => "invalid_duration",
            Self::Stored { .. } => "stored_record_unreadable",
            Self::Dialect { .. } => "unknown_dialect",
        }
    }
}
