//! What a project was at a moment, as it was sealed: its files, references and findings.
//!
//! A picture is read from the book, never from the disk. Two of them give a [`Difference`]; one that
//! is kept in a file of its own is a [`Baseline`].

mod baseline;
mod difference;

use std::collections::BTreeMap;
use std::path::Path;

use sealbook_policy::redact_text;
use sealbook_record::{Finding, Severity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::baseline::{BASELINE_BYTES_MAX, Baseline};
pub use self::difference::{Difference, FileDifference, Moment, ReferenceDifference};
use crate::source::file::Previous;
use crate::source::git::references;
use crate::{Error, Prior, Selection, TreePath};

/// What a project was at a moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Picture {
    /// The files, where they were audited.
    pub files: Option<Files>,
    /// The references and what they pointed at, where a repository was audited.
    pub references: Option<BTreeMap<String, String>>,
    /// What the last audit of the whole project found, by key; absent where there was none.
    pub findings: Option<BTreeMap<String, Found>>,
}

/// The files of a tree: one manifest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Files {
    /// The manifest's record.
    pub record: String,
    /// Its place in the ledger.
    pub seq: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The Merkle root over its entries.
    pub root: String,
    /// What was asked for; manifests that were asked other things cannot be compared.
    pub asked: Box<RawValue>,
    /// Its entries, in the order of the walk.
    pub entries: Vec<Box<RawValue>>,
}

/// What is kept of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The rule that saw it.
    pub rule: String,
    /// Weight.
    pub severity: Severity,
    /// Where, if it is in one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was seen.
    pub message: String,
}

impl Picture {
    /// What was sealed of the project at `root` until then; until now where nothing is said.
    ///
    /// Errors: the book cannot be read, or a page of the manifest is missing.
    pub fn of(prior: &dyn Prior, root: &Path, project: Option<&str>, until: Option<Timestamp>) -> Result<Self, Error> {
        Ok(Self {
            files: Files::of(prior, root, project, until)?,
            references: references(prior, root, project, until)?,
            findings: findings(prior, root, project, until)?,
        })
    }

    /// Whether nothing was sealed of it.
    pub fn is_empty(&self) -> bool {
        self.files.is_none() && self.references.is_none() && self.findings.is_none()
    }

    /// What is different in `after`.
    pub fn difference(&self, after: &Self) -> Difference {
        Difference::between(self, after)
    }
}

impl Files {
    fn of(
        prior: &dyn Prior,
        root: &Path,
        project: Option<&str>,
        until: Option<Timestamp>,
    ) -> Result<Option<Self>, Error> {
        let scope = TreePath::from(root).to_string();
        let Some(mut manifest) = Previous::of(prior, &scope, project, until)? else { return Ok(None) };
        let mut entries = Vec::new();
        while manifest.peek()?.is_some() {
            entries.extend(manifest.take().and_then(|entry| RawValue::from_string(entry).ok()));
        }
        if let Some(what) = manifest.broken {
            return Err(Error::ManifestBroken { seq: manifest.seq, what });
        }
        let asked = RawValue::from_string(manifest.asked)
            .map_err(|cause| Error::ManifestBroken { seq: manifest.seq, what: cause.to_string() })?;
        let (record, seq, at, root) = (manifest.record.to_string(), manifest.seq, manifest.occurred, manifest.root);
        Ok(Some(Self { record, seq, at, root, asked, entries }))
    }
}

/// The findings of the last audit of the whole project that came to its end.
fn findings(
    prior: &dyn Prior,
    root: &Path,
    project: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Option<BTreeMap<String, Found>>, Error> {
    let target = redact_text(&TreePath::from(root).to_string()).into_owned();
    let ended = Selection { actions: &["audit.run"], target: Some(&target), project, until, ..Selection::default() };
    let Some(run) = prior.latest(&ended)? else { return Ok(None) };
    let mut found = BTreeMap::new();
    for sealed in prior.records(&Selection { operation: run.record.operation, ..Selection::default() })? {
        for finding in sealed?.record.findings().unwrap_or_default() {
            // Findings of a drift are about the way here, not about what is here.
            if finding.kind != "drift" {
                found.insert(finding.id.clone(), Found::from(finding));
            }
        }
    }
    Ok(Some(found))
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        let path = finding.location.map(|location| location.path);
        Self { rule: finding.rule, severity: finding.severity, path, message: finding.message }
    }
}
