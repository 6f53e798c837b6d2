//! Dependencies that somebody warns of: advisories from a directory, held against bills of materials.
//!
//! The bills are those that the `module` source sealed in this run, or in the last run that did. Nothing is fetched:
//! a directory is an export of OSV, or a clone of `RustSec`'s database.

mod components;
mod osv;
mod rustsec;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use sealbook_record::Severity;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::components::{Component, Components, Version};
use self::version::{Affected, Verdict};
use super::tell::{AdvisoriesTold, Teller};
use crate::progress::go_on;
use crate::{Coverage, Error, Prior, Progress, Request, Sink, TreePath};

/// Bytes of one advisory.
const FILE_BYTES: u64 = 4 << 20;
/// Files below a directory, at most.
const FILES_MOST: usize = 500_000;
/// Advisories that a skip names.
const SHOWN: usize = 3;
/// Directories in one another.
const DEPTH_MOST: usize = 16;

/// An advisory, as far as it is held against something.
struct Advisory {
    id: String,
    aliases: Vec<String>,
    summary: String,
    severity: Option<Severity>,
    is_withdrawn: bool,
    /// Whether it warns of something other than a hole: nobody looks after it any more.
    is_notice: bool,
    affected: Vec<Package>,
}

/// A package that it warns of.
struct Package {
    ecosystem: Ecosystem,
    name: String,
    affected: Affected,
}

/// Whose names and versions they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ecosystem {
    Cargo,
    Npm,
    Pypi,
    Golang,
    Maven,
}

/// A component of a module that an advisory warns of.
#[derive(Serialize)]
pub(super) struct Match<'a> {
    pub(super) advisory: &'a str,
    pub(super) aliases: &'a [String],
    pub(super) summary: &'a str,
    pub(super) severity: Severity,
    /// The advisory itself says no severity.
    pub(super) severity_is_assumed: bool,
    pub(super) package: &'a str,
    /// Its version; where none is fixed, what the manifest asks for, all of which has the hole.
    pub(super) version: &'a str,
    pub(super) is_open: bool,
    pub(super) ecosystem: Ecosystem,
    /// Versions without the hole, as the advisory says it.
    pub(super) fixed: &'a [String],
    /// The module's directory.
    pub(super) module: &'a str,
    /// The lock file or manifest that names it.
    pub(super) file: &'a str,
    /// The package serves developers alone.
    pub(super) is_dev: bool,
    pub(super) is_notice: bool,
    /// The record with the module's bill of materials.
    pub(super) record: u64,
}

/// What was read of a directory.
struct Database {
    advisories: Vec<Advisory>,
    by_package: HashMap<(Ecosystem, String), Vec<(usize, usize)>>,
    withdrawn: u64,
    unreadable: u64,
    digest: String,
}

pub(super) fn run(
    request: &Request<'_>,
    directory: &Path,
    prior: &dyn Prior,
    teller: &mut Teller<'_>,
    sink: &mut dyn Sink,
    coverage: &mut Coverage,
    progress: &dyn Progress,
) -> Result<(), Error> {
    progress.begin("advisories", None);
    let database = Database::read(directory, coverage, progress)?;
    progress.end();
    let named = || TreePath::from(directory);
    if database.advisories.is_empty() {
        let why = "no advisory was loaded, so no dependency was held against one".to_owned();
        coverage.skip(named(), "no_advisories", Some(why));
    }
    // What the module source told in this run may still be on its way.
    sink.seal()?;
    let components = components::read(request, prior)?;
    if components.modules.is_empty() {
        let why = "no bill of materials is in the book to hold advisories against; audit with the module source too"
            .to_owned();
        coverage.skip(named(), "no_bill_of_materials", Some(why));
    }
    teller.advisories = Some(AdvisoriesTold {
        directory: named(),
        loaded: database.advisories.len() as u64,
        withdrawn: database.withdrawn,
        unreadable: database.unreadable,
        digest: database.digest.clone(),
        modules: components.modules.len(),
        components: components.listed.len(),
    });
    let mut undecided: BTreeMap<&str, u64> = BTreeMap::new();
    for component in &components.listed {
        database.hold(component, &mut undecided, teller, sink, coverage)?;
    }
    for (id, components) in undecided {
        let why = format!("its ranges cannot be compared with the versions of {components} components");
        coverage.skip(TreePath::from(id), "advisory_undecided", Some(why));
    }
    note(&components, coverage);
    Ok(())
}

/// What no advisory names, since it comes from no registry.
fn note(components: &Components, coverage: &mut Coverage) {
    if components.addressed > 0 {
        coverage.notes.push(format!(
            "{} dependencies come from an address and not from a registry; advisories do not name those",
            components.addressed
        ));
    }
}

impl Database {
    fn read(directory: &Path, coverage: &mut Coverage, progress: &dyn Progress) -> Result<Self, Error> {
        let mut files = Vec::new();
        list(directory, 0, &mut files)
            .map_err(|cause| Error::TargetUnreadable { path: directory.to_owned(), cause })?;
        files.sort();
        let mut database = Self {
            advisories: Vec::new(),
            by_package: HashMap::new(),
            withdrawn: 0,
            unreadable: 0,
            digest: String::new(),
        };
        let mut digest = Sha256::new();
        // RustSec's database is published in both forms: the same advisory counts once.
        let mut known = BTreeSet::new();
        for path in &files {
            go_on(progress)?;
            progress.advance(1);
            let read = read(path);
            if let Ok(text) = &read {
                digest.update(Sha256::digest(text));
            }
            let parse = if path.extension().is_some_and(|it| it == "md") { rustsec::parse } else { osv::parse };
            match read.and_then(|text| parse(&text)) {
                Ok(None) => {}
                Ok(Some(advisory)) if advisory.is_withdrawn => database.withdrawn += 1,
                Ok(Some(advisory)) => {
                    if known.insert(advisory.id.clone()) {
                        database.add(advisory);
                    }
                }
                Err(cause) => {
                    database.unreadable += 1;
                    coverage.skip(TreePath::from(&**path), "advisory_unreadable", Some(cause));
                }
            }
        }
        database.digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(database)
    }

    /// Holds a component against all that warns of its package.
    fn hold<'d>(
        &'d self,
        component: &Component,
        undecided: &mut BTreeMap<&'d str, u64>,
        teller: &mut Teller<'_>,
        sink: &mut dyn Sink,
        coverage: &mut Coverage,
    ) -> Result<(), Error> {
        let ecosystem = component.ecosystem;
        let key = (ecosystem, normal(ecosystem, &component.name));
        let mut open: Vec<&str> = Vec::new();
        for (at, which) in self.by_package.get(&key).into_iter().flatten() {
            let advisory = &self.advisories[*at];
            let package = &advisory.affected[*which];
            let (verdict, version) = match &component.version {
                Version::Fixed(version) => (package.affected.verdict(ecosystem, version), version),
                Version::Open(wanted) => (package.affected.verdict_of(ecosystem, wanted), wanted),
            };
            let is_open = matches!(component.version, Version::Open(_));
            match verdict {
                Verdict::Clear => {}
                Verdict::Undecided if is_open => open.push(&advisory.id),
                Verdict::Undecided => *undecided.entry(&advisory.id).or_default() += 1,
                Verdict::Affected => {
                    let found = Match {
                        advisory: &advisory.id,
                        aliases: &advisory.aliases,
                        summary: &advisory.summary,
                        severity: advisory.severity.unwrap_or(Severity::Warning),
                        severity_is_assumed: advisory.severity.is_none(),
                        package: &component.name,
                        version,
                        is_open,
                        ecosystem,
                        fixed: &package.affected.fixed,
                        module: &component.module,
                        file: &component.file,
                        is_dev: component.is_dev,
                        is_notice: advisory.is_notice,
                        record: component.record,
                    };
                    teller.advisory(&found, sink)?;
                }
            }
        }
        open.sort_unstable();
        open.dedup();
        if let Version::Open(wanted) = &component.version
            && !open.is_empty()
        {
            let wanted = if wanted.is_empty() { "any version" } else { wanted };
            let shown = open.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            let more = open.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let why = format!(
                "{} {wanted}: no version is fixed, and {shown}{more} warn of some; a lock file would say which it is",
                component.name
            );
            coverage.skip(TreePath::from(&*component.file), "dependency_unpinned", Some(why));
        }
        Ok(())
    }

    fn add(&mut self, advisory: Advisory) {
        let at = self.advisories.len();
        for (which, package) in advisory.affected.iter().enumerate() {
            let key = (package.ecosystem, normal(package.ecosystem, &package.name));
            self.by_package.entry(key).or_default().push((at, which));
        }
        self.advisories.push(advisory);
    }
}

fn read(path: &Path) -> Result<String, String> {
    let size = path.metadata().map_err(|cause| cause.to_string())?.len();
    if size > FILE_BYTES {
        return Err(format!("{size} bytes; {FILE_BYTES} at most are read"));
    }
    fs::read_to_string(path).map_err(|cause| cause.to_string())
}

/// Files that may be advisories; links are not followed.
fn list(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() && !name.starts_with('.') && depth < DEPTH_MOST {
            list(&path, depth + 1, files)?;
        } else if kind.is_file() && files.len() < FILES_MOST && is_advisory(&name) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_advisory(name: &str) -> bool {
    // A database has pages about itself too.
    let ends = Path::new(name).extension().and_then(|it| it.to_str()).unwrap_or_default();
    ends == "json" || name.starts_with("RUSTSEC-") && ends == "md"
}

/// A name as its registry compares it.
fn normal(ecosystem: Ecosystem, name: &str) -> String {
    let lower = name.to_lowercase();
    match ecosystem {
        Ecosystem::Pypi => lower.replace(['_', '.'], "-"),
        Ecosystem::Cargo => lower.replace('_', "-"),
        _ => lower,
    }
}

/// How a vector of CVSS weighs.
fn of_vector(vector: &str) -> Option<Severity> {
    vector.parse::<cvss::Cvss>().ok().map(|vector| of_score(vector.score()))
}

fn of_score(score: f64) -> Severity {
    match score {
        score if score >= 9.0 => Severity::Critical,
        score if score >= 7.0 => Severity::Error,
        score if score >= 4.0 => Severity::Warning,
        _ => Severity::Info,
    }
}

fn of_word(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::Error),
        "medium" | "moderate" => Some(Severity::Warning),
        "low" | "informational" => Some(Severity::Info),
        _ => None,
    }
}
