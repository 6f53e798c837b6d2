//! How it is told: stored data as something to read.
//!
//! A [`View`] is one thing worth showing: a list of records, one record, a
//! verification, a whole audit. It says what a person reads (a [`Document`])
//! and what a program reads (JSON); [`render`] writes either in a [`Format`].
//! Views borrow what the store hands out and add nothing to it.
//!
//! This crate never prints, never looks at a terminal, a clock or the
//! environment, and opens no file: whoever calls it says how wide the screen is
//! and where to write. It decides nothing either: what it shows was checked by
//! whoever read it.
//!
//! **Invariants**
//!
//! - Text from records is hostile. No control character, escape sequence,
//!   bidirectional override or invisible character of it reaches a terminal; no
//!   markup of it reaches Markdown or HTML; in JSON they are written as escapes.
//! - A page of HTML loads nothing, sends nothing, and runs no script but its own.
//! - Times are RFC 3339 in UTC.
//! - JSON is what the record says, digit for digit; the other formats may cut
//!   long text, and say so where they do.

mod brief;
mod document;
mod error;
mod format;
mod html;
mod json;
mod markdown;
mod oscal;
mod sarif;
mod terminal;
mod text;
mod view;
mod views;

pub use brief::{Brief, files_of};
pub use document::{Block, Column, Document, Piece, Row, Text, Tone};
pub use error::Error;
pub use format::{Format, Screen};
pub use html::{Carried, Extent, Page, bundle_in};
pub use text::{is_unseen, shown};
pub use view::{View, render};
pub use views::{
    ActorActivity, AlertList, ApprovalList, AssessmentDetail, AuditPage, AuditReport, AuditRun, AuditSummary,
    AuthorshipDetail, BackupDetail, BaselineDetail, BaselineLine, BaselineList, CatalogueList, CertificateDetail,
    Chronicle, ComplianceReport, DifferenceDetail, DocumentList, EquivocationDetail, Findings, Gaps, HeadDetail,
    HealthReport, IncompleteAudit, KeyList, MarkedRecord, Observed, OperationHistory, OperationList, OperationStats,
    ReceiptDetail, RecordDetail, RecordLine, RecordList, ReplayList, ReplayReport, Replayed, ReplayedRule,
    ReviewDetail, RuleCheck, RuleList, RunDetail, RunList, RunTally, SagaDetail, SagaList, SavedBaseline, SealedDetail,
    SourceCoverage, Status, StopList, TargetHistory, ToolDetail, ToolLine, ToolList, ToolResult, UndoPreview,
    Verification, WorkflowChanged, WorkflowDetail, WorkflowDiff, WorkflowList, WorkflowValidation, findings_of,
};
