//! What history and modules say of the files that linters complain of.

use std::collections::{BTreeMap, HashMap, HashSet};

use sealbook_record::{Finding, PartName, Record, Severity};
use serde::Deserialize;

use super::read::Open;

/// Files that are advised on, at most.
const SHOWN: usize = 5;
/// A file that fewer commits changed is left alone.
const COMMITS_LEAST: u64 = 3;
/// Complexity of the complex functions of a file, together.
const COMPLEX_LEAST: u64 = 20;

/// What is known of files.
#[derive(Default)]
pub(super) struct Files {
    /// Commits that changed each, and the lines that they changed.
    churn: HashMap<String, (u64, u64)>,
    /// The modules as they were last measured.
    modules: BTreeMap<String, (u64, Vec<Complex>)>,
    /// A commit is sealed once, and files of it may follow in further records.
    seen: HashSet<(String, String)>,
    commits: Option<(u64, u64)>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
    files: Vec<Changed>,
}

#[derive(Deserialize)]
struct Changed {
    /// A text, unless it is no UTF-8 or too long.
    path: serde_json::Value,
    #[serde(default)]
    added: Option<u64>,
    #[serde(default)]
    deleted: Option<u64>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    functions: Functions,
}

#[derive(Deserialize)]
struct Functions {
    complex: Vec<Complex>,
}

#[derive(Deserialize)]
struct Complex {
    path: String,
    name: String,
    modified: u64,
    #[serde(default)]
    ran: Option<(u64, u64)>,
}

/// What is known of one file.
#[derive(Default)]
struct Known<'a> {
    complexity: u64,
    worst: Option<&'a Complex>,
    lines_tested: (u64, u64),
    open: usize,
    grave: usize,
    evidence: Vec<(u64, u64)>,
}

impl Files {
    pub(super) fn take(&mut self, seq: u64, record: &Record) {
        let Some(part) = record.part(PartName::Result) else { return };
        if record.action == "module.audited" {
            if let Ok(module) = serde_json::from_str::<Module>(part.get()) {
                self.modules.insert(module.path, (seq, module.functions.complex));
            }
            return;
        }
        let Ok(commit) = serde_json::from_str::<Commit>(part.get()) else { return };
        let first = self.commits.map_or(seq, |(first, _)| first);
        self.commits = Some((first, seq));
        for file in &commit.files {
            let Some(path) = file.path.as_str() else { continue };
            if self.seen.insert((commit.id.clone(), path.to_owned())) {
                let churn = self.churn.entry(path.to_owned()).or_default();
                churn.0 += 1;
                churn.1 += file.added.unwrap_or(0) + file.deleted.unwrap_or(0);
            }
        }
    }

    fn known<'a>(&'a self, all: &[(&Open, u64)]) -> BTreeMap<&'a str, Known<'a>> {
        let mut known: BTreeMap<&str, Known<'_>> = BTreeMap::new();
        for (seq, complex) in self.modules.values() {
            for function in complex {
                let file = known.entry(&function.path).or_default();
                file.complexity += function.modified;
                let (ran, lines) = function.ran.unwrap_or_default();
                file.lines_tested = (file.lines_tested.0 + ran, file.lines_tested.1 + lines);
                if file.worst.is_none_or(|worst| function.modified > worst.modified) {
                    file.worst = Some(function);
                }
                if !file.evidence.contains(&(*seq, *seq)) {
                    file.evidence.push((*seq, *seq));
                }
            }
        }
        for (open, seq) in all {
            let Some(file) = known.get_mut(open.path.as_str()) else { continue };
            file.open += 1;
            file.grave += usize::from(open.severity >= Severity::Warning);
            if !file.evidence.contains(&(*seq, *seq)) {
                file.evidence.push((*seq, *seq));
            }
        }
        known
    }

    /// Complex functions that tests hardly run, in files of which linters complain.
    pub(super) fn gaps(&self, all: &[(&Open, u64)]) -> Vec<Finding> {
        let mut gaps: Vec<(&str, Known<'_>)> = self.known(all).into_iter().collect();
        gaps.retain(|(_, file)| {
            file.grave > 0 && file.lines_tested.1 > 0 && file.lines_tested.0 * 2 < file.lines_tested.1
        });
        gaps.sort_by_key(|(path, file)| (std::cmp::Reverse(file.grave), *path));
        let finding = |(path, file): (&str, Known<'_>)| {
            let (ran, lines) = file.lines_tested;
            let message = format!(
                "linters complain of {} places that matter, and tests run {ran} of {lines} lines of its complex functions",
                file.grave
            );
            let mut finding =
                Finding::new("quality.coverage_gap", "coverage", Severity::Warning, message, Some(path), "");
            finding.recommendation = Some("Test it before what linters say is mended.".to_owned());
            finding.evidence = file.evidence;
            finding
        };
        gaps.into_iter().take(SHOWN).map(finding).collect()
    }

    /// What to take apart first: what changes often and is hard to change.
    pub(super) fn first(&self, all: &[(&Open, u64)]) -> Vec<Finding> {
        let known = self.known(all).into_iter();
        let mut ranked: Vec<(u64, &str, Known<'_>, u64)> = known
            .filter_map(|(path, file)| {
                let commits = self.churn.get(path).map_or(0, |(commits, _)| *commits);
                let is_worth_it = commits >= COMMITS_LEAST && file.complexity >= COMPLEX_LEAST;
                is_worth_it.then_some((commits * file.complexity, path, file, commits))
            })
            .collect();
        ranked.sort_by_key(|(score, path, ..)| (std::cmp::Reverse(*score), *path));
        let finding = |(nth, (score, path, file, commits)): (usize, (u64, &str, Known<'_>, u64))| {
            let worst = file
                .worst
                .map_or_else(String::new, |it| format!(", {} the worst of them with {}", it.name, it.modified));
            let open = if file.open == 0 { String::new() } else { format!("; linters left {} open", file.open) };
            let message = format!(
                "take apart as number {}: {commits} commits changed it, and its complex functions come to {}{worst}{open}",
                nth + 1,
                file.complexity
            );
            let mut finding = Finding::new("quality.refactor", "refactoring", Severity::Info, message, Some(path), "");
            finding.evidence = file.evidence;
            finding.evidence.extend(self.commits);
            finding.metadata.insert("score".to_owned(), score.into());
            finding.metadata.insert("commits".to_owned(), commits.into());
            finding.metadata.insert("complexity".to_owned(), file.complexity.into());
            finding
        };
        ranked.into_iter().take(SHOWN).enumerate().map(finding).collect()
    }
}
