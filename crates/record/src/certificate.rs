//! A certificate of undo: what was taken back, what was not, and why, with the records that show it.

use std::collections::BTreeMap;
use std::path::Path;

use sealbook_ledger::Phase;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    COMPENSATION_PREFIX, FileContent, FileState, NOT_UNDOABLE_TAG, Outcome, PartName, RECONCILED_ACTION, Record,
};

/// The action of the record that is the certificate.
pub const CERTIFICATE_ACTION: &str = "undo.certified";

/// A certificate of undo. It lies in the part `result` of its record, sealed after all that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// What was to be taken back.
    pub scope: String,
    /// Whether all of it was.
    pub complete: bool,
    /// How many operations were taken back.
    pub undone: usize,
    /// How many were not, or not wholly.
    pub not_undone: usize,
    /// Each operation that had something to take back, in the order in which that was done.
    pub operations: Vec<CertifiedOperation>,
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedOperation {
    /// The operation.
    pub operation: String,
    /// What had been done.
    pub action: String,
    /// What became of it.
    pub undone: Undone,
    /// The intent of the undo; the event that says there is none, where nothing was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Why not, or not wholly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<CertifiedFile>,
}

/// What became of an operation that was to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undone {
    /// It was taken back, and that was looked at.
    Compensated,
    /// It had been taken back before.
    Already,
    /// It was tried, and failed.
    CompensationFailed,
    /// It, or some of it, cannot be.
    NotUndoable,
}

impl Undone {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Compensated => "compensated",
            Self::Already => "already",
            Self::CompensationFailed => "compensation_failed",
            Self::NotUndoable => "not_undoable",
        }
    }

    /// Whether it is said to be as if it had not been done.
    pub const fn is_back(self) -> bool {
        matches!(self, Self::Compensated | Self::Already)
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedFile {
    /// Where it lies.
    pub path: String,
    /// What the call had left: SHA-256, `absent` or `unknown`.
    pub from: String,
    /// What it had been before, likewise.
    pub to: String,
    /// Whether it is that again.
    pub restored: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The word for a content in a certificate.
pub fn content_word(content: &FileContent) -> String {
    match content {
        FileContent::Unknown => "unknown".to_owned(),
        FileContent::Absent => "absent".to_owned(),
        FileContent::Sha256(sha256) => sha256.clone(),
    }
}

/// Something that a certificate says and its evidence does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unfounded {
    /// The certificate's record.
    pub seq: u64,
    /// The operation, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What does not fit.
    pub why: &'static str,
}

/// Holds certificates against the records that they speak of. All have to be there: a bundle of a certificate has
/// them.
#[derive(Debug, Default)]
pub struct CertificateCheck {
    records: Vec<(u64, Record)>,
    certificates: usize,
}

impl CertificateCheck {
    /// Takes a record; in the order of sealing. Of most, little or nothing is kept.
    pub fn push(&mut self, seq: u64, mut record: Record) {
        let is_certificate = record.action == CERTIFICATE_ACTION;
        let is_told = record.action.starts_with(COMPENSATION_PREFIX) || record.action == RECONCILED_ACTION;
        let kept = if is_certificate || is_told {
            PartName::Result
        } else if record.phase == Phase::Intent {
            PartName::Before
        } else {
            return;
        };
        self.certificates += usize::from(is_certificate);
        record.parts.retain(|name, _| *name == kept);
        self.records.push((seq, record));
    }

    /// How many certificates there were.
    pub fn certificates(&self) -> usize {
        self.certificates
    }

    /// What is said without evidence.
    pub fn finish(self) -> Vec<Unfounded> {
        let mut by_operation: BTreeMap<String, Vec<&(u64, Record)>> = BTreeMap::new();
        for entry in &self.records {
            if let Some(operation) = entry.1.operation {
                by_operation.entry(operation.to_string()).or_default().push(entry);
            }
        }
        let mut unfounded = Vec::new();
        for (seq, record) in self.records.iter().filter(|(_, record)| record.action == CERTIFICATE_ACTION) {
            let mut doubt = |operation: Option<&str>, why| {
                unfounded.push(Unfounded { seq: *seq, operation: operation.map(str::to_owned), why });
            };
            let read =
                record.part(PartName::Result).and_then(|part| serde_json::from_str::<Certificate>(part.get()).ok());
            let Some(certificate) = read else {
                doubt(None, "it cannot be read");
                continue;
            };
            let back = certificate.operations.iter().filter(|told| told.undone.is_back()).count();
            let not = certificate.operations.len() - back;
            if (certificate.undone, certificate.not_undone, certificate.complete) != (back, not, not == 0) {
                doubt(None, "its sums are not those of its operations");
            }
            for told in &certificate.operations {
                let records = by_operation.get(&told.operation).map(Vec::as_slice).unwrap_or_default();
                let before: Vec<&Record> =
                    records.iter().filter(|(at, _)| at < seq).map(|(_, record)| record).collect();
                if let Err(why) = told.check(&before) {
                    doubt(Some(&told.operation), why);
                }
            }
        }
        unfounded
    }
}

impl CertifiedOperation {
    /// Whether the records of the operation show what is said of it.
    fn check(&self, records: &[&Record]) -> Result<(), &'static str> {
        let is_undo = |record: &&&Record| record.action.starts_with(COMPENSATION_PREFIX);
        let action = format!("{COMPENSATION_PREFIX}{}", self.action);
        let forward = records.iter().find(|record| record.phase == Phase::Intent && !is_undo(record));
        let forward = forward.ok_or("what was done is not among the records")?;
        if forward.action != self.action {
            return Err("something else was done");
        }
        let undos = || records.iter().filter(is_undo).filter(|record| record.action == action);
        // What was found out later about an undo that was cut off is its outcome too.
        let tells = |record: &&&Record| record.phase == Phase::Outcome && record.action == action;
        let outcome_of = |intent: Uuid| {
            let ends = |record: &&&Record| record.parent == Some(intent);
            let found_out = records.iter().filter(|record| record.action == RECONCILED_ACTION).find(ends);
            found_out.or_else(|| records.iter().filter(tells).find(ends))
        };
        let evidence = || {
            let id = self.evidence.as_deref().ok_or("it names no evidence")?;
            undos().find(|record| record.id.to_string() == id).ok_or("its evidence is not among the records")
        };
        match self.undone {
            Undone::Already => {
                let is_done = |intent: &&&Record| {
                    outcome_of(intent.id).is_some_and(|outcome| outcome.outcome == Some(Outcome::Ok))
                };
                undos()
                    .filter(|record| record.phase == Phase::Intent)
                    .find(is_done)
                    .map(drop)
                    .ok_or("no undo of it went well")
            }
            Undone::Compensated => {
                let intent = evidence()?;
                let outcome = outcome_of(intent.id).ok_or("its undo has no outcome")?;
                if intent.phase != Phase::Intent || outcome.outcome != Some(Outcome::Ok) {
                    return Err("its undo did not go well");
                }
                self.check_files(forward, outcome)
            }
            Undone::CompensationFailed => match &self.evidence {
                None => Ok(()),
                Some(_) => match outcome_of(evidence()?.id) {
                    Some(outcome) if outcome.outcome == Some(Outcome::Ok) => Err("its undo went well"),
                    _ => Ok(()),
                },
            },
            Undone::NotUndoable => {
                let says = |record: &&&Record| record.tags.iter().any(|tag| tag == NOT_UNDOABLE_TAG);
                undos().find(says).map(drop).ok_or("nothing among the records says that it has no undo")
            }
        }
    }

    /// Each file is said to be what the call found, and the undo's outcome says the same.
    fn check_files(&self, forward: &Record, outcome: &Record) -> Result<(), &'static str> {
        #[derive(Deserialize)]
        struct Told {
            files: Vec<CertifiedFile>,
        }
        if self.files.is_empty() {
            return Ok(());
        }
        let told = outcome.part(PartName::Result).and_then(|part| serde_json::from_str::<Told>(part.get()).ok());
        if told.is_none_or(|told| told.files != self.files) {
            return Err("the outcome of its undo tells other files");
        }
        let found = FileState::of_part(forward, PartName::Before);
        let name = |path: &str| Path::new(path).file_name().map(std::ffi::OsStr::to_owned);
        let is_found = |file: &CertifiedFile| {
            found.iter().any(|state| content_word(&state.known()) == file.to && name(&state.path) == name(&file.path))
        };
        let is_back = self.files.iter().all(|file| file.restored && is_found(file));
        if is_back { Ok(()) } else { Err("a file is not what the call found") }
    }
}
