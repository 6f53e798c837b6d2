//! What is wrong with a repository's objects, as records that carry their finding.

use std::collections::HashSet;
use std::path::PathBuf;

use sealbook_policy::Raw;
use sealbook_record::{Category, Finding, Location, Outcome, PartName, Severity, Target, TargetKind};
use serde::Serialize;

use super::engine::id::Id;
use super::engine::objects::{Damage, Database, Kind};
use super::engine::reader::{Fault, Wrong};
use super::tell_commit::set;
use super::{DAMAGED, FORGED, NAME};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Records of damage that one run makes, at most; all of it is counted in the coverage.
const DAMAGED_RECORDS: usize = 1_000;

/// Longer paths exist to mislead, and are cut.
const PATH_BYTES: usize = 4_096;

/// Tells each fault once.
pub(super) struct Faults<'a> {
    database: &'a Database,
    /// The server may hold back objects: what is missing is not broken.
    is_partial: bool,
    told: HashSet<Id>,
    /// Where the forged copies lie that were told.
    told_copies: HashSet<(Id, PathBuf)>,
    pub(super) forged: u64,
    pub(super) damaged: u64,
    /// What could not be read, by the word for it.
    unread: Vec<(Id, &'static str)>,
}

#[derive(Serialize)]
struct ForgedTold<'a> {
    object: Id,
    actual: Id,
    kind: Kind,
    lies_in: Option<TreePath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a TreePath>,
    commit: Option<Id>,
}

#[derive(Serialize)]
struct DamagedTold<'a> {
    object: Id,
    kind: Kind,
    damage: &'static str,
    detail: &'a str,
    lies_in: Option<TreePath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a TreePath>,
    commit: Option<Id>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(database: &'a Database, is_partial: bool) -> Self {
        Self {
            database,
            is_partial,
            told: HashSet::new(),
            told_copies: HashSet::new(),
            forged: 0,
            damaged: 0,
            unread: Vec::new(),
        }
    }

    /// What could not be read, and why.
    pub(super) fn unread(&self) -> impl Iterator<Item = (Id, &'static str)> {
        self.unread.iter().copied()
    }

    /// Whether each object that is damaged has a record.
    pub(super) fn are_all_told(&self) -> bool {
        self.damaged <= DAMAGED_RECORDS as u64
    }

    /// Seals a record for a fault, if it is a new one, and counts it against the coverage.
    pub(super) fn tell(
        &mut self,
        fault: &Fault,
        request: &Request<'_>,
        sink: &mut dyn Sink,
        coverage: &mut Coverage,
    ) -> Result<(), Error> {
        if !self.told.insert(fault.id) {
            return Ok(());
        }
        match &fault.what {
            Wrong::Forged(actual) => {
                let lies_in = self.database.locate(&fault.id, Some(*actual));
                self.told_copies.extend(lies_in.clone().map(|path| (fault.id, path)));
                self.forged += 1;
                forged(fault, *actual, lies_in, "git serves it without a word", request, sink)
            }
            Wrong::Damaged(damage) => {
                self.damaged += 1;
                self.damaged(fault, damage, request, sink, coverage)
            }
        }
    }

    /// Tells of a forged copy of an object that has another copy, unless a reader met it and told of it.
    pub(super) fn tell_copy(
        &mut self,
        fault: &Fault,
        actual: Id,
        lies_in: PathBuf,
        request: &Request<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        if !self.told_copies.insert((fault.id, lies_in.clone())) {
            return Ok(());
        }
        self.forged += 1;
        let served = "the object lies elsewhere too, and git serves whichever copy it meets first";
        forged(fault, actual, Some(lies_in), served, request, sink)
    }

    fn damaged(
        &mut self,
        fault: &Fault,
        damage: &Damage,
        request: &Request<'_>,
        sink: &mut dyn Sink,
        coverage: &mut Coverage,
    ) -> Result<(), Error> {
        let path = shown_path(fault);
        let (word, detail) = match damage {
            Damage::Missing if self.is_partial => ("object_not_cloned", String::new()),
            Damage::Missing => ("object_missing", String::new()),
            Damage::Corrupt(cause) => ("object_corrupt", cause.clone()),
            Damage::WrongKind(kind) => ("object_of_wrong_kind", format!("it is a {}", kind.as_str())),
            Damage::TooLarge => ("object_too_large", String::new()),
        };
        let named = path.clone().unwrap_or_else(|| TreePath::from(&*fault.id.to_string()));
        let about = format!("{} {} {detail}", fault.kind.as_str(), fault.id);
        coverage.skip(named, word, Some(about.trim_end().to_owned()));
        self.unread.push((fault.id, word));
        if word == "object_not_cloned" || self.damaged > DAMAGED_RECORDS as u64 {
            return Ok(());
        }
        let colon = if detail.is_empty() { "" } else { ": " };
        let message = format!(
            "the {} {}{} cannot be read: {}{colon}{detail}",
            fault.kind.as_str(),
            fault.id,
            met(fault, path.as_ref()),
            word.replace('_', " "),
        );
        let mut finding =
            Finding::new(DAMAGED, "damaged_object", Severity::Error, message, None, &fault.id.to_string());
        finding.location = path.as_ref().map(|path| Location::of(path.to_string()));
        finding.recommendation = Some(
            "Run `git fsck --full` in the repository and fetch what it misses from another clone; until then, \
             what this object held is not covered."
                .to_owned(),
        );
        let told = DamagedTold {
            object: fault.id,
            kind: fault.kind,
            damage: word,
            detail: &detail,
            lies_in: self.database.locate(&fault.id, None).map(|path| TreePath::from(&*path)),
            path: path.as_ref(),
            commit: fault.commit,
        };
        record(DAMAGED, fault, &told, finding, request, sink)
    }
}

fn forged(
    fault: &Fault,
    actual: Id,
    lies_in: Option<PathBuf>,
    served: &str,
    request: &Request<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let path = shown_path(fault);
    let lies_in = lies_in.map(|path| TreePath::from(&*path));
    let lies = lies_in.as_ref().map_or_else(String::new, |path| format!(" in {path}"));
    let message = format!(
        "the {} {}{}{lies} is forged: its content hashes to {actual}, and {served}",
        fault.kind.as_str(),
        fault.id,
        met(fault, path.as_ref()),
    );
    let mut finding =
        Finding::new(FORGED, "forged_object", Severity::Critical, message, None, &format!("{} {actual}", fault.id));
    finding.location = path.as_ref().map(|path| Location::of(path.to_string()));
    finding.recommendation = Some(
        "Keep a copy as evidence, find out who could write to the object database, and restore the object from \
         a clone whose objects hash to their names (`git fsck` there is clean)."
            .to_owned(),
    );
    let told =
        ForgedTold { object: fault.id, actual, kind: fault.kind, lies_in, path: path.as_ref(), commit: fault.commit };
    record(FORGED, fault, &told, finding, request, sink)
}

/// Seals a fault with its finding.
fn record(
    action: &'static str,
    fault: &Fault,
    told: &impl Serialize,
    finding: Finding,
    request: &Request<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let target = Target::new(TargetKind::Git, fault.id.to_string());
    let mut record = request.event(NAME, action, target, request.now);
    record.severity = finding.severity;
    record.category = Category::SecurityEvent;
    record.outcome = Some(Outcome::Failed);
    set(&mut record, PartName::Result, told)?;
    record.set_findings(&[finding]);
    sink.record(Raw::new(record))
}

/// The path at which it was met; a root tree and a commit have none.
fn shown_path(fault: &Fault) -> Option<TreePath> {
    (!fault.path.is_empty()).then(|| TreePath::new(&fault.path[..fault.path.len().min(PATH_BYTES)]))
}

fn met(fault: &Fault, path: Option<&TreePath>) -> String {
    let at = path.map_or_else(String::new, |path| format!(" at {path}"));
    let commit = fault.commit.filter(|commit| *commit != fault.id);
    commit.map_or(at.clone(), |commit| format!("{at}, met in commit {commit},"))
}
