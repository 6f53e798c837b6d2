//! How the world is read: sources turn it into records, analyzers turn records into findings,
//! the collector decides when and writes down what was covered and what was not.
//!
//! A source never decides what may be stored: it hands out [`sealbook_policy::Raw`] and policy
//! redacts. Nothing here opens a book, reads a clock, draws randomness or looks at the
//! environment: [`Sink`], [`Prior`] and [`Stamp`] bring all of that in.
//!
//! **Invariants**
//!
//! - Records leave through the [`Sink`] as they are made; memory does not grow with the target.
//! - What was not read is said in [`Coverage`]. A run that skipped something is *incomplete*,
//!   never clean.
//! - A run is one operation: `audit.run` is sealed as an intent before anything is read, and as an
//!   outcome when all sources and analyzers are done.

mod analyzer;
mod authorship;
mod book;
mod collector;
mod coverage;
mod error;
mod keep;
mod path;
mod picture;
mod prior;
mod progress;
mod reach;
mod schedule;
mod secrets;
mod sink;
mod source;
mod stream;
mod suppression;

pub use analyzer::{
    ANALYZERS, Analyzer, AnalyzerMetadata, Catalogue, ComplianceAnalyzer, Control, DriftAnalyzer, Feature, Fold,
    GitAnalyzer,
    LogAnalyzer, Mapping, ModuleAnalyzer, QualityAnalyzer, Resumable, Scope, SecurityAnalyzer, ServiceAnalyzer, analyzer,
    catalogues, catalogues_of, mapping,
};
pub use authorship::{Authorship, LineRun, Writer, WritingCall, WritingCommit};
pub use book::{Book, BookSink};
pub use collector::{Analysis, Audit, Batch, SourceRun};
pub use coverage::{Coverage, Skipped};
pub use error::Error;
pub use keep::{Keeper, Kept};
pub use path::TreePath;
pub use picture::{
    BASELINE_BYTES_MAX, Baseline, Difference, FileDifference, Files, Found, Moment, Picture, ReferenceDifference,
};
pub use prior::{Derived, Prior, Sealed, Selection};
pub use progress::{Progress, Silent};
pub use reach::{Answered, Asked, NoReach, Program, Ran, Reach, ServiceOptions, Trust, Unreached};
pub use schedule::{DUE_COUNTED_MAX, Due, Schedule};
pub use sink::{SeqRange, Sink};
pub use source::file::{FileChange, TreeState};
pub use source::log::LogOptions;
pub use source::quality::QualityOptions;
pub use source::security::SecurityOptions;
pub use source::trail::{Seen, TrailFacts, TrailSource};
pub use source::{
    ComplianceOptions, FileOptions, GitOptions, ModuleOptions, OptionHelp, Options, Refs, Request, Run, SOURCES,
    Source, SourceMetadata, Stamp, source,
};
pub use source::{file, git, log, module, quality, security, service};
pub use stream::{Gap, Now, Sighted, Sort, Stream, Window};
pub use suppression::{LIFTED, SUPPRESSED, Suppression, Suppressions};
