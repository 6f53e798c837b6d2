//! The records of the security source, and of secrets in history, as far as the findings need them.

use std::collections::BTreeSet;

use sealbook_record::{PartName, Record, Severity, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::TreePath;

/// What a record tells.
pub(super) enum Told {
    InTree(Secret),
    InHistory(Secret, Commit),
    /// A walk through history.
    Walked(History),
    Pattern(Pattern),
    Permission(Permission),
    Advisory(Advisory),
    /// The tree was looked through.
    Scanned(Scan),
}

/// What a look through the tree left out.
#[derive(Deserialize, Default)]
pub(super) struct Scan {
    /// How many were looked through.
    #[serde(default)]
    pub(super) files: u64,
    #[serde(default)]
    below: Option<TreePath>,
    #[serde(default)]
    unread: Vec<TreePath>,
    #[serde(default)]
    unread_left: u64,
}

impl Scan {
    /// Whether it would have found what is at that path: it is there and was read, or it is not there.
    pub(super) fn covers(&self, path: &str) -> bool {
        let is_in = |directory: &TreePath| {
            let directory = directory.to_string();
            directory == "."
                || path.strip_prefix(&directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.unread_left == 0 && self.below.as_ref().is_none_or(is_in) && !self.unread.iter().any(is_in)
    }
}

/// What a walk through history tells of the secrets in it.
#[derive(Deserialize)]
pub(super) struct History {
    #[serde(default)]
    leaks_gone: Vec<TreePath>,
    leaks: Option<Leaks>,
}

impl History {
    /// Files with secrets in history that are not in `HEAD`.
    pub(super) fn gone(&self) -> BTreeSet<String> {
        self.leaks_gone.iter().map(ToString::to_string).collect()
    }

    /// The digest of the rules with which it was looked through.
    pub(super) fn rules(self) -> Option<String> {
        self.leaks.map(|leaks| leaks.rules.digest)
    }
}

#[derive(Deserialize, Clone)]
pub(super) struct Secret {
    pub(super) rule: String,
    pub(super) about: String,
    pub(super) severity: Severity,
    #[serde(deserialize_with = "shown")]
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) length: u64,
    pub(super) digest: String,
    #[serde(default)]
    pub(super) lacks_reason: bool,
}

impl Secret {
    pub(super) fn key(&self) -> (String, String) {
        (self.rule.clone(), self.digest.clone())
    }
}

/// The commit that brought a secret.
#[derive(Clone)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) author: String,
    pub(super) at: Timestamp,
}

#[derive(Deserialize)]
struct OfHistory {
    commit: String,
    #[serde(flatten)]
    secret: Secret,
}

#[derive(Deserialize)]
pub(super) struct Pattern {
    pub(super) rule: String,
    pub(super) about: String,
    pub(super) advice: Option<String>,
    pub(super) severity: Severity,
    #[serde(deserialize_with = "shown")]
    pub(super) path: String,
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) digest: String,
}

#[derive(Deserialize)]
pub(super) struct Permission {
    pub(super) issue: String,
    #[serde(deserialize_with = "shown")]
    pub(super) path: String,
    pub(super) mode: String,
}

#[derive(Deserialize)]
pub(super) struct Advisory {
    pub(super) advisory: String,
    pub(super) aliases: Vec<String>,
    pub(super) summary: String,
    pub(super) severity: Severity,
    pub(super) severity_is_assumed: bool,
    pub(super) package: String,
    pub(super) version: String,
    pub(super) ecosystem: String,
    pub(super) fixed: Vec<String>,
    pub(super) module: String,
    /// The lock file or manifest that names it; older records have none.
    #[serde(default)]
    pub(super) file: Option<String>,
    #[serde(default)]
    pub(super) is_open: bool,
    pub(super) is_dev: bool,
    pub(super) is_notice: bool,
    pub(super) record: u64,
}

#[derive(Deserialize)]
struct Leaks {
    rules: Rules,
}

#[derive(Deserialize)]
struct Rules {
    digest: String,
}

/// What a record tells; nothing if it is none of ours, or its content is erased.
pub(super) fn read(record: &Record) -> Option<Told> {
    match record.action.as_str() {
        "security.secret" => result(record).map(Told::InTree),
        "security.pattern" => result(record).map(Told::Pattern),
        "security.permission" => result(record).map(Told::Permission),
        "security.advisory" => result(record).map(Told::Advisory),
        "security.scan" => Some(Told::Scanned(result(record).unwrap_or_default())),
        "git.history" => result::<History>(record).map(Told::Walked),
        "git.secret" => {
            let read: OfHistory = result(record)?;
            let author = record.actor.name.clone().unwrap_or_else(|| record.actor.id.clone());
            Some(Told::InHistory(read.secret, Commit { id: read.commit, author, at: record.occurred }))
        }
        _ => None,
    }
}

fn result<T: DeserializeOwned>(record: &Record) -> Option<T> {
    serde_json::from_str(record.part(PartName::Result)?.get()).ok()
}

fn shown<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    TreePath::deserialize(deserializer).map(|path| path.to_string())
}
