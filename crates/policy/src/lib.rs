//! What may be written and done: redaction, limits, and the place where rules decide.
//!
//! Data goes one way, and the types say so: [`Raw`] → [`Redacted`] → [`Judged`]. The constructors of the last
//! two are private, so that skipping redaction or judgement does not compile. Everything here is pure: no
//! disk, no clock, no randomness.
//!
//! What this crate never does: quote, log or return a value that it took out.

mod compliance;
mod error;
mod key;
mod limits;
mod locked;
mod policy;
mod redact;
mod reserved;
mod retention;
mod rules;
mod shares;
mod stages;
mod state;
mod verdict;

pub use compliance::{Compliance, report_id};
pub use error::Error;
pub use key::DigestKey;
pub use limits::{DEPTH_MAX, PART_BYTES_MAX, is_too_deep};
pub use locked::{LockError, LockedKey, PASSPHRASE_CHARS_MIN};
pub use policy::Policy;
pub use redact::{PLACEHOLDER, redact_text};
pub use reserved::{is_of_runs, is_reserved};
pub use retention::{HOLD_ACTIONS, HOLD_ALL, Holds, Kept};
pub use rules::{Expression, ExpressionError, Reading, Replayed, Rule, RuleError, RuleSet, Scope};
pub use shares::in_shares;
pub use stages::{Decision, Judged, Parts, Raw, Redacted};
pub use state::{
    Alert, Alerts, Approval, ApprovalState, Approvals, Call, Choice, Conditions, Decided, HeldRule, PIN_ACTION,
    Standing, State, Stop, StopKind, StopScope, Tallies, Tally, Yes, alert_about,
};
pub use verdict::{Consent, Fail, Hit, Mode, Verdict};
