//! What a file was at one moment, as calls are recorded that change it.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{PartName, Record};

/// What a file was: absent, or so many bytes with this digest, and its content where that may be kept.
///
/// It stands in the parts `before` and `after` of calls that write files: one, or a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// As the call named it; below the call's working directory where it is not absolute.
    pub path: String,
    /// Its size; absent where there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of its content, lower hex, as in the manifests of the `file` source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Permission bits, octal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Where it leads, where it is a link; what lies there is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Its content, where that is a short text that may be kept. Redaction may have changed it: compare the digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Why it was not read, where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// What is known of a file's content: nothing, that there was none, or its digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FileContent {
    /// Nobody looked.
    Unknown,
    /// There was no such file.
    Absent,
    /// SHA-256, lower hex.
    Sha256(String),
}

impl FileState {
    /// A file that is not there.
    pub fn absent(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// The states that a part of a record tells; none where it tells something else.
    pub fn of_part(record: &Record, part: PartName) -> Vec<Self> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Told {
            One(FileState),
            Several(Vec<FileState>),
        }
        match record.part(part).and_then(|part| serde_json::from_str(part.get()).ok()) {
            Some(Told::One(state)) => vec![state],
            Some(Told::Several(states)) => states,
            None => Vec::new(),
        }
    }

    /// What is known of the content.
    pub fn known(&self) -> FileContent {
        match (&self.sha256, &self.unread) {
            (Some(sha256), _) => FileContent::Sha256(sha256.clone()),
            (None, Some(_)) => FileContent::Unknown,
            (None, None) => FileContent::Absent,
        }
    }

    /// The content, where it is kept and fits its digest: what redaction has changed does not.
    pub fn kept(&self) -> Option<&str> {
        let content = self.content.as_deref()?;
        (self.sha256.as_deref() == Some(&sealbook_ledger::Hash::of(content.as_bytes()).to_string())).then_some(content)
    }
}

/// Where a call ran, as its context says: what paths that are not absolute lie below.
pub fn working_directory(record: &Record) -> Option<PathBuf> {
    let context: serde_json::Value = serde_json::from_str(record.part(PartName::Context)?.get()).ok()?;
    context.get("cwd")?.as_str().map(PathBuf::from)
}

/// The path without `.` and `..`, as it is written: no link is followed.
pub fn plain_path(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}
