//! Whether to try again, and when. Pure: clock and randomness are arguments.

use std::fmt;
use std::time::Duration;

use sealbook_record::Timestamp;

use super::{Fault, Repeat};

/// How often to try again, how long to wait, and when to give up.
///
/// The wait is exponential backoff with full jitter: anything between nothing and the ceiling, which doubles with
/// each failed attempt up to the cap. (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts after the first: 3 retries are 4 attempts.
    pub retries: u32,
    /// The ceiling of the first wait.
    pub base: Duration,
    /// No ceiling is higher.
    pub cap: Duration,
    /// From the beginning of the first attempt to the end of the last: no attempt lasts longer, and none begins
    /// later. `Retry-After` is not cut by the cap; what it asks for beyond this ends the call.
    pub deadline: Duration,
}

impl Default for Retry {
    /// 3 retries, from 1 second up to 30, within 2 minutes.
    fn default() -> Self {
        Self {
            retries: 3,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            deadline: Duration::from_mins(2),
        }
    }
}

/// A failed attempt, and the moment after it.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// How it failed.
    pub fault: &'a Fault,
    /// Whether the call may be repeated.
    pub repeat: &'a Repeat,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// The time since the first attempt began.
    pub passed: Duration,
    /// The wall clock.
    pub now: Timestamp,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, after this wait.
    Retry(Duration),
    /// None.
    End(Why),
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The failure is none that passes by itself.
    Permanent,
    /// The call is neither idempotent nor does it carry an idempotency key.
    MayNotRepeat,
    /// All retries are used up.
    Spent,
    /// The deadline has passed, or would pass while waiting.
    Deadline,
}

impl Why {
    /// The word for it in records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::MayNotRepeat => "may_not_repeat",
            Self::Spent => "retries_spent",
            Self::Deadline => "deadline",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "trying again would not help",
            Self::MayNotRepeat => "it may not be repeated",
            Self::Spent => "no retry left",
            Self::Deadline => "no time left",
        })
    }
}

impl Retry {
    /// One attempt within the deadline, no other.
    #[must_use]
    pub fn never(self) -> Self {
        Self { retries: 0, ..self }
    }

    /// How many attempts there are at most.
    pub const fn attempts(&self) -> u32 {
        self.retries.saturating_add(1)
    }

    /// The longest wait after the failed attempt of this number, from 1: the base, doubled with each, capped.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// What follows a failed attempt. `random` is 64 uniform bits.
    ///
    /// Where the other side named a time, the jitter comes on top of it: those who were told the same do not come
    /// back at the same moment. No wait reaches the deadline's end.
    pub fn next(&self, failed: &Failed<'_>, random: u64) -> Next {
        let why = if !failed.fault.cause.is_transient() {
            Some(Why::Permanent)
        } else if *failed.repeat == Repeat::No
            || (*failed.repeat == Repeat::IfRefused && failed.fault.cause.is_undecided())
        {
            Some(Why::MayNotRepeat)
        } else if failed.attempt >= self.attempts() {
            Some(Why::Spent)
        } else {
            None
        };
        if let Some(why) = why {
            return Next::End(why);
        }
        let left = self.deadline.saturating_sub(failed.passed);
        let asked = failed.fault.retry_after.map_or(Duration::ZERO, |after| after.from(failed.now));
        let Some(room) = left.checked_sub(asked).filter(|room| !room.is_zero()) else {
            return Next::End(Why::Deadline);
        };
        Next::Retry(asked + jitter(self.ceiling(failed.attempt).min(room), random))
    }
}

/// A part of `span`, below all of it.
fn jitter(span: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(nanos) * u128::from(random)) >> 64) as u64)
}
