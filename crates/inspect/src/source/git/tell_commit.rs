//! Commits as records: one per commit, its files inside, further pages of files where they are too
//! many for one.

use sealbook_policy::Raw;
use sealbook_record::{PartName, Record, Severity, Target, TargetKind};
use serde::Serialize;
use serde_json::value::RawValue;

use super::engine::changes::{Change, Lines, Status};
use super::engine::history::Step;
use super::engine::id::Id;
use super::engine::mailmap::Mailmap;
use super::tell_signature::{SignatureTold, Signers};
use super::text::{Text, Who, timestamp};
use super::{COMMIT, FILES, NAME};
use crate::{Error, Request, Sink};

/// Bytes of a record's list of files, at most: a part holds 1 MiB, the message needs room too, and
/// so does what redaction may add.
const FILES_BYTES: usize = 640 * 1024;

/// Bytes of a name or an address.
const PERSON_BYTES: usize = 1_000;

/// Bytes of subject and body that are kept as text.
const SUBJECT_BYTES: usize = 8 * 1024;
const BODY_BYTES: usize = 192 * 1024;

#[derive(Serialize)]
struct CommitTold<'a> {
    id: Id,
    tree: Id,
    parents: &'a [Id],
    author: Who<'a>,
    /// Who that is by `.mailmap`, where it says another name or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<Mapped<'a>>,
    committer: Who<'a>,
    subject: Text<'a>,
    body: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Text<'a>>,
    signature: Option<SignatureTold>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forged_as: Option<Id>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shallow: bool,
    files_changed: usize,
    added: u64,
    deleted: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    renames_limited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<usize>,
    files: &'a RawValue,
}

#[derive(Serialize)]
struct Mapped<'a> {
    name: Text<'a>,
    email: Text<'a>,
}

/// What a run knows of people.
pub(super) struct People<'a> {
    pub(super) mailmap: &'a Mailmap,
    pub(super) signers: &'a Signers,
}

#[derive(Serialize)]
struct MoreFiles<'a> {
    commit: Id,
    page: usize,
    files: &'a RawValue,
}

/// A file of a commit, as `git log --raw --numstat` shows it.
#[derive(Serialize)]
struct FileTold<'a> {
    status: char,
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<u8>,
    path: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_path: Option<Text<'a>>,
    added: Option<u64>,
    deleted: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    binary: bool,
    /// Where it was another, or there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// Longer paths exist to mislead.
const PATH_BYTES: usize = 16 * 1024;

fn path(bytes: &[u8]) -> Text<'_> {
    Text::new(bytes, None, PATH_BYTES)
}

impl<'a> From<&'a Change> for FileTold<'a> {
    fn from(change: &'a Change) -> Self {
        let (added, deleted) = match change.lines {
            Lines::Counted(count) => (Some(count.added), Some(count.deleted)),
            Lines::Binary | Lines::Unknown => (None, None),
        };
        Self {
            status: change.status.letter(),
            similarity: match change.status {
                Status::Renamed(percent) => Some(percent),
                _ => None,
            },
            path: path(&change.path),
            old_path: change.old_path.as_deref().map(path),
            added,
            deleted,
            binary: change.lines == Lines::Binary,
            old_mode: change
                .old
                .filter(|old| change.new.is_none_or(|new| new.mode != old.mode))
                .map(|side| side.mode.octal()),
            mode: change.new.map(|side| side.mode.octal()),
            blob: change.new.map(|side| side.id),
            size: change.size,
        }
    }
}

/// Seals a commit.
pub(super) fn commit(
    request: &Request<'_>,
    step: &Step,
    people: &People<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Error> {
    let node = &step.node;
    let commit = &node.commit;
    let encoding = commit.encoding.as_deref();
    let files = step.changes.as_ref().map(|changes| changes.files.as_slice()).unwrap_or_default();
    let mut pages = lists_of(files)?.into_iter();
    let first = pages.next().unwrap_or_else(|| raw("[]".to_owned()));
    let rest: Vec<_> = pages.collect();
    let counted = |of: fn(&super::engine::lines::Count) -> u64| {
        files.iter().map(|file| if let Lines::Counted(count) = &file.lines { of(count) } else { 0 }).sum()
    };
    let (subject, body) = commit.subject_and_body();
    let person = &commit.author;
    let (name, email) = people.mailmap.resolve(&person.name, &person.email);
    let mapped = (name != person.name || email != person.email).then(|| Mapped {
        name: Text::new(name, encoding, PERSON_BYTES),
        email: Text::new(email, encoding, PERSON_BYTES),
    });
    let author = Who::new(person, encoding);
    let actor = author.actor();
    let told = CommitTold {
        id: node.id,
        tree: commit.tree,
        parents: &commit.parents,
        author,
        mapped,
        committer: Who::new(&commit.committer, encoding),
        subject: Text::new(&subject, encoding, SUBJECT_BYTES),
        body: Text::new(body, encoding, BODY_BYTES),
        encoding: encoding.map(|encoding| Text::new(encoding, None, 256)),
        signature: commit
            .signature
            .map(|kind| people.signers.of_commit(kind, step.signed.as_deref(), commit.committer.seconds)),
        forged_as: node.forged,
        shallow: node.shallow,
        files_changed: files.len(),
        added: counted(|count| count.added),
        deleted: counted(|count| count.deleted),
        renames_limited: step.changes.as_ref().is_some_and(|changes| changes.renames_limited),
        pages: (!rest.is_empty()).then_some(rest.len() + 1),
        files: &first,
    };
    let occurred = timestamp(commit.committer.seconds).unwrap_or(request.now);
    let target = || Target::new(TargetKind::Git, node.id.to_string());
    let mut record = request.event(NAME, COMMIT, target(), occurred);
    record.actor = actor;
    if node.forged.is_some() {
        record.severity = Severity::Critical;
        record.tags.push("forged".to_owned());
    }
    set(&mut record, PartName::Result, &told)?;
    let parent = record.id;
    sink.record(Raw::new(record))?;
    for (index, files) in rest.iter().enumerate() {
        let mut record = request.event(NAME, FILES, target(), occurred);
        record.parent = Some(parent);
        set(&mut record, PartName::Result, &MoreFiles { commit: node.id, page: index + 2, files })?;
        sink.record(Raw::new(record))?;
    }
    Ok(())
}

/// The files as JSON lists, each of a size that a record holds.
fn lists_of(files: &[Change]) -> Result<Vec<Box<RawValue>>, Error> {
    let mut lists = Vec::new();
    let mut text = String::new();
    for file in files {
        let json =
            serde_json::to_string(&FileTold::from(file)).map_err(|cause| Error::Encoding { action: COMMIT, cause })?;
        if !text.is_empty() && text.len() + json.len() > FILES_BYTES {
            text.push(']');
            lists.push(raw(std::mem::take(&mut text)));
        }
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(&json);
    }
    if !text.is_empty() {
        text.push(']');
        lists.push(raw(text));
    }
    Ok(lists)
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("a list of JSON objects is JSON")
}

/// Sets a part of a record.
pub(super) fn set(record: &mut Record, part: PartName, value: &impl Serialize) -> Result<(), Error> {
    record.set_part(part, value).map_err(|cause| Error::Encoding { action: action(&record.action), cause })
}

fn action(name: &str) -> &'static str {
    super::ACTIONS.iter().copied().find(|action| *action == name).unwrap_or(NAME)
}
