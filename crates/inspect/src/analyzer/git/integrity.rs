//! What is forged, damaged or rewritten.

use std::collections::HashMap;

use sealbook_record::{Finding, Record, Severity};

use super::read::Reference;
use super::state::{Reader, Writer};
use super::text::{Complete as _, Evidence};

/// Findings about the repository itself.
#[derive(Default)]
pub(super) struct Integrity {
    /// What is wrong, and the run that saw it last.
    faults: Vec<(Finding, u32)>,
    known: HashMap<String, usize>,
    /// References that went elsewhere, and the commits that they left.
    forced: Vec<(Finding, String)>,
    /// What else became of references in the newest run.
    references: Vec<Finding>,
    run: u32,
}

impl Integrity {
    /// Damage is listed so many times at most; all of it is in the book.
    const FAULTS: usize = 1_000;

    /// Moved references that stand at a time; all of them are in the book.
    const FORCED: usize = 1_000;

    /// A record of something forged or damaged brings its finding. It stands until a run that read and checked all of
    /// history again does not tell of it.
    pub(super) fn fault(&mut self, seq: u64, run: u32, record: &Record) {
        for mut finding in record.findings().unwrap_or_default() {
            if let Some(at) = self.known.get(&finding.id) {
                self.faults[*at].1 = run;
            } else if self.faults.len() < Self::FAULTS {
                self.known.insert(finding.id.clone(), self.faults.len());
                finding.evidence = vec![(seq, seq)];
                self.faults.push((finding, run));
            }
        }
    }

    /// A run read and checked everything: what it did not tell of is mended.
    pub(super) fn checked_all(&mut self, run: u32) {
        self.faults.retain(|(_, seen)| *seen == run);
        self.known = self.faults.iter().enumerate().map(|(at, (finding, _))| (finding.id.clone(), at)).collect();
    }

    /// How references moved. What was deleted or replaced, the newest run tells. What was moved by force stands until
    /// it is back where it was, or a branch is gone altogether; or until a person suppresses it.
    pub(super) fn reference(&mut self, seq: u64, run: u32, reference: &Reference) {
        if self.run != run {
            self.run = run;
            self.references.clear();
        }
        let (name, is_tag) = (&reference.name.0, reference.kind.ends_with("tag"));
        let is_gone = reference.state == "deleted" && !is_tag;
        self.forced.retain(|(finding, left)| {
            let is_same = finding.location.as_ref().is_some_and(|at| at.path == *name);
            !is_same || !(is_gone || reference.commit.as_ref() == Some(left))
        });
        let mut evidence = Evidence::default();
        evidence.cite(seq);
        let found = match (reference.state.as_str(), reference.kind.as_str()) {
            (_, "replace") => replaced(reference),
            // HEAD goes wherever the branch goes that is checked out.
            (_, "head") => return,
            ("forced", _) => {
                if self.forced.len() >= Self::FORCED {
                    self.forced.remove(0);
                }
                let left = before(reference).cloned().unwrap_or_default();
                self.forced.push((forced(reference).rest_on(&evidence), left));
                return;
            }
            ("deleted", _) => deleted(reference),
            _ => return,
        };
        self.references.push(found.rest_on(&evidence));
    }

    pub(super) fn save(&self, out: &mut Writer) {
        let text = |finding: &Finding| serde_json::to_string(finding).expect("a finding that was read can be written");
        out.number(u64::from(self.run));
        out.count(self.faults.len());
        for (finding, run) in &self.faults {
            out.text(&text(finding));
            out.number(u64::from(*run));
        }
        out.count(self.forced.len());
        for (finding, left) in &self.forced {
            out.text(&text(finding));
            out.text(left);
        }
        out.count(self.references.len());
        for finding in &self.references {
            out.text(&text(finding));
        }
    }

    pub(super) fn load(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let finding = |from: &mut Reader<'_>| serde_json::from_str::<Finding>(from.text()?).ok();
        self.run = from.narrow()?;
        for _ in 0..from.count()? {
            self.faults.push((finding(from)?, from.narrow()?));
        }
        for _ in 0..from.count()? {
            self.forced.push((finding(from)?, from.text()?.to_owned()));
        }
        for _ in 0..from.count()? {
            self.references.push(finding(from)?);
        }
        self.known = self.faults.iter().enumerate().map(|(at, (finding, _))| (finding.id.clone(), at)).collect();
        Some(())
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        let mut all: Vec<Finding> = self.faults.into_iter().map(|(finding, _)| finding).collect();
        all.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        all.extend(self.forced.into_iter().map(|(finding, _)| finding));
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
