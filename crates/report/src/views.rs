//! One file per thing shown.

mod activity;
mod assessment;
mod audit;
mod authorship;
mod baselines;
mod bom;
mod book;
mod chronicle;
mod completeness;
mod difference;
mod documents;
mod equivocation;
mod findings;
mod health;
mod history;
mod marked;
mod observed;
mod operations;
mod policy;
mod record;
mod records;
mod review;
mod saga;
mod section;
mod tallies;
mod tools;
mod undo;
mod verification;
mod words;
mod workflows;

pub use activity::ActorActivity;
pub use assessment::{AssessmentDetail, CatalogueList};
pub(crate) use assessment::{Group, text_of};
pub use audit::{AuditPage, AuditReport, AuditRun, AuditSummary, SourceCoverage, findings_of};
pub use authorship::AuthorshipDetail;
pub use baselines::{BaselineDetail, BaselineLine, BaselineList, SavedBaseline};
pub use book::{BackupDetail, HeadDetail, KeyList, ReceiptDetail, SealedDetail, Status};
pub use chronicle::{Chronicle, RunTally};
pub use completeness::{Gaps, IncompleteAudit};
pub use difference::DifferenceDetail;
pub use documents::DocumentList;
pub use equivocation::EquivocationDetail;
pub use findings::Findings;
pub use health::HealthReport;
pub use history::{OperationHistory, TargetHistory};
pub use marked::MarkedRecord;
pub use observed::Observed;
pub use operations::OperationList;
pub use policy::{
    AlertList, ApprovalList, ComplianceReport, ReplayReport, ReplayedRule, RuleCheck, RuleList, StopList,
};
pub use record::RecordDetail;
pub use records::{RecordLine, RecordList};
pub use review::ReviewDetail;
pub use saga::{SagaDetail, SagaList};
pub use tallies::OperationStats;
pub use tools::{ToolDetail, ToolLine, ToolList, ToolResult};
pub use undo::{CertificateDetail, UndoPreview};
pub use verification::Verification;
pub use workflows::{
    ReplayList, Replayed, RunDetail, RunList, WorkflowChanged, WorkflowDetail, WorkflowDiff, WorkflowList,
    WorkflowValidation,
};
