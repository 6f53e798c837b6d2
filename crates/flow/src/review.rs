//! Policy review: model-assisted, not legal advice.
//!
//! A model is shown a redacted action and its context, and says what it thinks of it. What it says is advice with
//! one direction: an [`Advice`] can make a decision of the rules stricter and has no way to make it milder. What
//! cannot be read means that a person decides; what fails means no.

mod advice;
mod answer;
mod conditions;
mod domain;
mod prompt;
mod reviewer;
mod workflow;

pub use advice::Advice;
pub use answer::{ComplianceStatus, Review, RiskLevel};
pub use conditions::{ConditionsMet, Evidence};
pub use domain::{Domain, Domains};
pub use reviewer::{ReviewRequest, Reviewed, Reviewer, Standing};
pub use workflow::record_workflow;

/// What it is called wherever it is shown.
pub const REVIEW_NAME: &str = "policy review (model-assisted, not legal advice)";
