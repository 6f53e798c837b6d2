//! Files that change together: what must be known to change one of them.

use sealbook_record::{Finding, Severity};

use super::hotspots::is_generated;
use super::lossy::{Counted, Lossy};
use super::recent::Window;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence, count, percent};
use super::{Measure, Named, Names, Seen};

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

    fn files(&mut self, seen: &Seen<'_>, files: &[Named<'_>]) {
        if seen.commit.files_changed > TOGETHER as u64 {
            return;
        }
        let mut keys: Vec<u64> = Vec::with_capacity(files.len());
        for named in files.iter().filter(|named| !is_generated(&named.path)) {
            let new = || Single { path: named.path.clone().into_owned(), commits: 0 };
            self.files.entry(named.key, new).commits += 1;
            keys.push(named.key);
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

    fn save(&self, out: &mut Writer) {
        self.files.save(out, |single, out| {
            out.text(&single.path);
            out.number(u64::from(single.commits));
        });
        self.pairs.save_pairs(out, |pair, out| {
            out.number(u64::from(pair.commits));
            out.evidence(&pair.evidence);
        });
    }

    fn load(&mut self, from: &mut Reader<'_>, _: Window) -> Option<()> {
        self.files.load(from, |from| Some(Single { path: from.text()?.to_owned(), commits: from.narrow()? }))?;
        self.pairs.load_pairs(from, |from| Some(Pair { commits: from.narrow()?, evidence: from.evidence()? }))
    }

    fn finish(self: Box<Self>, names: &Names) -> Vec<Finding> {
        let mut tied: Vec<Tied<'_>> =
            self.pairs.iter().filter_map(|(key, pair)| self.tied(*key, pair, names)).collect();
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
    fn tied<'a>(&'a self, key: (u64, u64), pair: &'a Pair, names: &Names) -> Option<Tied<'a>> {
        if pair.commits < ENOUGH || names.is_gone(key.0) || names.is_gone(key.1) {
            return None;
        }
        let (a, b) = (self.files.get(&key.0)?, self.files.get(&key.1)?);
        let rarer = a.commits.min(b.commits);
        let is_tied = percent(u64::from(pair.commits), u64::from(rarer)) >= TIED_PERCENT;
        let (a, b) = if a.path < b.path { (&a.path, &b.path) } else { (&b.path, &a.path) };
        (is_tied && !are_kin(a, b)).then_some(Tied { a, b, together: pair.commits, rarer, evidence: &pair.evidence })
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

/// Pairs that nobody wonders about: a source and its header, test or manual page, and manifests
/// that share a version. Their names say it; names that say nothing are no kin.
fn are_kin(a: &str, b: &str) -> bool {
    const NAMELESS: [&str; 7] = ["mod", "lib", "main", "index", "__init__", "readme", "build"];
    fn stem(path: &str) -> String {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
        let stem = stem.strip_prefix("test_").unwrap_or(&stem);
        stem.strip_suffix("_test").or_else(|| stem.strip_suffix("_tests")).unwrap_or(stem).to_owned()
    }
    let (a, b) = (stem(a), stem(b));
    a == b && !NAMELESS.contains(&a.as_str())
}

#[cfg(test)]
mod tests {
    use super::are_kin;

    #[test]
    fn kin_bear_one_name() {
        for (a, b) in [("src/list.c", "include/list.h"), ("a/Cargo.toml", "b/Cargo.toml"), ("x.py", "tests/test_x.py")]
        {
            assert!(are_kin(a, b), "{a} {b}");
        }
        for (a, b) in [("src/a/mod.rs", "src/b/mod.rs"), ("src/parser.rs", "src/lexer.rs")] {
            assert!(!are_kin(a, b), "{a} {b}");
        }
    }
}
