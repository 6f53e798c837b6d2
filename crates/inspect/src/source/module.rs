//! The `module` source: what a module is made of.
//!
//! A module is a directory with a manifest (`Cargo.toml`, `pyproject.toml`, `requirements.txt`, `package.json`,
//! `go.mod`, `pom.xml`) and all below it that is not of a further module; the root of the tree is one too, and any
//! directory that somebody asks for by its path. Each run seals one `module.audited` record per module: lines by
//! language, complexity by function, the import graph and its cycles, lines that tests ran through, dependencies, and
//! a bill of materials, whose further pages are `module.bom` records.
//!
//! Nothing is run and nothing is fetched: what only a build or a registry could say is not there. What could not be
//! read or parsed is a skip in the [`Coverage`].

mod bom;
mod dependencies;
mod figures;
mod find;
mod graph;
mod include;
mod language;
mod lines;
mod manifest;
mod measure;
mod package;
mod purl;
mod report;
mod reports;
mod syntax;
mod tell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealbook_record::TargetKind;

pub(in crate::source) use self::bom::WANTED;
use self::bom::{Bom, Subject};
use self::dependencies::Dependencies;
use self::figures::Figures;
use self::find::Found;
use self::graph::Graph;
pub(crate) use self::language::is_code;
use self::measure::Look;
pub(crate) use self::package::hex;
use self::reports::Reports;
use self::tell::Telling;
use crate::source::{refuse_file, resolved};
use crate::{
    Coverage, Error, ModuleOptions, OptionHelp, Options, Prior, Progress, Request, Silent, Sink, Source,
    SourceMetadata, TreePath,
};

/// Files that a note names.
const NAMED: usize = 5;
/// The source's name in records.
const NAME: &str = "module";
/// One module in one run.
const AUDITED: &str = "module.audited";
/// More of a module's bill of materials than one record holds.
const PAGE: &str = "module.bom";

/// Reads modules: dependencies, lines, complexity, imports, coverage of tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModuleSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "Modules of a tree: bill of materials, lines, complexity, import graph, coverage of tests",
    version: "1",
    kinds: &[TargetKind::Module, TargetKind::File],
    actions: &[AUDITED, PAGE],
    options: &[
        OptionHelp { name: "module", about: "Only this module, by name or path" },
        OptionHelp { name: "include-tests", about: "Measure tests too" },
        OptionHelp { name: "include-dependencies", about: "List what the dependencies bring in, too" },
    ],
};

impl Source for ModuleSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn accepts(&self, target: &Path) -> Result<(), Error> {
        refuse_file(NAME, target)
    }

    /// Each run tells all of every module it is asked for: what was sealed before adds nothing.
    fn selects(&self, _: &Options) -> bool {
        true
    }

    fn collect(
        &self,
        request: &Request<'_>,
        _: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let root = resolved(&request.target)?;
        self.accepts(&root)?;
        let options = &request.options.module;
        let ignore_files = request.options.file.ignore_files;
        let mut coverage = Coverage::default();
        let found = Found::look(&root, options, ignore_files, &mut coverage, progress)?;
        let reports = Reports::look(&root, &found, &mut coverage)?;
        let mut figures: Vec<Figures> = found.modules.iter().map(|_| Figures::default()).collect();
        let look = Look { found: &found, reports: &reports, include_tests: options.include_tests, ignore_files };
        measure::run(&root, request.threads, &look, &mut coverage, progress, &mut |module, path, seen, coverage| {
            figures[module].add(path, seen, coverage);
        })?;
        for (at, module) in found.modules.iter().enumerate().filter(|(at, _)| found.is_wanted(*at)) {
            let figures = &mut figures[at];
            let content = figures.finish();
            let has_packages = module.manifests.iter().any(|at| !found.manifests[*at].what.is_workspace_only);
            if has_packages || figures.files() > 0 || module.is_named {
                tell(request, &found, at, figures, &content, &reports, &coverage, sink)?;
            }
            figures.files = Vec::new();
        }
        note(&figures, &reports, &mut coverage);
        let has_manifest = !found.manifests.is_empty() || !found.locks.is_empty();
        if !has_manifest {
            let why = "there is neither a manifest nor a file of a language that is known here";
            coverage.nothing_read(TreePath::from("."), "no_module", why);
        }
        Ok(coverage)
    }
}

/// Where the module of that name, or of that directory, lies.
pub fn directory_of(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let options = ModuleOptions { name: Some(name.to_owned()), ..ModuleOptions::default() };
    let found = Found::look(root, &options, true, &mut Coverage::default(), &Silent)?;
    let wanted = (0..found.modules.len()).find(|at| found.is_wanted(*at));
    Ok(root.join(wanted.map_or("", |at| &found.modules[at].directory)))
}

#[expect(clippy::too_many_arguments, reason = "a module's record is made of all of them")]
fn tell(
    request: &Request<'_>,
    found: &Found,
    at: usize,
    figures: &Figures,
    content: &str,
    reports: &Reports,
    coverage: &Coverage,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let module = &found.modules[at];
    let own = |of: fn(&package::Manifest) -> Option<&str>| {
        module.manifests.iter().find_map(|at| of(&found.manifests[*at].what))
    };
    let names: Vec<String> = module.manifests.iter().filter_map(|at| found.manifests[*at].what.name.clone()).collect();
    let imports = Graph::of(&figures.files, &names);
    let dependencies = Dependencies::of(found, module);
    // Where the workspace says the version, the lock file repeats it.
    let of_lock = || {
        let manifest = module.manifests.first().map(|at| &found.manifests[*at])?;
        let is_own = |it: &&package::Package| it.origin == package::Origin::Local && it.name == module.name;
        found.lock_of(manifest)?.what.packages.iter().find(is_own)?.version.as_deref()
    };
    let version = own(|manifest| manifest.version.as_deref()).or_else(of_lock);
    let subject = Subject {
        name: &module.name,
        directory: &module.directory,
        version,
        licence: own(|manifest| manifest.licence.as_deref()),
    };
    // A manifest or lock file that could not be read may have named anything.
    let unread = |path: &str| found.owner(path) == Some(at);
    let is_listed = coverage.skipped.iter().all(|skipped| {
        !matches!(
            &*skipped.why,
            "manifest_unreadable" | "lock_unreadable" | "dependencies_unread" | "too_large" | "link"
        ) || !unread(&skipped.path.to_string())
    });
    let bom = Bom::of(&subject, &dependencies, request.options.module.include_dependencies, is_listed);
    let is_whole = is_listed && !figures.has_gaps;
    Telling {
        module,
        version,
        content,
        figures,
        imports: &imports,
        reports: &reports.read,
        dependencies: &dependencies,
        bom: &bom,
        is_whole,
    }
    .seal(request, sink)
}

/// What a reader must know to weigh the figures.
fn note(figures: &[Figures], reports: &Reports, coverage: &mut Coverage) {
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, language) in figures.iter().flat_map(|figures| &figures.languages).filter(|(_, it)| !it.parsed) {
        *counted.entry(name).or_default() += language.files;
    }
    if !counted.is_empty() {
        let list: Vec<String> = counted.iter().map(|(name, files)| format!("{name} ({files})")).collect();
        coverage
            .notes
            .push(format!("lines alone were counted, without complexity and imports, in: {}", list.join(", ")));
    }
    let list = |names: Vec<String>| {
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", names.into_iter().take(NAMED).collect::<Vec<_>>().join(", "))
    };
    let mut unknown: Vec<String> = figures.iter().flat_map(|figures| figures.unknown.iter().cloned()).collect();
    unknown.sort();
    if !unknown.is_empty() {
        coverage.notes.push(format!("{} files are in no language that is known: {}", unknown.len(), list(unknown)));
    }
    let blemished = figures.iter().flat_map(|figures| &figures.blemished);
    let mut blemished: Vec<String> = blemished.map(|(path, line)| format!("{path}:{line}")).collect();
    blemished.sort();
    if !blemished.is_empty() {
        let count = blemished.len();
        coverage.notes.push(format!("a few words of {count} files do not parse, the rest counts: {}", list(blemished)));
    }
    let sum = |of: fn(&Figures) -> u64| figures.iter().map(of).sum::<u64>();
    let tests = sum(|it| it.left_out.tests);
    if tests > 0 {
        coverage.notes.push(format!("{tests} files of tests were left out; --include-tests reads them"));
    }
    let younger = sum(|it| it.tested.younger);
    if younger > 0 {
        coverage.notes.push(format!(
            "{younger} files are younger than the coverage report that tells of them; its lines may be wrong"
        ));
    }
    let told = sum(|it| it.tested.files);
    if !reports.read.is_empty() && told == 0 {
        let paths: Vec<&str> = reports.read.iter().map(|report| report.path.as_str()).collect();
        coverage
            .notes
            .push(format!("no file that {} tell of was measured: their paths lead elsewhere", paths.join(", ")));
    }
}
