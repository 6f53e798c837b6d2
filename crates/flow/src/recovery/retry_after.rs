//! `Retry-After`: RFC 9110 section 10.2.3.

use std::time::{Duration, UNIX_EPOCH};

use sealbook_record::Timestamp;

/// When the other side wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so many seconds.
    Seconds(u64),
    /// Not before this time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header's value: whole seconds, or a date in one of the three forms of HTTP.
    ///
    /// `None` for anything else. More seconds than a number holds are as many as it holds.
    pub fn read(value: &str) -> Option<Self> {
        let value = value.trim_matches([' ', '\t']);
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        let since = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self::At(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))))
    }

    /// How long that is from now; nothing for a date that has passed.
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(at) => {
                let us = at.as_micros().saturating_sub(now.as_micros());
                Duration::from_micros(u64::try_from(us).unwrap_or(0))
            }
        }
    }
}
