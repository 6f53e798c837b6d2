//! Submodules: which commit of which other repository the newest commit names, and whether it is here.

use std::path::{Component, Path};

use sealbook_policy::Raw;
use sealbook_record::{PartName, Severity, Target, TargetKind};
use serde::Serialize;

use super::engine::id::Id;
use super::engine::objects::{Kind, Objects};
use super::engine::reader::Reader;
use super::engine::repository::Repository;
use super::engine::tree;
use super::tell_commit::set;
use super::{NAME, SUBMODULE};
use crate::{Coverage, Error, Request, Sink, TreePath};

/// Submodules of one repository that are looked at.
const MOST: usize = 2_000;

/// A section of `.gitmodules`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Declared {
    name: String,
    path: String,
    url: String,
}

#[derive(Serialize)]
struct SubmoduleTold<'a> {
    name: &'a str,
    path: &'a str,
    url: &'a str,
    commit: Option<Id>,
    /// `present`, `not_checked_out`, `commit_missing` or `not_recorded`.
    state: &'static str,
}

/// Seals a record for each submodule that the tree of the newest commit names.
pub(super) fn tell(
    request: &Request<'_>,
    repository: &Repository,
    objects: &mut Objects,
    tree: Id,
    sink: &mut dyn Sink,
    coverage: &mut Coverage,
) -> Result<(), Error> {
    let mut reader = Reader::new(objects, None);
    let Some(file) = tree::lookup(&mut reader, tree, b".gitmodules").filter(|side| side.mode.is_regular()) else {
        return Ok(());
    };
    let Some(text) = reader.read(&file.id, Kind::Blob, b".gitmodules") else { return Ok(()) };
    let declared = parse(&String::from_utf8_lossy(&text));
    if declared.len() > MOST {
        let why = format!("{} submodules; the first {MOST} are looked at", declared.len());
        coverage.skip(TreePath::from(".gitmodules"), "too_many_submodules", Some(why));
    }
    let mut here = 0;
    for it in declared.iter().take(MOST) {
        let side = tree::lookup(&mut reader, tree, it.path.as_bytes()).filter(|side| side.mode.is_gitlink());
        let commit = side.map(|side| side.id);
        let state = match commit {
            None => "not_recorded",
            Some(commit) => state_of(repository, it, &commit),
        };
        here += u64::from(state == "present");
        if state == "commit_missing" {
            let why = format!(
                "its repository is here and lacks commit {}",
                commit.map_or_else(String::new, |id| id.to_string())
            );
            coverage.skip(TreePath::from(&*it.path), "submodule_commit_missing", Some(why));
        }
        let told = SubmoduleTold { name: &it.name, path: &it.path, url: &it.url, commit, state };
        let target = Target::new(TargetKind::Git, it.path.as_str());
        let mut record = request.event(NAME, SUBMODULE, target, request.now);
        if state == "commit_missing" {
            record.severity = Severity::Warning;
        }
        set(&mut record, PartName::Result, &told)?;
        sink.record(Raw::new(record))?;
    }
    let all = declared.len().min(MOST);
    if all > 0 {
        coverage.notes.push(format!(
            "{all} submodules are repositories of their own ({here} with the recorded commit here), and audits of their own"
        ));
    }
    Ok(())
}

fn state_of(repository: &Repository, declared: &Declared, commit: &Id) -> &'static str {
    // Both come from a file that anyone can commit: neither may lead out of the repository.
    let is_inside =
        |text: &str| !text.is_empty() && Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
    let mut candidates = Vec::new();
    if is_inside(&declared.path) && repository.has_worktree() {
        let path = repository.root().join(&declared.path);
        let is_link = path.symlink_metadata().is_ok_and(|it| it.file_type().is_symlink());
        if !is_link && path.join(".git").exists() {
            candidates.push(path);
        }
    }
    if is_inside(&declared.name) {
        candidates.push(repository.modules().join(&declared.name));
    }
    let mut state = "not_checked_out";
    for path in candidates {
        let Ok(found) = Repository::at(&path) else { continue };
        if found.database().reader().read(commit, Kind::Commit).is_ok() {
            return "present";
        }
        state = "commit_missing";
    }
    state
}

/// The sections of a `.gitmodules` file (git-config(1)), as far as they are needed.
fn parse(text: &str) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            let name = section.trim_end_matches(']').trim().strip_prefix("submodule").map(str::trim);
            within = name.is_some();
            if let Some(name) = name {
                let name = name.trim_matches('"').replace("\\\"", "\"").replace("\\\\", "\\");
                found.push(Declared { name, ..Declared::default() });
            }
        } else if within
            && !line.starts_with(['#', ';'])
            && let (Some((key, value)), Some(last)) = (line.split_once('='), found.last_mut())
        {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => last.path = value,
                "url" => last.url = value,
                _ => {}
            }
        }
    }
    found.retain(|it| !it.path.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_as_git_writes_them() {
        let text = "[submodule \"libs/a b\"]\n\tpath = libs/a b\n\turl = ../a.git\n# no\n[core]\n\tpath = x\n[submodule \"c\"]\n\turl=https://example.org/c\n\tPath=c\n";
        let declared =
            |name: &str, path: &str, url: &str| Declared { name: name.into(), path: path.into(), url: url.into() };
        assert_eq!(
            parse(text),
            [declared("libs/a b", "libs/a b", "../a.git"), declared("c", "c", "https://example.org/c")]
        );
    }
}
