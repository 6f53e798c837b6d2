//! Files that change again and again: where defects and conflicts gather.

use std::collections::HashMap;

use sealbook_record::{Finding, Severity};

use super::lossy::{Counted, Lossy};
use super::read::{File, short};
use super::text::{Complete as _, Evidence, count, percent, thousands};
use super::{Measure, Seen};

/// Findings made, at most.
const SHOWN: usize = 10;

/// Fewer changes than this are no pattern.
const ENOUGH: u32 = 10;

/// Authors told apart for one file; more are "or more".
const AUTHORS: usize = 64;

pub(super) struct Hotspots {
    files: Lossy<u64, Hot>,
    /// Where older commits' names live now: a file keeps its changes when it is renamed.
    now_at: HashMap<u64, (u64, String)>,
    run: u32,
    commits: u64,
    lately: u64,
}

struct Hot {
    path: String,
    run: u32,
    commits: u32,
    lately: u32,
    lines: u64,
    authors: Vec<u64>,
    gone: bool,
    evidence: Evidence,
}

impl Counted for Hot {
    fn count(&self) -> u32 {
        self.commits
    }
}

impl Default for Hotspots {
    fn default() -> Self {
        Self { files: Lossy::new(100_000), now_at: HashMap::new(), run: 0, commits: 0, lately: 0 }
    }
}

/// Renames followed at one time.
const RENAMES: usize = 100_000;

/// Commits of more files than this are sweeps (a formatter, a licence year) and say nothing of any one file.
pub(super) const SWEEP: u64 = 200;

impl Measure for Hotspots {
    fn commit(&mut self, seen: &Seen<'_>) {
        self.commits += u64::from(!seen.commit.is_merge);
        self.lately += u64::from(!seen.commit.is_merge && seen.lately);
        if self.run != seen.run {
            self.run = seen.run;
            self.now_at.clear();
        }
    }

    fn files(&mut self, seen: &Seen<'_>, files: &[File<'_>]) {
        let sweep = seen.commit.files_changed > SWEEP;
        for file in files {
            let name = short(&file.path.0);
            let (key, path) = self.now_at.get(&name).cloned().unwrap_or_else(|| (name, file.path.0.clone()));
            if let Some(old) = &file.old_path {
                self.renamed(short(&old.0), key, &path);
            }
            if sweep || is_generated(&file.path.0) {
                continue;
            }
            let hot = self.files.entry(key, || Hot {
                path,
                run: seen.run,
                commits: 0,
                lately: 0,
                lines: 0,
                authors: Vec::new(),
                // The newest commit comes first: a file that it deleted is gone.
                gone: file.is_deleted(),
                evidence: Evidence::default(),
            });
            if hot.run != seen.run {
                hot.run = seen.run;
                hot.gone = file.is_deleted();
            }
            hot.commits += 1;
            hot.lately += u32::from(seen.lately);
            hot.lines += file.added.unwrap_or(0) + file.deleted.unwrap_or(0);
            let author = short(&seen.commit.author.email.0);
            if hot.authors.len() < AUTHORS && !hot.authors.contains(&author) {
                hot.authors.push(author);
            }
            hot.evidence.cite(seen.seq);
        }
    }

    fn finish(self: Box<Self>) -> Vec<Finding> {
        let lately = self.lately >= u64::from(ENOUGH) * 2;
        let measure = |hot: &Hot| if lately { hot.lately } else { hot.commits };
        let whole = if lately { self.lately } else { self.commits };
        let mut hot: Vec<&Hot> = self.files.iter().map(|(_, hot)| hot).collect();
        hot.retain(|hot| !hot.gone && measure(hot) >= ENOUGH);
        hot.sort_by(|a, b| measure(b).cmp(&measure(a)).then_with(|| a.path.cmp(&b.path)));
        hot.truncate(SHOWN);
        let period = if lately { "the last year's" } else { "all" };
        hot.into_iter().map(|hot| finding(hot, measure(hot), whole, period, self.files.error)).collect()
    }
}

impl Hotspots {
    /// Older commits call it `old`; earlier runs counted it under that name.
    fn renamed(&mut self, old: u64, key: u64, path: &str) {
        if old == key {
            return;
        }
        if self.now_at.len() < RENAMES {
            self.now_at.insert(old, (key, path.to_owned()));
        }
        if self.files.get(&old).is_some_and(|hot| hot.run != self.run)
            && let Some(earlier) = self.files.remove(&old)
        {
            let hot = self.files.entry(key, || Hot { path: path.to_owned(), gone: false, commits: 0, lately: 0, lines: 0, run: earlier.run, authors: Vec::new(), evidence: Evidence::default() });
            hot.commits += earlier.commits;
            hot.lately += earlier.lately;
            hot.lines += earlier.lines;
            hot.evidence.join(&earlier.evidence);
            for author in earlier.authors {
                if hot.authors.len() < AUTHORS && !hot.authors.contains(&author) {
                    hot.authors.push(author);
                }
            }
        }
    }
}

fn finding(hot: &Hot, changes: u32, whole: u64, period: &str, error: u32) -> Finding {
    let share = percent(u64::from(changes), whole);
    let severity = if share >= 10 && changes >= 2 * ENOUGH { Severity::Warning } else { Severity::Info };
    let authors = hot.authors.len() as u64;
    let more = if hot.authors.len() == AUTHORS { " or more" } else { "" };
    let message = format!(
        "{} changed in {} of {period} {} ({share}%); {} in all, {} changed, by {}{more}",
        hot.path,
        thousands(u64::from(changes)),
        count(whole, "commit"),
        count(u64::from(hot.commits), "change"),
        count(hot.lines, "line"),
        count(authors, "person"),
    );
    let mut finding = Finding::new("git.hotspot", "hotspot", severity, message, Some(&hot.path), "")
        .recommend("Review it first, test it best, and split what changes for different reasons.")
        .rest_on(&hot.evidence)
        .with("changes", changes)
        .with("changes_ever", hot.commits)
        .with("lines", hot.lines)
        .with("authors", authors);
    if error > 0 {
        finding = finding.with("may_be_low_by", error);
    }
    finding
}

/// Files that change with every release or dependency, by themselves.
pub(super) fn is_generated(path: &str) -> bool {
    const NAMES: [&str; 12] = [
        "cargo.lock",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "poetry.lock",
        "uv.lock",
        "pipfile.lock",
        "composer.lock",
        "gemfile.lock",
        "go.sum",
        "flake.lock",
    ];
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    NAMES.contains(&&*name) || name.starts_with("changelog") || name.ends_with(".min.js")
}
