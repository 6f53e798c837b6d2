//! The `module` analyzer: what in a module is hard to change, hard to trust, or not known.
//!
//! Each rule says little, and of the same thing once: what is found in many places of a kind is one finding with a
//! list.

mod read;

use std::collections::{BTreeMap, BTreeSet};

use sealbook_record::{Finding, Location, Severity};

use self::read::{Complex, Cycle, Module};
use crate::progress::go_on;
use crate::{Analyzer, AnalyzerMetadata, Error, Progress, Scope, Sealed};

/// Reads modules into findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct ModuleAnalyzer;

static METADATA: AnalyzerMetadata = AnalyzerMetadata {
    name: "module",
    about: "Complex functions, import cycles, dependencies that nothing pins, code that no test ran",
    version: "1",
    sources: &["module"],
    actions: &["module.audited"],
    rules: &[
        "module.complexity",
        "module.import_cycle",
        "module.dependency.unlocked",
        "module.dependency.unpinned",
        "module.dependency.missing",
        "module.dependency.duplicate",
        "module.untested",
        "module.untested.function",
    ],
};

/// From here on a function is found: twice what is usually recommended.
const COMPLEX: u32 = 20;
/// From here on nobody can say what it does.
const TOO_COMPLEX: u32 = 50;
/// From here on a function should be tested.
const UNTESTED: u32 = 10;
/// Findings of one rule in one module, at most.
const SHOWN: usize = 10;
/// From so many files or packages on, a circle is found where it does no harm by itself.
const KNOT: usize = 5;
/// Lines of a file that no test runs.
const UNTESTED_LINES: u64 = 50;
/// Parts of a hundred below which a module counts as hardly tested.
const TESTED_LEAST: u64 = 50;
/// Names of a list that a message quotes.
const QUOTED: usize = 5;

impl Analyzer for ModuleAnalyzer {
    fn metadata(&self) -> &'static AnalyzerMetadata {
        &METADATA
    }

    fn analyze(
        &self,
        records: &mut dyn Iterator<Item = Result<Sealed, Error>>,
        _: &Scope<'_>,
        progress: &dyn Progress,
    ) -> Result<Vec<Finding>, Error> {
        let (mut findings, mut duplicates) = (Vec::new(), Duplicates::default());
        progress.begin("module analysis", None);
        for sealed in records {
            go_on(progress)?;
            progress.advance(1);
            let Sealed { seq, record } = sealed?;
            let Some(module) = read::read(&record) else { continue };
            let mut own = Vec::new();
            complexity(&module, &mut own);
            cycles(&module, &mut own);
            dependencies(&module, &mut own);
            untested(&module, &mut own);
            own.iter_mut().for_each(|finding| finding.evidence.push((seq, seq)));
            findings.extend(own);
            duplicates.add(&module, seq);
        }
        findings.extend(duplicates.finish());
        progress.end();
        Ok(findings)
    }
}

fn complexity(module: &Module, findings: &mut Vec<Finding>) {
    let above = module.functions.complex.iter().filter(|function| function.modified > COMPLEX);
    for function in above.take(SHOWN) {
        let severity = if function.modified > TOO_COMPLEX { Severity::Warning } else { Severity::Info };
        let message = format!(
            "{} has a complexity of {} in {} lines (a choice among cases counted as one)",
            function.name, function.modified, function.lines
        );
        let mut finding = of_function("module.complexity", "complexity", severity, message, function);
        finding.recommendation =
            Some("Take out what has a name of its own; test what remains before it is changed.".to_owned());
        findings.push(finding);
    }
}

fn of_function(rule: &str, kind: &str, severity: Severity, message: String, function: &Complex) -> Finding {
    // Its own text tells it apart: where it stands in the file makes no difference.
    let content = format!("{}\0{}", function.name, function.digest);
    let mut finding = Finding::new(rule, kind, severity, message, Some(&function.path), &content);
    finding.location = Some(Location { path: function.path.clone(), line: Some(function.line), column: None });
    finding.metadata.insert("function".to_owned(), function.name.clone().into());
    finding.metadata.insert("complexity".to_owned(), function.complexity.into());
    finding.metadata.insert("modified".to_owned(), function.modified.into());
    finding.metadata.insert("lines".to_owned(), function.lines.into());
    finding
}

fn cycles(module: &Module, findings: &mut Vec<Finding>) {
    // What is imported while it is being loaded is not there yet. Elsewhere a circle does no harm by itself; a
    // large one keeps what is in it from being taken apart.
    let is_told = |cycle: &&Cycle| cycle.breaks_loading() || cycle.members.len() >= KNOT;
    for cycle in module.imports.cycles.iter().filter(is_told).take(SHOWN) {
        let severity = if cycle.breaks_loading() { Severity::Warning } else { Severity::Info };
        let Cycle { members, way, .. } = cycle;
        let round = way.iter().chain(way.first()).take(QUOTED + 1).map(String::as_str).collect::<Vec<_>>().join(" → ");
        let more = if way.len() > QUOTED { " → …" } else { "" };
        let message = format!("{} of {} import one another in a circle: {round}{more}", members.len(), module.name);
        let path = way.first().map(|first| module.path_of(first));
        let mut finding =
            Finding::new("module.import_cycle", "cycle", severity, message, path.as_deref(), &members.join("\n"));
        finding.recommendation = Some("Move what both need into a third, or import it where it is used.".to_owned());
        finding.metadata.insert("members".to_owned(), members.clone().into());
        findings.push(finding);
    }
}

fn dependencies(module: &Module, findings: &mut Vec<Finding>) {
    let all = &module.dependencies;
    for unlocked in &all.unlocked {
        let message = format!(
            "{} asks for {} and no lock file says which versions: every build may get others",
            unlocked.manifest,
            count(unlocked.requirements, "package")
        );
        let mut finding = Finding::new(
            "module.dependency.unlocked",
            "dependency",
            // Libraries of these ecosystems are often kept without one.
            if matches!(unlocked.ecosystem.as_str(), "cargo" | "python") { Severity::Info } else { Severity::Warning },
            message,
            Some(&unlocked.manifest),
            "",
        );
        finding.recommendation = Some("Commit the lock file of the package manager.".to_owned());
        findings.push(finding);
    }
    let lists = [
        (
            "module.dependency.unpinned",
            &all.unpinned,
            "asks for versions that move, and nothing pins them",
            "Name a version, or a commit.",
        ),
        (
            "module.dependency.missing",
            &all.missing,
            "asks for what its lock file does not know",
            "Let the package manager bring the lock file up to date, and commit it.",
        ),
    ];
    for (rule, wanted, says, mend) in lists {
        for group in wanted.chunk_by(|a, b| a.manifest == b.manifest) {
            let names: Vec<&str> = group.iter().map(|wanted| wanted.name.as_str()).collect();
            let manifest = &group[0].manifest;
            let message = format!("{manifest} {says}: {}", quoted(&names));
            let severity = if is_for_developers(manifest) { Severity::Info } else { Severity::Warning };
            let mut finding = Finding::new(rule, "dependency", severity, message, Some(manifest), &names.join("\n"));
            finding.recommendation = Some(mend.to_owned());
            let list = group.iter().map(|wanted| serde_json::json!({"name": wanted.name, "wanted": wanted.wanted}));
            finding.metadata.insert("packages".to_owned(), list.collect());
            findings.push(finding);
        }
    }
}

/// Whether a list of requirements is for those who work on the module, by its name.
fn is_for_developers(manifest: &str) -> bool {
    let name = manifest.rsplit('/').next().unwrap_or(manifest);
    let stem = name.strip_suffix(".txt");
    stem.is_some_and(|name| ["dev", "test", "doc", "lint"].iter().any(|word| name.contains(word)))
}

/// Packages in several versions, by lock file: modules that share one bring in the same.
#[derive(Default)]
struct Duplicates(BTreeMap<String, OfLock>);

/// Versions by package, and the records that say so.
type OfLock = (BTreeMap<String, BTreeSet<String>>, Vec<(u64, u64)>);

impl Duplicates {
    fn add(&mut self, module: &Module, seq: u64) {
        let duplicates = &module.dependencies.duplicates;
        let Some(lock) = module.dependencies.locks.first().filter(|_| !duplicates.is_empty()) else { return };
        let (names, evidence) = self.0.entry(lock.path.clone()).or_default();
        for duplicate in duplicates {
            names.entry(duplicate.name.clone()).or_default().extend(duplicate.versions.iter().cloned());
        }
        evidence.push((seq, seq));
    }

    fn finish(self) -> impl Iterator<Item = Finding> {
        self.0.into_iter().map(|(path, (packages, evidence))| {
            let names: Vec<&str> = packages.keys().map(String::as_str).collect();
            let several = count(names.len() as u64, "package");
            let message = format!("{several} in several versions: {}", quoted(&names));
            let rule = "module.dependency.duplicate";
            let mut finding = Finding::new(rule, "dependency", Severity::Info, message, Some(&path), &names.join("\n"));
            let versions = |versions: &BTreeSet<String>| versions.iter().cloned().collect::<Vec<_>>().join(", ");
            let list = packages.iter().map(|(name, of)| serde_json::json!({"name": name, "versions": versions(of)}));
            finding.metadata.insert("packages".to_owned(), list.collect());
            finding.evidence = evidence;
            finding
        })
    }
}

fn untested(module: &Module, findings: &mut Vec<Finding>) {
    let Some(tested) = &module.tested else { return };
    let hardly = |function: &&Complex| {
        function.modified >= UNTESTED && function.ran.is_some_and(|(ran, lines)| lines > 0 && ran * 2 < lines)
    };
    for function in module.functions.complex.iter().filter(hardly).take(SHOWN) {
        let (ran, lines) = function.ran.unwrap_or_default();
        let severity = if function.modified > COMPLEX { Severity::Warning } else { Severity::Info };
        let message = format!(
            "tests run {ran} of {lines} lines of {}, which has a complexity of {}",
            function.name, function.modified
        );
        let mut finding = of_function("module.untested.function", "coverage", severity, message, function);
        finding.recommendation = Some("Test it before anyone changes it.".to_owned());
        findings.push(finding);
    }
    let files: Vec<&(String, u64)> = tested.untested.iter().filter(|(_, lines)| *lines >= UNTESTED_LINES).collect();
    let share = (tested.ran * 100).checked_div(tested.lines).unwrap_or(100);
    if tested.lines == 0 || files.is_empty() && share >= TESTED_LEAST {
        return;
    }
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let of_files = if names.is_empty() { String::new() } else { format!("; no line of {}", quoted(&names)) };
    let message = format!("tests run {share}% of the lines of {}{of_files}", module.name);
    let severity = if share < TESTED_LEAST { Severity::Warning } else { Severity::Info };
    let mut finding =
        Finding::new("module.untested", "coverage", severity, message, Some(&module.path), &names.join("\n"));
    finding.metadata.insert("lines".to_owned(), tested.lines.into());
    finding.metadata.insert("ran".to_owned(), tested.ran.into());
    let list = files.iter().map(|(path, lines)| serde_json::json!({"file": path, "lines": lines}));
    finding.metadata.insert("files".to_owned(), list.collect());
    findings.push(finding);
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The first names of a list, and how many more there are.
fn quoted(names: &[&str]) -> String {
    let shown = names.iter().take(QUOTED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(QUOTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
