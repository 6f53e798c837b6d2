//! Why a record is not admitted. No message quotes content.

use crate::limits;

/// Why a record is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A part holds more than it may.
    #[error(
        "part `{part}` has {size} bytes, a part holds at most {limit}; keep a digest and the size of the large value instead",
        limit = limits::PART_BYTES_MAX
    )]
    ValueTooLarge {
        /// The part.
        part: &'static str,
        /// Its size in bytes.
        size: usize,
    },
    /// Values lie in each other deeper than they may.
    #[error("part `{part}` is nested deeper than {limit} levels; flatten it, or give it as a text", limit = limits::DEPTH_MAX)]
    NestingTooDeep {
        /// The part.
        part: &'static str,
    },
    /// A field of the statement is longer than it may be.
    #[error("`{field}` has {size} bytes, at most {limit} are kept; shorten it, or put the text into a part")]
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Its size in bytes.
        size: usize,
        /// What it may be.
        limit: usize,
    },
    /// A field of the statement is empty that must not be.
    #[error("`{field}` is empty; every record names one")]
    FieldEmpty {
        /// The field.
        field: &'static str,
    },
    /// More tags than a record may have.
    #[error("{count} tags, a record has at most {limit}; drop some, or put them into `metadata`", limit = limits::TAGS_MAX)]
    TooManyTags {
        /// How many there are.
        count: usize,
    },
    /// The tenant looks like a secret. It names a ledger and cannot be redacted.
    #[error("the tenant looks like a secret ({detector}); give the tenant a name that is none")]
    SecretInTenant {
        /// What it looks like.
        detector: &'static str,
    },
}

impl Error {
    /// Stable name of the kind of error; `docs/errors/<code>.md` explains it.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ValueTooLarge { .. } => "value_too_large",
            Self::NestingTooDeep { .. } => "nesting_too_deep",
            Self::FieldTooLong { .. } => "field_too_long",
            Self::FieldEmpty { .. } => "field_empty",
            Self::TooManyTags { .. } => "too_many_tags",
            Self::SecretInTenant { .. } => "secret_in_tenant",
        }
    }
}
