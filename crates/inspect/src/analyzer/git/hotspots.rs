//! Files that change again and again: where defects and conflicts gather.

use sealbook_record::{Finding, Severity};

use super::lossy::{Counted, Lossy};
use super::read::short;
use super::recent::{Recent, Window};
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence, count, percent, thousands};
use super::{Measure, Named, Names, Seen};

/// Findings made, at most.
const SHOWN: usize = 10;

/// Fewer changes than this are no pattern.
const ENOUGH: u32 = 10;

/// Authors told apart for one file; more are "or more".
const AUTHORS: usize = 64;

pub(super) struct Hotspots {
    files: Lossy<u64, Hot>,
    commits: u64,
    lately: Recent,
}

struct Hot {
    path: String,
    run: u32,
    commits: u32,
    lately: Recent,
    lines: u64,
    authors: Vec<u64>,
    evidence: Evidence,
}

impl Counted for Hot {
    fn count(&self) -> u32 {
        self.commits
    }
}

impl Default for Hotspots {
    fn default() -> Self {
        Self { files: Lossy::new(100_000), commits: 0, lately: Recent::default() }
    }
}

/// Commits of more files than this are sweeps (a formatter, a licence year) and say nothing of any one file.
pub(super) const SWEEP: u64 = 200;

impl Measure for Hotspots {
    fn commit(&mut self, seen: &Seen<'_>) {
        if !seen.commit.is_merge {
            self.commits += 1;
            self.lately.add(seen.lately);
        }
    }

    fn files(&mut self, seen: &Seen<'_>, files: &[Named<'_>]) {
        let sweep = seen.commit.files_changed > SWEEP;
        for named in files {
            if let Some(before) = named.before {
                self.renamed(before, named, seen.run);
            }
            if sweep || is_generated(&named.path) {
                continue;
            }
            let hot = self.files.entry(named.key, || Hot::new(&named.path, seen.run));
            hot.run = seen.run;
            hot.commits += 1;
            hot.lately.add(seen.lately);
            hot.lines += named.file.added.unwrap_or(0) + named.file.deleted.unwrap_or(0);
            hot.by(short(&seen.commit.author.email.0));
            hot.evidence.cite(seen.seq);
        }
    }

    fn save(&self, out: &mut Writer) {
        out.number(self.commits);
        self.lately.save(out);
        self.files.save(out, |hot, out| {
            out.text(&hot.path);
            out.number(u64::from(hot.commits));
            hot.lately.save(out);
            out.number(hot.lines);
            out.count(hot.authors.len());
            hot.authors.iter().for_each(|author| out.number(*author));
            out.evidence(&hot.evidence);
        });
    }

    fn load(&mut self, from: &mut Reader<'_>, window: Window) -> Option<()> {
        self.commits = from.number()?;
        self.lately = Recent::load(from, window)?;
        self.files.load(from, |from| {
            Some(Hot {
                path: from.text()?.to_owned(),
                // Of a run before the next, which alone is asked for.
                run: 0,
                commits: from.narrow()?,
                lately: Recent::load(from, window)?,
                lines: from.number()?,
                authors: (0..from.count()?).map(|_| from.number()).collect::<Option<_>>()?,
                evidence: from.evidence()?,
            })
        })
    }

    fn finish(self: Box<Self>, names: &Names) -> Vec<Finding> {
        let lately = self.lately.total() >= u64::from(ENOUGH) * 2;
        let measure = |hot: &Hot| if lately { hot.lately.total() } else { u64::from(hot.commits) };
        let whole = if lately { self.lately.total() } else { self.commits };
        let there = self.files.iter().filter(|(key, hot)| measure(hot) >= u64::from(ENOUGH) && !names.is_gone(**key));
        let mut hot: Vec<&Hot> = there.map(|(_, hot)| hot).collect();
        hot.sort_by(|a, b| measure(b).cmp(&measure(a)).then_with(|| a.path.cmp(&b.path)));
        hot.truncate(SHOWN);
        let period = if lately { "the last year's" } else { "all" };
        hot.into_iter().map(|hot| finding(hot, measure(hot), whole, period, self.files.error)).collect()
    }
}

impl Hot {
    fn new(path: &str, run: u32) -> Self {
        Self {
            path: path.to_owned(),
            run,
            commits: 0,
            lately: Recent::default(),
            lines: 0,
            authors: Vec::new(),
            evidence: Evidence::default(),
        }
    }

    fn by(&mut self, author: u64) {
        if self.authors.len() < AUTHORS && !self.authors.contains(&author) {
            self.authors.push(author);
        }
    }
}

impl Hotspots {
    /// What earlier runs counted under the old name is counted under the new one. Within a run the
    /// old name belongs to another file, which came later.
    fn renamed(&mut self, before: u64, named: &Named<'_>, run: u32) {
        if self.files.get(&before).is_none_or(|hot| hot.run == run) {
            return;
        }
        let Some(earlier) = self.files.remove(&before) else { return };
        let hot = self.files.entry(named.key, || Hot::new(&named.path, run));
        hot.commits += earlier.commits;
        hot.lately.join(&earlier.lately);
        hot.lines += earlier.lines;
        hot.evidence.join(&earlier.evidence);
        for author in earlier.authors {
            hot.by(author);
        }
    }
}

fn finding(hot: &Hot, changes: u64, whole: u64, period: &str, error: u32) -> Finding {
    let share = percent(changes, whole);
    let severity = if share >= 10 && changes >= 2 * u64::from(ENOUGH) { Severity::Warning } else { Severity::Info };
    let authors = hot.authors.len() as u64;
    let more = if hot.authors.len() == AUTHORS { " or more" } else { "" };
    let message = format!(
        "{} changed in {} of {period} {} ({share}%); {} in all, {} changed, by {}{more}",
        hot.path,
        thousands(changes),
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
