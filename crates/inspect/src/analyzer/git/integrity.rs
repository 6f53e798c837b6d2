//! What is forged, damaged or rewritten.

use std::collections::HashSet;

use sealbook_record::{Finding, Record, Severity};

use super::read::Reference;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence};

/// Findings about the repository itself.
#[derive(Default)]
pub(super) struct Integrity {
    faults: Vec<Finding>,
    known: HashSet<String>,
    references: Vec<Finding>,
    run: u32,
}

impl Integrity {
    /// Damage is listed so many times at most; all of it is in the book.
    const FAULTS: usize = 1_000;

    /// A record of something forged or damaged brings its finding. It stands until somebody
    /// resolves it: what is sealed once is not read again, so nothing here can say that it was mended.
    pub(super) fn fault(&mut self, seq: u64, record: &Record) {
        for mut finding in record.findings().unwrap_or_default() {
            if self.faults.len() < Self::FAULTS && self.known.insert(finding.id.clone()) {
                finding.evidence = vec![(seq, seq)];
                self.faults.push(finding);
            }
        }
    }

    /// How references moved between the last two runs; what was told of earlier ones is history.
    pub(super) fn reference(&mut self, seq: u64, run: u32, reference: &Reference) {
        if self.run != run {
            self.run = run;
            self.references.clear();
        }
        let mut evidence = Evidence::default();
        evidence.cite(seq);
        let found = match (reference.state.as_str(), reference.kind.as_str()) {
            (_, "replace") => replaced(reference),
            // HEAD goes wherever the branch goes that is checked out.
            (_, "head") => return,
            ("forced", _) => forced(reference),
            ("deleted", _) => deleted(reference),
            _ => return,
        };
        self.references.push(found.rest_on(&evidence));
    }

    pub(super) fn save(&self, out: &mut Writer) {
        out.number(u64::from(self.run));
        for findings in [&self.faults, &self.references] {
            out.count(findings.len());
            for finding in findings {
                out.text(&serde_json::to_string(finding).expect("a finding that was read can be written"));
            }
        }
    }

    pub(super) fn load(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.run = from.narrow()?;
        for findings in [&mut self.faults, &mut self.references] {
            for _ in 0..from.count()? {
                findings.push(serde_json::from_str(from.text()?).ok()?);
            }
        }
        self.known = self.faults.iter().map(|finding| finding.id.clone()).collect();
        Some(())
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        let mut all = self.faults;
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all.extend(self.references);
        all
    }
}

fn short(id: Option<&String>) -> &str {
    id.map_or("nothing", |id| id.get(..10).unwrap_or(id))
}

fn before(reference: &Reference) -> Option<&String> {
    reference.previous.as_ref()?.commit.as_ref()
}

fn forced(reference: &Reference) -> Finding {
    let (name, old, new) = (&reference.name.0, before(reference), reference.commit.as_ref());
    let what = if reference.kind.ends_with("tag") { "a tag that moved" } else { "a forced push" };
    let message = format!("{name} went from {} to {}, which does not contain it: {what}", short(old), short(new));
    let content = format!("{} {}", old.map_or("", String::as_str), new.map_or("", String::as_str));
    Finding::new("git.ref.forced", "rewritten_history", Severity::Warning, message, Some(name), &content).recommend(
        "Ask who moved it and why. The old commits stay sealed here; keep them with a reference of their own if they \
         matter, and protect the branch on the server.",
    )
}

fn deleted(reference: &Reference) -> Finding {
    let (name, old) = (&reference.name.0, before(reference));
    let message = format!("{name} was deleted; it was at {}", short(old));
    let content = old.map_or("", String::as_str);
    Finding::new("git.ref.deleted", "deleted_reference", Severity::Info, message, Some(name), content)
        .recommend("Nothing to do if it was merged or meant to go.")
}

fn replaced(reference: &Reference) -> Finding {
    let name = &reference.name.0;
    let object = name.rsplit('/').next().unwrap_or(name);
    let message = format!("{name} makes git show another object in place of {object}; the audit read the true one");
    let content = reference.commit.as_deref().unwrap_or_default();
    Finding::new("git.ref.replace", "replaced_object", Severity::Warning, message, Some(name), content).recommend(
        "Delete it unless you know who put it there: `git replace -d`, or `git --no-replace-objects log` to compare.",
    )
}
