//! Files too large for a repository: every clone carries them for ever.

use sealbook_record::{Finding, Severity};

use super::lossy::{Counted, Lossy};
use super::recent::Window;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence, bytes, count};
use super::{Measure, Named, Names, Seen};

/// From here on a file is large.
const LARGE_BYTES: u64 = 1 << 20;
/// From here on hosts warn; most refuse files of 100 MiB.
const TOO_LARGE_BYTES: u64 = 10 << 20;
const REFUSED_BYTES: u64 = 100 << 20;

/// Findings made, at most.
const SHOWN: usize = 10;

pub(super) struct LargeFiles {
    files: Lossy<u64, Large>,
}

struct Large {
    path: String,
    largest: u64,
    total: u64,
    versions: u32,
    binary: bool,
    evidence: Evidence,
}

impl Counted for Large {
    fn count(&self) -> u32 {
        self.versions
    }
}

impl Default for LargeFiles {
    fn default() -> Self {
        Self { files: Lossy::new(20_000) }
    }
}

impl Measure for LargeFiles {
    fn commit(&mut self, _: &Seen<'_>) {}

    fn files(&mut self, seen: &Seen<'_>, files: &[Named<'_>]) {
        for named in files {
            let Some(size) = named.file.size.filter(|size| *size >= LARGE_BYTES) else { continue };
            let large = self.files.entry(named.key, || Large {
                path: named.path.clone().into_owned(),
                largest: 0,
                total: 0,
                versions: 0,
                binary: false,
                evidence: Evidence::default(),
            });
            large.largest = large.largest.max(size);
            large.total += size;
            large.versions += 1;
            large.binary |= named.file.binary;
            large.evidence.cite(seen.seq);
        }
    }

    fn save(&self, out: &mut Writer) {
        self.files.save(out, |large, out| {
            out.text(&large.path);
            out.number(large.largest);
            out.number(large.total);
            out.number(u64::from(large.versions));
            out.number(u64::from(large.binary));
            out.evidence(&large.evidence);
        });
    }

    fn load(&mut self, from: &mut Reader<'_>, _: Window) -> Option<()> {
        self.files.load(from, |from| {
            Some(Large {
                path: from.text()?.to_owned(),
                largest: from.number()?,
                total: from.number()?,
                versions: from.narrow()?,
                binary: from.flag()?,
                evidence: from.evidence()?,
            })
        })
    }

    fn finish(self: Box<Self>, _: &Names) -> Vec<Finding> {
        let mut files: Vec<&Large> = self.files.iter().map(|(_, large)| large).collect();
        files.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.path.cmp(&b.path)));
        files.truncate(SHOWN);
        files.into_iter().map(finding).collect()
    }
}

fn finding(large: &Large) -> Finding {
    let severity = match large.largest {
        REFUSED_BYTES.. => Severity::Error,
        TOO_LARGE_BYTES.. => Severity::Warning,
        _ => Severity::Info,
    };
    let kind = if large.binary { "binary" } else { "text" };
    let message = format!(
        "{} is a {kind} file of up to {}, committed in {} ({} in all before compression)",
        large.path,
        bytes(large.largest),
        count(u64::from(large.versions), "version"),
        bytes(large.total),
    );
    Finding::new("git.large_file", "large_file", severity, message, Some(&large.path), "")
        .recommend("Keep it in a release, a registry or Git LFS; removing it now does not shrink history.")
        .rest_on(&large.evidence)
        .with("largest_bytes", large.largest)
        .with("total_bytes", large.total)
        .with("versions", large.versions)
}
