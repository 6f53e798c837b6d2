//! The records of the git source, as far as the measures need them.

use std::borrow::Cow;

use sealbook_record::{PartName, Record};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::TreePath;

/// What a record tells.
pub(super) enum Told<'a> {
    Commit(Commit, Vec<File<'a>>),
    /// More files of the commit before.
    Files(String, Vec<File<'a>>),
    Reference(Reference),
    /// Something is forged or damaged; the record carries its finding.
    Fault,
}

/// A commit, without its files.
#[derive(Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) id: String,
    pub(super) is_merge: bool,
    pub(super) author: Person,
    pub(super) subject: Text,
    pub(super) has_body: bool,
    pub(super) signature: Option<Signature>,
    pub(super) files_changed: u64,
    pub(super) lines: u64,
}

#[derive(Deserialize)]
struct CommitRead<'a> {
    id: String,
    parents: Vec<serde::de::IgnoredAny>,
    author: Person,
    #[serde(default)]
    mapped: Option<Person>,
    subject: Text,
    body: Text,
    signature: Option<Signature>,
    files_changed: u64,
    added: u64,
    deleted: u64,
    #[serde(borrow)]
    files: Vec<File<'a>>,
}

impl Commit {
    /// Enough of its name to find it again.
    pub(super) fn short_id(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }
}

/// An author.
#[derive(Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) name: Text,
    pub(super) email: Text,
}

/// A signature.
#[derive(Serialize, Deserialize)]
pub(super) struct Signature {
    pub(super) kind: String,
    #[serde(default)]
    pub(super) verdict: Option<String>,
    #[serde(default)]
    pub(super) why: Option<String>,
}

/// A changed file.
#[derive(Deserialize)]
pub(super) struct File<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    pub(super) path: Text,
    #[serde(default)]
    pub(super) old_path: Option<Text>,
    #[serde(default)]
    pub(super) added: Option<u64>,
    #[serde(default)]
    pub(super) deleted: Option<u64>,
    #[serde(default)]
    pub(super) binary: bool,
    #[serde(default)]
    pub(super) size: Option<u64>,
}

impl File<'_> {
    pub(super) fn is_deleted(&self) -> bool {
        self.status == "D"
    }
}

/// A reference in one run.
#[derive(Deserialize)]
pub(super) struct Reference {
    pub(super) name: Text,
    pub(super) kind: String,
    pub(super) state: String,
    #[serde(default)]
    pub(super) commit: Option<String>,
    #[serde(default)]
    pub(super) previous: Option<Place>,
}

/// Where a reference was.
#[derive(Deserialize)]
pub(super) struct Place {
    #[serde(default)]
    pub(super) commit: Option<String>,
}

/// Text that may have come as bytes, or cut: whatever can be shown of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> serde::de::Visitor<'de> for Visitor {
    type Value = Text;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Text, E> {
        Ok(Text(text))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let mut shown = Text::default();
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "head" => shown = map.next_value()?,
                "b64" => {
                    let text: Cow<'_, str> = map.next_value()?;
                    let path = serde_json::from_value::<TreePath>(serde_json::json!({ "b64": text }));
                    shown = Text(path.map_or_else(|_| text.into_owned(), |path| path.to_string()));
                }
                _ => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                }
            }
        }
        Ok(shown)
    }
}

#[derive(Deserialize)]
struct FilesPage<'a> {
    commit: String,
    #[serde(borrow)]
    files: Vec<File<'a>>,
}

/// What a record tells; nothing if it is none of ours, or its content is erased.
pub(super) fn read(record: &Record) -> Option<Told<'_>> {
    let result = || record.part(PartName::Result).map(RawValue::get);
    match record.action.as_str() {
        "git.commit" => {
            let read: CommitRead<'_> = serde_json::from_str(result()?).ok()?;
            let commit = Commit {
                id: read.id,
                is_merge: read.parents.len() > 1,
                author: read.mapped.unwrap_or(read.author),
                subject: read.subject,
                has_body: !read.body.0.trim().is_empty(),
                signature: read.signature,
                files_changed: read.files_changed,
                lines: read.added + read.deleted,
            };
            Some(Told::Commit(commit, read.files))
        }
        "git.commit.files" => {
            let page: FilesPage<'_> = serde_json::from_str(result()?).ok()?;
            Some(Told::Files(page.commit, page.files))
        }
        "git.ref" => serde_json::from_str(result()?).ok().map(Told::Reference),
        "git.forged" | "git.damaged" => Some(Told::Fault),
        _ => None,
    }
}

/// A number for a name: the same in every run and release, and different names do not meet in practice.
pub(super) fn short(name: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(name).into();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}
