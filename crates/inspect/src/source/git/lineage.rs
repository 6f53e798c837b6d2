//! A file's lines with the commits that wrote them, and the file before and after each of these commits.

use std::collections::BTreeMap;
use std::path::Path;

use super::engine::blame::{Run, blame};
use super::engine::commit::Commit;
use super::engine::id::Id;
use super::engine::objects::Kind;
use super::engine::reader::Reader;
use super::engine::refs::{self, RefKind};
use super::engine::tree;
use super::text::Text;
use super::{below_root, open};
use crate::{Error, TreePath};

const NAME_BYTES: usize = 1_000;

/// A file in `HEAD`, line by line.
pub(crate) struct Lineage {
    /// The commit that `HEAD` is at; none before the first.
    pub(crate) head: Option<String>,
    /// The file in it; none where it is in no commit.
    pub(crate) content: Option<Vec<u8>>,
    /// Who wrote which lines, in order.
    pub(crate) runs: Vec<Written>,
    /// The commits that the runs name.
    pub(crate) commits: BTreeMap<String, CommitOf>,
    /// Objects that are forged or cannot be read.
    pub(crate) faults: usize,
}

/// Lines in a row that one commit wrote.
pub(crate) struct Written {
    pub(crate) lines: u32,
    /// The number of the first of them in the commit, from 1.
    pub(crate) old_line: u32,
    pub(crate) commit: String,
    /// What the file was called in it.
    pub(crate) path: Vec<u8>,
}

/// One commit, and what it made of the file.
pub(crate) struct CommitOf {
    pub(crate) author: String,
    pub(crate) email: String,
    pub(crate) subject: String,
    /// When it was made, as it claims: seconds since the epoch.
    pub(crate) seconds: i64,
    /// By path.
    pub(crate) versions: BTreeMap<Vec<u8>, Version>,
}

/// The file before a commit, where it was there, and after it.
pub(crate) struct Version {
    pub(crate) before: Option<Vec<u8>>,
    pub(crate) after: Vec<u8>,
}

/// Reads who wrote each line of the file at `path`, below the root of the repository around `target`.
pub(crate) fn lineage(target: &Path, path: &TreePath) -> Result<Lineage, Error> {
    let repository = open(target)?;
    let failed = |cause| Error::Repository { path: target.to_owned(), cause };
    let (references, _) = repository.references().map_err(failed)?;
    let mut objects = repository.database().reader();
    let resolved = refs::resolve(&mut objects, &references);
    let head = resolved.iter().find(|reference| reference.kind == RefKind::Head).and_then(|head| head.commit);
    let mut told = Lineage {
        head: head.map(|id| id.to_string()),
        content: None,
        runs: Vec::new(),
        commits: BTreeMap::new(),
        faults: 0,
    };
    let path = below_root(path);
    let Some((tip, blamed)) = head.and_then(|tip| Some((tip, blame(&mut objects, repository.shallow(), tip, &path)?)))
    else {
        return Ok(told);
    };
    told.faults = blamed.faults.len();
    let mut versions = Versions { reader: Reader::new(&mut objects, Some(tip)) };
    told.content = versions.file(tip, &path);
    for run in &blamed.runs {
        let Some(commit) = blamed.commits.get(&run.commit) else { continue };
        let of = told.commits.entry(run.commit.to_string()).or_insert_with(|| CommitOf::of(commit));
        if !of.versions.contains_key(&run.path)
            && let Some(after) = versions.file(run.commit, &run.path)
        {
            let before = run.previous.as_ref().and_then(|(id, path)| versions.file(*id, path));
            of.versions.insert(run.path.clone(), Version { before, after });
        }
        told.runs.push(Written::of(run));
    }
    told.faults += versions.reader.into_faults().len();
    Ok(told)
}

struct Versions<'o> {
    reader: Reader<'o>,
}

impl Versions<'_> {
    /// The file at a path in a commit.
    fn file(&mut self, commit: Id, path: &[u8]) -> Option<Vec<u8>> {
        let data = self.reader.read(&commit, Kind::Commit, &[])?;
        let commit = Commit::parse(&data).ok()?;
        let side = tree::lookup(&mut self.reader, commit.tree, path)?;
        Some(self.reader.read(&side.id, Kind::Blob, path)?.to_vec())
    }
}

impl Written {
    fn of(run: &Run) -> Self {
        let Run { lines, old_line, .. } = *run;
        Self { lines, old_line, commit: run.commit.to_string(), path: run.path.clone() }
    }
}

impl CommitOf {
    fn of(commit: &Commit) -> Self {
        let encoding = commit.encoding.as_deref();
        let text = |bytes| Text::new(bytes, encoding, NAME_BYTES).shown();
        Self {
            author: text(&commit.author.name),
            email: text(&commit.author.email),
            subject: text(commit.first_line()),
            seconds: commit.committer.seconds,
            versions: BTreeMap::new(),
        }
    }
}
