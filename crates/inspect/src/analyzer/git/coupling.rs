//! Files that change together: what must be known to change one of them.

use sealbook_record::{Finding, Severity};

use super::hotspots::is_generated;
use super::lossy::{Counted, Lossy};
use super::read::{File, short};
use super::text::{Complete as _, Evidence, count, percent};
use super::{Measure, Seen};

/// Findings made, at most.
const SHOWN: usize = 10;

/// Larger commits tie everything to everything.
const TOGETHER: usize = 20;

/// Fewer common changes than this are chance.
const ENOUGH: u32 = 10;

/// The rarer of the two changes without the other less often than not.
const TIED_PERCENT: u64 = 60;

pub(super) struct Coupling {
    files: Lossy<u64, Single>,
    pairs: Lossy<(u64, u64), Pair>,
}

struct Single {
    path: String,
    commits: u32,
    gone: bool,
    run: u32,
}

struct Pair {
    commits: u32,
    evidence: Evidence,
}

impl Counted for Single {
    fn count(&self) -> u32 {
        self.commits
    }
}

impl Counted for Pair {
    fn count(&self) -> u32 {
        self.commits
    }
}

impl Default for Coupling {
    fn default() -> Self {
        Self { files: Lossy::new(100_000), pairs: Lossy::new(200_000) }
    }
}

impl Measure for Coupling {
    fn commit(&mut self, _: &Seen<'_>) {}

    fn files(&mut self, seen: &Seen<'_>, files: &[File<'_>]) {
        if seen.commit.files_changed > TOGETHER as u64 {
            // Still, what it deleted is gone.
            for file in files.iter().filter(|file| file.is_deleted()) {
                self.single(seen, file, 0);
            }
            return;
        }
        let mut keys: Vec<u64> = Vec::with_capacity(files.len());
        for file in files.iter().filter(|file| !is_generated(&file.path.0)) {
            keys.push(self.single(seen, file, 1));
        }
        keys.sort_unstable();
        for (at, a) in keys.iter().enumerate() {
            for b in &keys[at + 1..] {
                let pair = self.pairs.entry((*a, *b), || Pair { commits: 0, evidence: Evidence::default() });
                pair.commits += 1;
                pair.evidence.cite(seen.seq);
            }
        }
    }

    fn finish(self: Box<Self>) -> Vec<Finding> {
        let mut tied: Vec<Tied<'_>> = self.pairs.iter().filter_map(|(key, pair)| self.tied(*key, pair)).collect();
        tied.sort_by(|x, y| y.weight().cmp(&x.weight()).then_with(|| (x.a, x.b).cmp(&(y.a, y.b))));
        tied.truncate(SHOWN);
        tied.iter().map(|tied| tied.finding(self.pairs.error)).collect()
    }
}

/// Two files that are tied.
struct Tied<'a> {
    a: &'a str,
    b: &'a str,
    together: u32,
    rarer: u32,
    evidence: &'a Evidence,
}

impl Coupling {
    fn single(&mut self, seen: &Seen<'_>, file: &File<'_>, commits: u32) -> u64 {
        let key = short(&file.path.0);
        let new = || Single { path: file.path.0.clone(), commits: 0, gone: file.is_deleted(), run: seen.run };
        let single = self.files.entry(key, new);
        if single.run != seen.run {
            single.run = seen.run;
            single.gone = file.is_deleted();
        }
        single.commits += commits;
        key
    }

    fn tied<'a>(&'a self, key: (u64, u64), pair: &'a Pair) -> Option<Tied<'a>> {
        if pair.commits < ENOUGH {
            return None;
        }
        let (a, b) = (self.files.get(&key.0)?, self.files.get(&key.1)?);
        let rarer = a.commits.min(b.commits);
        let is_tied = percent(u64::from(pair.commits), u64::from(rarer)) >= TIED_PERCENT;
        let (a, b) = (!a.gone && !b.gone && is_tied).then_some(if a.path < b.path { (a, b) } else { (b, a) })?;
        (!expected(&a.path, &b.path)).then_some(Tied {
            a: &a.path,
            b: &b.path,
            together: pair.commits,
            rarer,
            evidence: &pair.evidence,
        })
    }
}

impl Tied<'_> {
    /// Often and nearly always is more than either.
    fn weight(&self) -> u64 {
        u64::from(self.together) * percent(u64::from(self.together), u64::from(self.rarer))
    }

    fn finding(&self, error: u32) -> Finding {
        let share = percent(u64::from(self.together), u64::from(self.rarer));
        let message = format!(
            "{} and {} change together: in {} of the {} that touch the rarer of them ({share}%)",
            self.a,
            self.b,
            self.together,
            count(u64::from(self.rarer), "commit"),
        );
        let mut finding = Finding::new("git.coupling", "coupling", Severity::Info, message, Some(self.a), self.b)
            .recommend("If one is wrong without the other, let a type, a test or a generator say so.")
            .rest_on(self.evidence)
            .with("other", self.b)
            .with("together", self.together)
            .with("percent", share);
        if error > 0 {
            finding = finding.with("may_be_low_by", error);
        }
        finding
    }
}

/// Pairs that nobody wonders about: a file and its test or header beside it.
fn expected(a: &str, b: &str) -> bool {
    fn stem(path: &str) -> &str {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or(name);
        let start = if directory.is_empty() { 0 } else { directory.len() + 1 };
        &path[..start + stem.trim_end_matches("_test").len()]
    }
    stem(a) == stem(b)
}
