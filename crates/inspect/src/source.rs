//! What a source is, what it is asked, and which ones there are.

pub mod file;
pub mod git;
pub mod log;
pub mod module;
pub mod quality;
pub mod security;
pub mod service;
pub(crate) mod trail;

use std::path::{Path, PathBuf};

use sealbook_ledger::{Phase, Uuid};
use sealbook_record::{Actor, Category, DEFAULT_TENANT, Outcome, Record, Target, TargetKind, Timestamp};
use serde::Serialize;

use crate::{Coverage, Error, Prior, Progress, Reach, ServiceOptions, Sink, TreePath};

/// The target with its links followed.
pub(crate) fn resolved(target: &Path) -> Result<PathBuf, Error> {
    target.canonicalize().map_err(|cause| match cause.kind() {
        std::io::ErrorKind::NotFound => Error::TargetNotFound { path: target.to_owned() },
        _ => Error::TargetUnreadable { path: target.to_owned(), cause },
    })
}

/// Refuses a file where the source of that name reads trees.
pub(crate) fn refuse_file(name: &'static str, target: &Path) -> Result<(), Error> {
    if target.is_file() {
        return Err(Error::TargetUnsupported { name, path: target.to_owned(), needs: "a directory" });
    }
    Ok(())
}

/// Reads one part of the world into records.
///
/// A source holds no state between runs: what it knew last time comes from [`Prior`]. It gives up
/// (`Err`) only when it can cover nothing; whatever else goes wrong is a skip in the [`Coverage`].
pub trait Source: Sync {
    /// Name, version, what it reads and which options it takes.
    fn metadata(&self) -> &'static SourceMetadata;

    /// Whether it can read targets of this kind.
    fn supports(&self, kind: TargetKind) -> bool {
        self.metadata().kinds.contains(&kind)
    }

    /// Refuses what it could never read, before anything is written.
    fn accepts(&self, _target: &Path) -> Result<(), Error> {
        Ok(())
    }

    /// Whether these options ask for a part of the target only. Analyzers then read what the run sealed, not
    /// all that the book holds of the project.
    fn selects(&self, _options: &Options) -> bool {
        false
    }

    /// Reads the target, hands each record to `sink`, and says what was covered.
    fn collect(
        &self,
        request: &Request<'_>,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error>;
}

/// Every source, in the order in which a run visits them.
pub static SOURCES: &[&dyn Source] = &[
    &git::GitSource,
    &file::FileSource,
    &module::ModuleSource,
    &log::LogSource,
    &service::ServiceSource,
    &quality::QualitySource,
    &security::SecuritySource,
];

/// The source of that name.
///
/// Plural forms are accepted: `logs` is `log`, `services` is `service`.
pub fn source(name: &str) -> Result<&'static dyn Source, Error> {
    let name = match name {
        "logs" => "log",
        "services" => "service",
        name => name,
    };
    SOURCES.iter().copied().find(|s| s.metadata().name == name).ok_or_else(|| Error::UnknownSource {
        name: name.to_owned(),
        known: SOURCES.iter().map(|s| s.metadata().name).collect::<Vec<_>>().join(", "),
    })
}

/// What a source says of itself; help texts and the reference are made from it.
#[derive(Debug)]
pub struct SourceMetadata {
    /// Short name: `git`, `file`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Changes whenever the records it makes change.
    pub version: &'static str,
    /// Target kinds it reads.
    pub kinds: &'static [TargetKind],
    /// Actions of the records it makes.
    pub actions: &'static [&'static str],
    /// Options it takes.
    pub options: &'static [OptionHelp],
}

/// One option of a source.
#[derive(Debug)]
pub struct OptionHelp {
    /// Its name on a command line, without dashes.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
}

/// Time and identity, which come from outside.
pub trait Stamp: Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// A new record id, later than every one before it.
    fn id(&self) -> Uuid;
    /// The keyed digest of a secret; none where no key is at hand, and then nothing is kept of it.
    fn digest(&self, _secret: &[u8]) -> Option<String> {
        None
    }
}

/// The run a record belongs to, and on whose behalf it is made.
#[derive(Debug, Clone)]
pub struct Run {
    /// The operation that all records of the run share.
    pub id: Uuid,
    /// Whose ledger.
    pub tenant: String,
    /// Who asked for the run.
    pub actor: Actor,
    /// Agent or user session.
    pub session: Option<String>,
    /// The project the target belongs to; analyzers read the records of one project.
    pub project: Option<String>,
    /// Why the run was asked for.
    pub reason: Option<String>,
}

impl Run {
    /// A run of the default tenant with nothing but an id and an actor.
    pub fn new(id: Uuid, actor: Actor) -> Self {
        Self { id, tenant: DEFAULT_TENANT.to_owned(), actor, session: None, project: None, reason: None }
    }
}

/// What a source is asked to read.
pub struct Request<'a> {
    /// Where: a directory, a file, a repository.
    pub target: PathBuf,
    /// What the paths in records are relative to; the target itself (or its directory) where
    /// nothing is given.
    pub base: Option<PathBuf>,
    /// When the run began.
    pub now: Timestamp,
    /// The run.
    pub run: Run,
    /// Options of all sources; each reads its own.
    pub options: Options,
    /// How many threads may work; at least 1.
    pub threads: usize,
    /// Clock and ids.
    pub stamp: &'a dyn Stamp,
    /// Programs and addresses.
    pub reach: &'a dyn Reach,
}

impl Request<'_> {
    /// A new event of this run: actor, tenant, session, project, operation and source are filled in.
    pub fn event(&self, source: &str, action: &str, target: Target, occurred: Timestamp) -> Record {
        let run = &self.run;
        let mut record = Record::event(self.stamp.id(), run.actor.clone(), action, target, occurred);
        record.tenant.clone_from(&run.tenant);
        record.operation = Some(run.id);
        record.phase = Phase::Event;
        record.session.clone_from(&run.session);
        record.project.clone_from(&run.project);
        record.category = Category::Audit;
        record.outcome = Some(Outcome::Ok);
        source.clone_into(&mut record.source);
        record
    }
}

/// Options, one structure per source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Options {
    /// Options of the `file` source.
    pub file: FileOptions,
    /// Options of the `git` source.
    pub git: GitOptions,
    /// Options of the `log` source.
    #[serde(skip_serializing_if = "log::LogOptions::is_default")]
    pub log: log::LogOptions,
    /// Options of the `module` source.
    #[serde(skip_serializing_if = "ModuleOptions::is_default")]
    pub module: ModuleOptions,
    /// Options of the `security` source, and of the `git` source where that looks for secrets.
    #[serde(skip_serializing_if = "security::SecurityOptions::is_default")]
    pub security: security::SecurityOptions,
    /// Options of the `compliance` analyzer.
    #[serde(skip_serializing_if = "ComplianceOptions::is_default")]
    pub compliance: ComplianceOptions,
    /// Options of the `service` source.
    #[serde(skip_serializing_if = "ServiceOptions::is_default")]
    pub service: ServiceOptions,
    /// Options of the `quality` source.
    #[serde(skip_serializing_if = "quality::QualityOptions::is_default")]
    pub quality: quality::QualityOptions,
}

/// Options of the `file` source.
#[derive(Debug, Clone, Serialize)]
pub struct FileOptions {
    /// Only files whose path below the target matches this glob (`base/**/*.py`).
    pub pattern: Option<String>,
    /// Read and hash contents (on by default).
    pub include_hash: bool,
    /// One record for every file, changed or not.
    pub per_file: bool,
    /// Leave out what `.gitignore` leaves out and git does not track (on by default). Holds for every source that
    /// reads a tree.
    pub ignore_files: bool,
    /// Read every file, also where size, times and inode are what they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paranoid: bool,
}

impl Default for FileOptions {
    fn default() -> Self {
        Self { pattern: None, include_hash: true, per_file: false, ignore_files: true, paranoid: false }
    }
}

/// Options of the `git` source.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GitOptions {
    /// Only commits at or after this time.
    pub since: Option<Timestamp>,
    /// Only commits at or before this time.
    pub until: Option<Timestamp>,
    /// Only commits whose author's name or address contains one of these.
    pub authors: Vec<String>,
    /// Only the history of this file, relative to the repository's root.
    pub file: Option<TreePath>,
    /// Say for each line of `file` which commit wrote it.
    pub blame: bool,
    /// Read and check what earlier runs sealed, too. Nothing is sealed a second time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Which references to walk from; all are recorded.
    pub refs: Refs,
    /// Whose SSH keys are whose, as `ssh-keygen` reads it; else what the repository's configuration names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_signers: Option<PathBuf>,
    /// Look for secrets in the lines that commits added.
    #[serde(rename = "leaks", skip_serializing_if = "std::ops::Not::not")]
    pub secrets: bool,
}

/// Options of the `module` source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ModuleOptions {
    /// Only this module: its name, or its directory seen from the target (with a `/` in it, or `.`).
    pub name: Option<String>,
    /// Measure tests too.
    pub include_tests: bool,
    /// List what the dependencies bring in, too.
    pub include_dependencies: bool,
}

impl ModuleOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What the `compliance` analyzer assesses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ComplianceOptions {
    /// Catalogues by name; all where none is named.
    pub frameworks: Vec<String>,
    /// Only what happened at or after this time is evidence.
    pub since: Option<Timestamp>,
    /// Only what happened at or before this time is evidence.
    pub until: Option<Timestamp>,
}

impl ComplianceOptions {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether that time is asked about.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && self.until.is_none_or(|until| at <= until)
    }
}

/// Which references a run walks from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Refs {
    /// `HEAD` only.
    Head,
    /// `HEAD`, branches, remote branches and tags.
    #[default]
    Usual,
    /// Whatever is under `refs/`, stashes, notes and pull requests among it.
    All,
}
