//! Who wrote each line of a file: the commit, and where the book knows it, the call of an agent or a
//! command that put the line there, and who approved that.
//!
//! Git says which commit wrote a line. Between the file before the commit and after it, calls that were
//! recorded lead from one content to the next; each is tied to it by digests, and to nothing else: a
//! name or a time proves nothing. Where the way has a gap, somebody wrote who was not recorded, and that
//! is said.

mod calls;
mod chain;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sealbook_record::{PartName, Timestamp};
use serde::Serialize;

use self::calls::Call;
use self::chain::{Way, attribute, way};
use crate::source::git::{Lineage, lineage};
use crate::{Error, Prior, Progress, Selection, TreePath};

/// Larger files are not told line by line.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Who wrote each line of a file.
#[derive(Debug, Clone, Serialize)]
pub struct Authorship {
    /// The file, below the root of its repository.
    pub path: String,
    /// The commit that `HEAD` is at.
    pub head: Option<String>,
    /// Its lines.
    pub lines: u32,
    /// Who wrote them, in order.
    pub runs: Vec<LineRun>,
    /// The commits that wrote some of them.
    pub commits: BTreeMap<String, WritingCommit>,
    /// The calls that wrote some of them, by the place of the record of how they ended.
    pub calls: BTreeMap<u64, WritingCall>,
    /// What a reader must know to weigh the answer.
    pub notes: Vec<String>,
    /// What the file was when it was read; it is for showing, and no part of the answer.
    #[serde(skip)]
    pub content: Vec<u8>,
}

/// Lines in a row that have one story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineRun {
    /// The first, from 1.
    pub line: u32,
    /// How many.
    pub lines: u32,
    /// The commit; none where they are not committed.
    pub commit: Option<String>,
    /// Who put them there.
    #[serde(flatten)]
    pub writer: Writer,
}

/// Who put a line there, as far as the book knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "writer", rename_all = "snake_case")]
pub enum Writer {
    /// This call.
    Call {
        /// The record of how it ended.
        seq: u64,
    },
    /// One of several calls, or something unrecorded among them: the contents between them are not known.
    OneOf {
        /// The records of how they ended.
        seqs: Vec<u64>,
        /// Whether it may have been nobody's recorded call.
        or_unrecorded: bool,
    },
    /// No recorded call.
    Unrecorded,
}

/// A commit that wrote lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WritingCommit {
    /// Who wrote it, as it claims.
    pub author: String,
    /// The address, as it claims.
    pub email: String,
    /// When, as it claims.
    pub time: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// A call that wrote lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WritingCall {
    /// Where its intent is, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// The operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Who called.
    pub actor: String,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// In which session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What was done.
    pub action: String,
    /// What was called, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Through which way in it was seen.
    pub source: String,
    /// When it ended.
    pub at: Timestamp,
    /// Who approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
}

/// One line of the answer before neighbours are joined.
type Line = (Option<String>, Writer);

impl Authorship {
    /// Reads who wrote each line of the file at `path`, below `root`, as it lies on the disk; as it is in
    /// `HEAD`, where it does not.
    ///
    /// Errors: there is no repository or no such file, or the book cannot be read.
    pub fn of(
        prior: &dyn Prior,
        root: &Path,
        path: &TreePath,
        project: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let lineage = lineage(root, path)?;
        let on_disk = read(root, path)?;
        let Some(content) = on_disk.as_ref().or(lineage.content.as_ref()) else {
            let name = path.to_string();
            return Err(Error::TargetNotFound { path: root.join(name) });
        };
        let before = lineage.runs.iter().map(|run| TreePath::new(run.path.clone()).to_string());
        let names: BTreeSet<String> = before.chain([path.to_string()]).collect();
        let calls = calls::of_file(prior, root, &names, project, progress)?;
        let mut lines = of_commits(&lineage, &calls);
        if lineage.content.as_ref() != Some(content) {
            let before = lineage.content.as_deref();
            let way = way(before, content, &calls, None, &[]);
            lines = attribute(before.unwrap_or_default(), &way)
                .into_iter()
                .map(|found| match found {
                    Ok(step) => (None, way.writer(step)),
                    Err(old_line) => lines.get(old_line as usize).cloned().unwrap_or((None, Writer::Unrecorded)),
                })
                .collect();
        }
        let mut told = Self {
            path: path.to_string(),
            head: lineage.head.clone(),
            lines: lines.len() as u32,
            runs: joined(lines),
            commits: BTreeMap::new(),
            calls: BTreeMap::new(),
            notes: Vec::new(),
            content: content.clone(),
        };
        told.cite(&lineage, &calls, prior)?;
        if lineage.faults > 0 {
            told.notes.push(format!("{} git objects are forged or damaged; `sealbook git` names them", lineage.faults));
        }
        if lineage.content.is_none() && lineage.head.is_some() {
            told.notes.push("the file is in no commit yet".to_owned());
        }
        if on_disk.is_none() {
            told.notes.push("the file is not on the disk; this is how it is in HEAD".to_owned());
        }
        Ok(told)
    }

    /// Tells the commits and calls that the runs name.
    fn cite(&mut self, lineage: &Lineage, calls: &[Call], prior: &dyn Prior) -> Result<(), Error> {
        let mut seqs = BTreeSet::new();
        for run in &self.runs {
            match &run.writer {
                Writer::Call { seq } => drop(seqs.insert(*seq)),
                Writer::OneOf { seqs: some, .. } => seqs.extend(some),
                Writer::Unrecorded => {}
            }
            if let Some(id) = &run.commit
                && let Some(of) = lineage.commits.get(id)
            {
                let time = Timestamp::from_micros(of.seconds.saturating_mul(1_000_000));
                let (author, email, subject) = (of.author.clone(), of.email.clone(), of.subject.clone());
                self.commits.insert(id.clone(), WritingCommit { author, email, time, subject });
            }
        }
        for call in calls.iter().filter(|call| seqs.contains(&call.seq)) {
            let mut told = call.told.clone();
            told.approved_by = approvers(call, prior)?;
            self.calls.insert(call.seq, told);
        }
        Ok(())
    }
}

/// Who decided the request that let the call go.
fn approvers(call: &Call, prior: &dyn Prior) -> Result<Vec<String>, Error> {
    let Some(operation) = call.operation else { return Ok(Vec::new()) };
    let used = Selection {
        actions: &["approval.used", "approval.elicited"],
        operation: Some(operation),
        ..Selection::default()
    };
    let mut found = Vec::new();
    for sealed in prior.records(&used)? {
        let record = sealed?.record;
        if record.action == "approval.elicited" {
            found.push(record.actor.id);
            continue;
        }
        let Some(request) = record.parent.map(|id| id.to_string()) else { continue };
        let decided = Selection { actions: &["approval.decided"], target: Some(&request), ..Selection::default() };
        for sealed in prior.records(&decided)? {
            let record = sealed?.record;
            let said = record.part(PartName::Input).map_or("", |part| part.get());
            if said.contains("\"approve\"") {
                found.push(record.actor.id);
            }
        }
    }
    found.dedup();
    Ok(found)
}

/// The way over a commit, and for each line after it where on the way it came in.
type Story = (Way, Vec<Result<usize, u32>>);

/// The lines of the file in `HEAD`.
fn of_commits(lineage: &Lineage, calls: &[Call]) -> Vec<Line> {
    let mut known: BTreeMap<(&str, &[u8]), Story> = BTreeMap::new();
    let contents: Vec<&[u8]> = lineage
        .commits
        .values()
        .flat_map(|commit| commit.versions.values())
        .flat_map(|version| version.before.iter().chain([&version.after]).map(Vec::as_slice))
        .collect();
    let mut lines = Vec::new();
    for run in &lineage.runs {
        let version = lineage.commits.get(&run.commit).and_then(|commit| {
            let version = commit.versions.get(&run.path)?;
            Some((commit.seconds, version.before.as_deref(), &version.after))
        });
        let story = version.map(|(seconds, before, after)| {
            &*known.entry((&run.commit, &run.path)).or_insert_with(|| {
                let way = way(before, after, calls, Some(seconds), &contents);
                let found = attribute(before.unwrap_or_default(), &way);
                (way, found)
            })
        });
        for line in run.old_line..run.old_line + run.lines {
            let found = story.and_then(|(way, found)| Some((way, found.get(line as usize - 1)?)));
            let writer = match found {
                Some((way, Ok(step))) => way.writer(*step),
                _ => Writer::Unrecorded,
            };
            lines.push((Some(run.commit.clone()), writer));
        }
    }
    lines
}

fn joined(lines: Vec<Line>) -> Vec<LineRun> {
    let mut runs: Vec<LineRun> = Vec::new();
    for ((commit, writer), line) in lines.into_iter().zip(1..) {
        match runs.last_mut() {
            Some(run) if run.commit == commit && run.writer == writer => run.lines += 1,
            _ => runs.push(LineRun { line, lines: 1, commit, writer }),
        }
    }
    runs
}

/// The file on the disk, if it is one.
fn read(root: &Path, path: &TreePath) -> Result<Option<Vec<u8>>, Error> {
    use std::io::Read as _;
    use std::os::unix::ffi::OsStrExt as _;
    let path = root.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
    let unreadable = |cause| Error::TargetUnreadable { path: path.clone(), cause };
    match path.symlink_metadata() {
        Ok(found) if found.is_file() && found.len() <= FILE_BYTES_MAX => {}
        Ok(_) => {
            let needs = "a file of at most 64 MiB that is no link";
            return Err(Error::TargetUnsupported { name: "git", path, needs });
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(unreadable(cause)),
    }
    let mut content = Vec::new();
    let file = std::fs::File::open(&path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX).read_to_end(&mut content).map_err(unreadable)?;
    Ok(Some(content))
}
