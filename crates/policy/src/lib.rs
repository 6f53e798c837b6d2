//! What may be written and done: redaction, limits, and the place where rules decide.
//!
//! Data goes one way, and the types say so: [`Raw`] → [`Redacted`] → [`Judged`]. The constructors of the last
//! two are private, so that skipping redaction or judgement does not compile. Everything here is pure: no
//! disk, no clock, no randomness.
//!
//! What this crate never does: quote, log or return a value that it took out.

mod error;
mod key;
mod limits;
mod policy;
mod redact;
mod shares;
mod stages;

pub use error::Error;
pub use key::DigestKey;
pub use limits::{DEPTH_MAX, PART_BYTES_MAX};
pub use policy::Policy;
pub use redact::{PLACEHOLDER, redact_text};
pub use shares::in_shares;
pub use stages::{Decision, Judged, Parts, Raw, Redacted};
