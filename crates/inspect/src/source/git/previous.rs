//! What the last run over this repository sealed: where each reference was, and how far history
//! was read.

use std::collections::BTreeMap;
use std::path::Path;

use sealbook_policy::redact_text;
use sealbook_record::{PartName, Record, Timestamp};
use serde::Deserialize;

use super::engine::id::Id;
use super::gaps::Gaps;
use super::{HISTORY, NAME, REF};
use crate::{Error, Prior, Selection, TreePath};

/// A reference as it was sealed last.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) target: Option<Id>,
    pub(super) commit: Option<Id>,
    /// All that this commit reaches is sealed.
    pub(super) sealed: Option<Id>,
}

/// The references of the last run that came to its end.
#[derive(Debug, Default)]
pub(super) struct Previous {
    pub(super) refs: BTreeMap<Vec<u8>, Seen>,
    /// Whether there was such a run.
    pub(super) exists: bool,
    /// Commits that it and the runs before it sealed.
    pub(super) commits: u64,
    /// The digest of the rules with which all of them were looked through for secrets.
    pub(super) rules: Option<String>,
    /// What of history neither it nor the runs before it could read.
    pub(super) gaps: Gaps,
}

#[derive(Deserialize)]
struct RefRead {
    name: TreePath,
    #[serde(default)]
    state: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    commit: Option<String>,
    #[serde(default)]
    sealed: Option<String>,
}

#[derive(Deserialize)]
struct RunRead {
    #[serde(default)]
    sealed_commits: u64,
    #[serde(default)]
    looked_through: Option<String>,
    #[serde(default)]
    gaps: Option<Gaps>,
    #[serde(default)]
    complete: Option<bool>,
}

impl Previous {
    /// Reads it back. The record over a run is its last, so a run that was cut short counts for
    /// nothing, and what it sealed is read again.
    pub(super) fn of(prior: &dyn Prior, root: &str, project: Option<&str>) -> Result<Self, Error> {
        Self::until(prior, root, project, None)
    }

    fn until(prior: &dyn Prior, root: &str, project: Option<&str>, until: Option<Timestamp>) -> Result<Self, Error> {
        let last = prior.latest(&Selection {
            source: Some(NAME),
            actions: &[HISTORY],
            target: Some(root),
            project,
            until,
            ..Selection::default()
        })?;
        let Some((operation, last)) = last.and_then(|last| Some((last.record.operation?, last.record))) else {
            return Ok(Self::default());
        };
        let told = last.part(PartName::Result).and_then(|result| serde_json::from_str::<RunRead>(result.get()).ok());
        let mut refs = BTreeMap::new();
        let selection =
            Selection { source: Some(NAME), actions: &[REF], operation: Some(operation), ..Selection::default() };
        for sealed in prior.records(&selection)? {
            if let Some((name, seen)) = read(&sealed?.record) {
                refs.insert(name, seen);
            }
        }
        let commits = told.as_ref().map_or(0, |told| told.sealed_commits);
        let gaps = match &told {
            Some(RunRead { gaps: Some(gaps), .. }) => gaps.clone(),
            // Sealed before gaps were listed, or incomplete for another reason: read again, once.
            Some(RunRead { complete: Some(false), .. }) => Gaps::unlisted(),
            _ => Gaps::default(),
        };
        let rules = told.and_then(|told| told.looked_through);
        Ok(Self { refs, exists: true, commits, rules, gaps })
    }

    /// The commits behind which everything is sealed.
    pub(super) fn sealed(&self) -> Vec<Id> {
        let mut ids: Vec<Id> = self.refs.values().filter_map(|seen| seen.sealed).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// What references pointed at when a repository was read last before a time; `None` where it was not.
pub(crate) fn references(
    prior: &dyn Prior,
    root: &Path,
    project: Option<&str>,
    until: Option<Timestamp>,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    let root = TreePath::from(root).to_string();
    let seen = Previous::until(prior, &redact_text(&root), project, until)?;
    let at = |seen: Seen| seen.target.map_or_else(String::new, |id| id.to_string());
    let references = seen.refs.into_iter().map(|(name, seen)| (TreePath::new(name).to_string(), at(seen)));
    Ok(seen.exists.then(|| references.collect()))
}

fn read(record: &Record) -> Option<(Vec<u8>, Seen)> {
    let told: RefRead = serde_json::from_str(record.part(PartName::Result)?.get()).ok()?;
    if told.state == "deleted" {
        return None;
    }
    let id = |hex: &Option<String>| Id::from_hex(hex.as_ref()?.as_bytes());
    let seen = Seen { target: id(&told.target), commit: id(&told.commit), sealed: id(&told.sealed) };
    Some((told.name.as_bytes().to_vec(), seen))
}
