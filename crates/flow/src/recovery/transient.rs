//! What passes by itself: the one table of it.

use std::fmt;

use super::RetryAfter;

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// An HTTP answer with this status.
    Status(u16),
    /// No answer in time.
    Timeout,
    /// No connection was made: nothing was sent.
    Connect,
    /// The connection broke while the call was under way.
    Lost,
    /// The other side takes nothing for now: a mail server's answer of the 4yz class (RFC 5321 section 4.2.1).
    NotNow,
    /// A model's provider says that there were too many requests, or that it is overloaded.
    RateLimit,
    /// A model's provider says that a quota is used up.
    Quota,
    /// An answer that cannot be read: it may have been done all the same.
    Unreadable,
    /// Anything that trying again does not mend.
    Permanent,
}

/// The causes that pass by themselves, and no others.
///
/// HTTP statuses: RFC 9110 sections 15.5.9 and 15.6, RFC 8470 section 5.2 (425), RFC 6585 section 4 (429).
pub static TRANSIENT: &[Cause] = &[
    Cause::Status(408),
    Cause::Status(425),
    Cause::Status(429),
    Cause::Status(500),
    Cause::Status(502),
    Cause::Status(503),
    Cause::Status(504),
    Cause::Timeout,
    Cause::Connect,
    Cause::Lost,
    Cause::NotNow,
    Cause::RateLimit,
    Cause::Quota,
];

impl Cause {
    /// Whether trying again may help.
    pub fn is_transient(self) -> bool {
        TRANSIENT.contains(&self)
    }

    /// Whether nobody knows if the call took effect: it was sent, and no answer says.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Timeout | Self::Lost | Self::Unreadable | Self::Status(408 | 500 | 502 | 504))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Connect => f.write_str("no connection"),
            Self::Lost => f.write_str("the connection broke"),
            Self::NotNow => f.write_str("not for now"),
            Self::RateLimit => f.write_str("rate limit"),
            Self::Quota => f.write_str("quota exceeded"),
            Self::Unreadable => f.write_str("an answer that cannot be read"),
            Self::Permanent => f.write_str("a lasting failure"),
        }
    }
}

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What sort of failure it was.
    pub cause: Cause,
    /// What there is to say beyond that. It is recorded and shown: never content, never a key.
    pub detail: Option<String>,
    /// When the other side wants to be asked again.
    pub retry_after: Option<RetryAfter>,
}

impl Fault {
    /// A failure of this sort.
    pub const fn new(cause: Cause) -> Self {
        Self { cause, detail: None, retry_after: None }
    }

    /// A failure that trying again does not mend.
    pub fn permanent(detail: impl Into<String>) -> Self {
        Self::new(Cause::Permanent).with_detail(detail)
    }

    /// The same, with more to say.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The same, with the value of a `Retry-After`; one that cannot be read says nothing.
    #[must_use]
    pub fn with_retry_after(self, value: &str) -> Self {
        Self { retry_after: RetryAfter::read(value), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.detail, self.cause) {
            (Some(detail), Cause::Permanent) => f.write_str(detail),
            (Some(detail), cause) => write!(f, "{cause}: {detail}"),
            (None, cause) => write!(f, "{cause}"),
        }
    }
}

impl std::error::Error for Fault {}
