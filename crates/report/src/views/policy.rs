//! What policy holds and says: rules, replays, stops, approvals, alerts, compliance.

mod alerts;
mod approvals;
mod compliance;
mod replay;
mod rules;
mod stops;

pub use alerts::AlertList;
pub use approvals::ApprovalList;
pub use compliance::ComplianceReport;
pub use replay::{ReplayReport, ReplayedRule};
pub use rules::{RuleCheck, RuleList};
pub use stops::StopList;
