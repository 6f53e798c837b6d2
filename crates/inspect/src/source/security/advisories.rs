//! Dependencies that somebody warns of: advisories from a directory, held against bills of materials.
//!
//! The bills are those that the `module` source sealed in this run, or in the last run that did. Nothing is fetched:
//! a directory is an export of OSV, or a clone of `RustSec`'s database.

mod osv;
mod rustsec;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use sealbook_record::{PartName, Severity};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::version::{Affected, Verdict};
use super::tell::{AdvisoriesTold, Teller};
use crate::progress::go_on;
use crate::{Coverage, Error, Prior, Progress, Request, Sealed, Selection, Sink, TreePath};

/// Bytes of one advisory.
const FILE_BYTES: u64 = 4 << 20;
/// Files below a directory, at most.
const FILES_MOST: usize = 500_000;
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
    pub(super) version: &'a str,
    pub(super) ecosystem: Ecosystem,
    /// Versions without the hole, as the advisory says it.
    pub(super) fixed: &'a [String],
    /// The module's directory.
    pub(super) module: &'a str,
    /// The package serves developers alone.
    pub(super) is_dev: bool,
    pub(super) is_notice: bool,
    /// The record with the module's bill of materials.
    pub(super) record: u64,
}

/// A component of a bill of materials.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Component {
    module: String,
    name: String,
    version: String,
    is_dev: bool,
    record: u64,
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
    let components = components(request, prior)?;
    if components.is_empty() {
        let why = "no bill of materials is in the book to hold advisories against; audit with the module source too"
            .to_owned();
        coverage.skip(named(), "no_bill_of_materials", Some(why));
    }
    let modules: BTreeSet<&str> = components.iter().map(|(_, it)| it.module.as_str()).collect();
    teller.advisories = Some(AdvisoriesTold {
        directory: named(),
        loaded: database.advisories.len() as u64,
        withdrawn: database.withdrawn,
        unreadable: database.unreadable,
        digest: database.digest.clone(),
        modules: modules.len(),
        components: components.len(),
    });
    let mut undecided: BTreeMap<String, u64> = BTreeMap::new();
    for (ecosystem, component) in &components {
        let key = (*ecosystem, normal(*ecosystem, &component.name));
        for (at, which) in database.by_package.get(&key).into_iter().flatten() {
            let advisory = &database.advisories[*at];
            let package = &advisory.affected[*which];
            match package.affected.verdict(*ecosystem, &component.version) {
                Verdict::Clear => {}
                Verdict::Undecided => *undecided.entry(advisory.id.clone()).or_default() += 1,
                Verdict::Affected => {
                    let found = Match {
                        advisory: &advisory.id,
                        aliases: &advisory.aliases,
                        summary: &advisory.summary,
                        severity: advisory.severity.unwrap_or(Severity::Warning),
                        severity_is_assumed: advisory.severity.is_none(),
                        package: &component.name,
                        version: &component.version,
                        ecosystem: *ecosystem,
                        fixed: &package.affected.fixed,
                        module: &component.module,
                        is_dev: component.is_dev,
                        is_notice: advisory.is_notice,
                        record: component.record,
                    };
                    teller.advisory(&found, sink)?;
                }
            }
        }
    }
    for (id, components) in undecided {
        let why = format!("its ranges cannot be compared with the versions of {components} components");
        coverage.skip(TreePath::from(&*id), "advisory_undecided", Some(why));
    }
    Ok(())
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

type Components = BTreeSet<(Ecosystem, Component)>;

#[derive(Deserialize)]
struct ModuleRead {
    path: String,
    #[serde(default)]
    bom: Option<BomRead>,
    #[serde(default)]
    components: Vec<ComponentRead>,
}

#[derive(Deserialize)]
struct BomRead {
    #[serde(default)]
    components: Vec<ComponentRead>,
}

#[derive(Deserialize)]
struct ComponentRead {
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    scope: Option<String>,
}

/// What the last run of the module source, or this one, listed.
fn components(request: &Request<'_>, prior: &dyn Prior) -> Result<Components, Error> {
    let project = request.run.project.as_deref();
    let of = |operation| Selection {
        source: Some("module"),
        actions: &["module.audited", "module.bom"],
        project,
        operation,
        ..Selection::default()
    };
    let mut found = read_components(prior.records(&of(Some(request.run.id)))?)?;
    if found.is_empty()
        && let Some(last) = prior.latest(&of(None))?
        && let Some(operation) = last.record.operation
    {
        found = read_components(prior.records(&of(Some(operation)))?)?;
    }
    Ok(found)
}

fn read_components(records: Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>) -> Result<Components, Error> {
    let mut found = Components::new();
    for sealed in records {
        let Sealed { seq, record } = sealed?;
        let Some(part) = record.part(PartName::Result) else { continue };
        let Ok(module) = serde_json::from_str::<ModuleRead>(part.get()) else { continue };
        let listed = module.components.iter().chain(module.bom.iter().flat_map(|bom| &bom.components));
        for component in listed {
            let Some((ecosystem, name, version)) = component.purl.as_deref().and_then(of_purl) else { continue };
            let is_dev = component.scope.as_deref() == Some("excluded");
            let component = Component { module: module.path.clone(), name, version, is_dev, record: seq };
            found.insert((ecosystem, component));
        }
    }
    Ok(found)
}

/// Ecosystem, name and version of a package URL.
fn of_purl(purl: &str) -> Option<(Ecosystem, String, String)> {
    let (kind, rest) = purl.strip_prefix("pkg:")?.split_once('/')?;
    let ecosystem = match kind {
        "cargo" => Ecosystem::Cargo,
        "npm" => Ecosystem::Npm,
        "pypi" => Ecosystem::Pypi,
        "golang" => Ecosystem::Golang,
        "maven" => Ecosystem::Maven,
        _ => return None,
    };
    let rest = rest.split(['?', '#']).next()?;
    let (name, version) = rest.rsplit_once('@')?;
    let name = if ecosystem == Ecosystem::Maven { decoded(name)?.replacen('/', ":", 1) } else { decoded(name)? };
    Some((ecosystem, name, decoded(version)?))
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
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
