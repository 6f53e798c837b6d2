//! What stops a source, an analyzer or a run.

use std::error::Error as StdError;
use std::path::PathBuf;

use sealbook_record::Place;

/// Why something could not be read, analysed or sealed at all.
///
/// What is merely not covered is no error: it is a skip in [`crate::Coverage`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing lies at the target.
    #[error("nothing is at {}: check the path", path.display())]
    TargetNotFound {
        /// The target.
        path: PathBuf,
    },
    /// The target itself cannot be opened.
    #[error("cannot read {}: {cause}; check its permissions, or run as a user who may read it", path.display())]
    TargetUnreadable {
        /// The target.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The source cannot read this kind of target.
    #[error("the {name} source cannot read {}: it needs {needs}", path.display())]
    TargetUnsupported {
        /// The source.
        name: &'static str,
        /// The target.
        path: PathBuf,
        /// What it could read.
        needs: &'static str,
    },
    /// No such source.
    #[error("no source is called {name:?}; there are: {known}")]
    UnknownSource {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such analyzer.
    #[error("no analyzer is called {name:?}; there are: {known}")]
    UnknownAnalyzer {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such catalogue of controls.
    #[error("no catalogue is called {name:?}; there are: {known}, and `all`")]
    UnknownCatalogue {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No such module.
    #[error("no module is called {name:?}, and no directory; there are: {known}")]
    UnknownModule {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A schedule that is none.
    #[error("this is no schedule: {what}; write for example \"0 */6 * * *\" and a zone such as \"Europe/Berlin\"")]
    ScheduleInvalid {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A reference under which no report can be kept.
    #[error(
        "no report can be kept under `{reference}`: {why}; name another with --git-ref, as in refs/sealbook/reports"
    )]
    KeepRefused {
        /// The reference.
        reference: String,
        /// Why.
        why: String,
    },
    /// A report that could not be kept.
    #[error("the report is not kept under `{reference}`: {why}; look at the repository, and ask again")]
    KeepFailed {
        /// The reference.
        reference: String,
        /// Why.
        why: String,
    },
    /// A directory that cannot be watched.
    #[error("cannot watch {}: {cause}; the system's limits are in fs.inotify (sysctl)", path.display())]
    Unwatched {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// No such service.
    #[error("no service is called {name:?}; there are: {known}")]
    UnknownService {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Several modules of that name.
    #[error("several modules are called {name:?}; name one by its path: {paths}")]
    ModuleAmbiguous {
        /// What was asked for.
        name: String,
        /// Where they are.
        paths: String,
    },
    /// A glob that is none.
    #[error("the pattern {pattern:?} is not a glob: {cause}; write for example \"base/**/*.py\"")]
    PatternInvalid {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A file of rules that is none.
    #[error("the rules in {} cannot be read: {cause}; they are TOML in the form of gitleaks' configuration", path.display())]
    RulesInvalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        cause: String,
    },
    /// The manifest of an earlier audit is not whole.
    #[error(
        "the manifest of record {seq} cannot be read back: {what}; compare with another audit, or make a new one with `sealbook repo`"
    )]
    ManifestBroken {
        /// Its place.
        seq: u64,
        /// What is wrong.
        what: String,
    },
    /// A baseline's file that is none.
    #[error("{place} of the baseline: {cause}; save it anew with `sealbook baseline save`, or name another file")]
    BaselineInvalid {
        /// Where.
        place: Place,
        /// What is wrong there.
        cause: &'static str,
    },
    /// A repository that cannot be opened or walked.
    #[error("cannot read the git repository {}: {cause}; `git fsck` there says more", path.display())]
    Repository {
        /// The repository.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A record could not be made.
    #[error("a {action} record could not be written as JSON: {cause}")]
    Encoding {
        /// Its action.
        action: &'static str,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// Whoever asked for the run called it off.
    #[error("it was cancelled before it was done; what was sealed by then stays, and the run is marked as cancelled")]
    Cancelled,
    /// The sink refused a record or could not seal it. Stops the run: nothing may happen unrecorded.
    #[error("the book took no further records: {cause}")]
    Sealing {
        /// The code of the error underneath.
        code: &'static str,
        /// The error underneath.
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// What was sealed before cannot be read.
    #[error("the book's earlier records cannot be read: {cause}")]
    Prior {
        /// The code of the error underneath.
        code: &'static str,
        /// The error underneath.
        cause: Box<dyn StdError + Send + Sync>,
    },
}

impl Error {
    /// Stable code; each has a page in `docs/errors/`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TargetNotFound { .. } => "target_not_found",
            Self::TargetUnreadable { .. } => "target_unreadable",
            Self::TargetUnsupported { .. } => "target_unsupported",
            Self::UnknownSource { .. } => "unknown_source",
            Self::UnknownAnalyzer { .. } => "unknown_analyzer",
            Self::UnknownCatalogue { .. } => "unknown_catalogue",
            Self::UnknownModule { .. } => "unknown_module",
            Self::UnknownService { .. } => "unknown_service",
            Self::ScheduleInvalid { .. } => "schedule_invalid",
            Self::KeepRefused { .. } => "keep_refused",
            Self::KeepFailed { .. } => "keep_failed",
            Self::Unwatched { .. } => "unwatched",
            Self::ModuleAmbiguous { .. } => "module_ambiguous",
            Self::PatternInvalid { .. } => "pattern_invalid",
            Self::RulesInvalid { .. } => "rules_file_invalid",
            Self::ManifestBroken { .. } => "manifest_broken",
            Self::BaselineInvalid { .. } => "baseline_invalid",
            Self::Repository { .. } => "repository_unreadable",
            Self::Encoding { .. } => "record_encoding",
            Self::Cancelled => "cancelled",
            Self::Sealing { code, .. } | Self::Prior { code, .. } => code,
        }
    }

    /// Whether the book itself failed, so that the whole run must stop.
    pub fn is_of_the_book(&self) -> bool {
        matches!(self, Self::Sealing { .. } | Self::Prior { .. })
    }
}
