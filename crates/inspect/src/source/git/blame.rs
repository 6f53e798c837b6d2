//! Blame as records: for each run of lines, the commit that wrote it.

use std::collections::BTreeMap;

use sealbook_policy::Raw;
use sealbook_record::{PartName, Target, TargetKind};
use serde::Serialize;
use serde_json::value::RawValue;

use super::engine::blame::{Blame, Run as Lines, blame};
use super::engine::commit::Commit;
use super::engine::id::Id;
use super::engine::objects::Objects;
use super::engine::refs::{RefKind, Resolved};
use super::tell_commit::set;
use super::text::{Text, Who};
use super::{BLAME, NAME, Run, below_root};
use crate::{Error, Progress, Sink, TreePath};

/// Bytes of runs and commits in one record, at most.
const PAGE_BYTES: usize = 640 * 1024;

#[derive(Serialize)]
struct Told<'a> {
    path: &'a TreePath,
    commit: Id,
    page: usize,
    pages: usize,
    /// Lines of the whole file.
    lines: u32,
    runs: &'a RawValue,
    commits: &'a RawValue,
}

#[derive(Serialize)]
struct RunTold<'a> {
    line: u32,
    lines: u32,
    commit: Id,
    old_line: u32,
    old_path: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Previous<'a>>,
}

#[derive(Serialize)]
struct Previous<'a> {
    commit: Id,
    path: Text<'a>,
}

#[derive(Serialize)]
struct CommitTold<'a> {
    author: Who<'a>,
    committer: Who<'a>,
    subject: Text<'a>,
    /// It has no parents here, so the line may be older.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    boundary: bool,
}

const PATH_BYTES: usize = 16 * 1024;
const SUBJECT_BYTES: usize = 1_024;

impl Run<'_, '_> {
    /// Seals who wrote each line of the file in `HEAD`.
    pub(super) fn blame(
        &mut self,
        file: &TreePath,
        resolved: &[Resolved],
        objects: &mut Objects,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let head = resolved.iter().find(|reference| reference.kind == RefKind::Head).and_then(|head| head.commit);
        let path = below_root(file);
        progress.begin("blame", None);
        let blamed = head.and_then(|head| Some((head, blame(objects, self.repository.shallow(), head, &path)?)));
        progress.end();
        let Some((head, blamed)) = blamed else {
            let why = "there is no such file in HEAD".to_owned();
            self.coverage.skip(file.clone(), "blame_without_file", Some(why));
            return Ok(());
        };
        for fault in &blamed.faults {
            self.tell(fault, sink)?;
        }
        self.tell_blame(&TreePath::new(path), head, &blamed, sink)
    }

    fn tell_blame(&self, path: &TreePath, head: Id, blamed: &Blame, sink: &mut dyn Sink) -> Result<(), Error> {
        let pages = self.pages(blamed)?;
        let lines = blamed.runs.iter().map(|run| run.lines).sum();
        for (index, (runs, commits)) in pages.iter().enumerate() {
            let target = Target::new(TargetKind::File, path.to_string());
            let mut record = self.request.event(NAME, BLAME, target, self.request.now);
            let told = Told { path, commit: head, page: index + 1, pages: pages.len(), lines, runs, commits };
            set(&mut record, PartName::Result, &told)?;
            sink.record(Raw::new(record))?;
        }
        Ok(())
    }

    /// The runs, and the commits that they name, in portions that a record holds.
    fn pages(&self, blamed: &Blame) -> Result<Vec<Page>, Error> {
        let json_error = |cause| Error::Encoding { action: BLAME, cause };
        let mut pages = Vec::new();
        let (mut runs, mut commits, mut size) = (Vec::new(), BTreeMap::new(), 0);
        for run in &blamed.runs {
            let text = serde_json::value::to_raw_value(&told_run(run)).map_err(json_error)?;
            size += text.get().len() + 1;
            runs.push(text);
            if let Some(commit) = blamed.commits.get(&run.commit)
                && !commits.contains_key(&run.commit)
            {
                let text =
                    serde_json::value::to_raw_value(&self.told_commit(run.commit, commit)).map_err(json_error)?;
                size += text.get().len() + 44;
                commits.insert(run.commit, text);
            }
            if size > PAGE_BYTES {
                pages.push(page(&mut runs, &mut commits).map_err(json_error)?);
                size = 0;
            }
        }
        if !runs.is_empty() || pages.is_empty() {
            pages.push(page(&mut runs, &mut commits).map_err(json_error)?);
        }
        Ok(pages)
    }

    fn told_commit<'c>(&self, id: Id, commit: &'c Commit) -> CommitTold<'c> {
        let encoding = commit.encoding.as_deref();
        CommitTold {
            author: Who::new(&commit.author, encoding),
            committer: Who::new(&commit.committer, encoding),
            subject: Text::new(commit.first_line(), encoding, SUBJECT_BYTES),
            boundary: commit.parents.is_empty() || self.repository.shallow().contains(&id),
        }
    }
}

fn told_run(run: &Lines) -> RunTold<'_> {
    let path = |bytes| Text::new(bytes, None, PATH_BYTES);
    RunTold {
        line: run.line,
        lines: run.lines,
        commit: run.commit,
        old_line: run.old_line,
        old_path: path(&run.path),
        previous: run.previous.as_ref().map(|(commit, at)| Previous { commit: *commit, path: path(at) }),
    }
}

type Page = (Box<RawValue>, Box<RawValue>);

fn page(runs: &mut Vec<Box<RawValue>>, commits: &mut BTreeMap<Id, Box<RawValue>>) -> serde_json::Result<Page> {
    let (runs, commits) = (std::mem::take(runs), std::mem::take(commits));
    Ok((serde_json::value::to_raw_value(&runs)?, serde_json::value::to_raw_value(&commits)?))
}
