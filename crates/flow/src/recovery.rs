//! What to do when a call fails: try again where that may be done, take something else instead, or leave it to a
//! person. Every attempt is two records, and all attempts are one operation.

mod call;
mod fallback;
mod retry;
mod retry_after;
mod run;
mod transient;

pub use call::{Attempt, Call, Done, Repeat, Success};
pub use fallback::{Answer, DoneOrTask, ManualTask};
pub use retry::{Failed, Next, Retry, Why};
pub use retry_after::RetryAfter;
pub use run::Recovery;
pub use transient::{Cause, Fault, TRANSIENT};
