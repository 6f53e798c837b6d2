//! What an analyzer is, and which ones there are.

mod compliance;
mod drift;
mod git;
mod log;
mod module;
mod quality;
mod security;
mod service;

pub use compliance::{Catalogue, ComplianceAnalyzer, Control, Feature, Mapping, catalogues, catalogues_of, mapping};
pub use drift::DriftAnalyzer;
pub use git::GitAnalyzer;
pub use log::LogAnalyzer;
pub use module::ModuleAnalyzer;
pub use quality::QualityAnalyzer;
pub use security::SecurityAnalyzer;
pub use service::ServiceAnalyzer;

use sealbook_record::{Finding, Timestamp};

use crate::{Difference, Error, Progress, Sealed, Suppressions};

/// Reads records into findings. Pure: the same records give the same findings.
pub trait Analyzer: Sync {
    /// Name, version, what it reads and which rules it holds.
    fn metadata(&self) -> &'static AnalyzerMetadata;

    /// Whether it reads records of this source.
    fn supports(&self, source: &str) -> bool {
        self.metadata().sources.contains(&source)
    }

    /// Whether it reads all records of a book, whatever their source and project.
    fn reads_all(&self) -> bool {
        false
    }

    /// Itself, if it need not read everything again.
    fn resumable(&self) -> Option<&dyn Resumable> {
        None
    }

    /// Reads the records (oldest first, each only once; a record sealed by several runs comes
    /// several times) and gives what it saw. Each finding cites the records it rests on.
    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        scope: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error>;
}

/// An analyzer that can put down what it counted, and go on from there when more was sealed.
///
/// Going on gives the same findings as reading everything again.
pub trait Resumable: Sync {
    /// Begins with nothing.
    fn begin(&self, scope: &Scope<'_>) -> Box<dyn Fold>;

    /// Goes on from what an analysis of the same version put down; `None` where it cannot, and everything is read again.
    fn resume(&self, state: &[u8], scope: &Scope<'_>) -> Option<Box<dyn Fold>>;
}

/// An analysis that is under way.
pub trait Fold {
    /// Takes in the next record.
    fn record(&mut self, sealed: Sealed);

    /// All that was counted so far, as bytes. The run that is being read must be over.
    fn state(&self) -> Vec<u8>;

    /// What it saw.
    fn finish(self: Box<Self>) -> Vec<Finding>;
}

/// Every analyzer, in the order in which a run asks them.
pub static ANALYZERS: &[&dyn Analyzer] = &[
    &git::GitAnalyzer,
    &module::ModuleAnalyzer,
    &log::LogAnalyzer,
    &service::ServiceAnalyzer,
    &quality::QualityAnalyzer,
    &security::SecurityAnalyzer,
    &drift::DriftAnalyzer,
    &compliance::ComplianceAnalyzer::OF_ALL,
];

/// The analyzer of that name.
pub fn analyzer(name: &str) -> Result<&'static dyn Analyzer, Error> {
    ANALYZERS.iter().copied().find(|a| a.metadata().name == name).ok_or_else(|| Error::UnknownAnalyzer {
        name: name.to_owned(),
        known: ANALYZERS.iter().map(|a| a.metadata().name).collect::<Vec<_>>().join(", "),
    })
}

/// What an analyzer says of itself.
#[derive(Debug)]
pub struct AnalyzerMetadata {
    /// Short name: `git`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Changes whenever its findings change.
    pub version: &'static str,
    /// Sources whose records it reads.
    pub sources: &'static [&'static str],
    /// Actions of the records it reads.
    pub actions: &'static [&'static str],
    /// Its rules; "nothing found" with no rules is not clean.
    pub rules: &'static [&'static str],
}

/// What an analysis is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The project whose records are read, where the run named one.
    pub project: Option<&'a str>,
    /// When the run began.
    pub now: Timestamp,
    /// What is different from the baseline, where the run was given one.
    pub since_baseline: Option<&'a Difference>,
    /// What is lived with, where that is known. It is taken out of what an analyzer finds; one that counts and weighs
    /// what others found leaves it out.
    pub suppressed: Option<&'a Suppressions>,
}

impl Scope<'_> {
    /// Whether a decision to live with this finding holds.
    pub fn is_suppressed(&self, finding: &str) -> bool {
        self.suppressed.is_some_and(|suppressed| suppressed.holds(finding, self.now))
    }
}
