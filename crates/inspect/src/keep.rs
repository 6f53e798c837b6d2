//! A report kept in a repository: a commit of its own under a reference of its own.
//!
//! This is the only thing that this room writes into a repository. It adds objects and moves one reference; the
//! working tree, the index, `HEAD`, every other reference and the configuration stay as they are, and no hook runs.
//! Whoever calls it has said before, on record, what is about to be changed.

use std::path::Path;

use gix::objs::tree::{Entry, EntryKind};
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use crate::Error;

/// The line of a message that says that a commit is one of ours.
const TRAILER: &str = "Sealbook-Run: ";
/// Whose commits they are. The address leads nowhere (RFC 2606, section 2).
const MAIL: &str = "sealbook@sealbook.invalid";

/// What is kept.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// Names and bytes of files, at the top of the commit's tree.
    pub files: &'a [(&'a str, &'a [u8])],
    /// What the commit says. Its run follows by itself.
    pub message: &'a str,
    /// The run that the report is of.
    pub run: &'a str,
    /// Who has it kept.
    pub author: &'a str,
    /// When, in seconds since 1970.
    pub seconds: i64,
}

/// A repository in which reports can be kept.
pub struct Keeper {
    repository: gix::Repository,
    reference: FullName,
    before: Option<gix::ObjectId>,
}

impl Keeper {
    /// Opens the repository at a path, or the one that it lies in, and looks at the reference: one under
    /// `refs/sealbook/`, or a branch that no working tree has checked out.
    ///
    /// Errors: there is none that can be read; the reference may not be moved.
    pub fn open(path: &Path, reference: &str) -> Result<Self, Error> {
        let unusable = |why: String| Error::KeepRefused { reference: reference.chars().take(200).collect(), why };
        let options = gix::open::Options::isolated;
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options() };
        let opened = gix::ThreadSafeRepository::discover_opts(path, gix::discover::upwards::Options::default(), trust);
        let repository = opened.map_err(|_| unusable("there is no repository to be read here".to_owned()))?;
        let repository = repository.to_thread_local();
        let is_ours = reference.starts_with("refs/sealbook/");
        if !is_ours && !reference.starts_with("refs/heads/") {
            return Err(unusable("it is neither under refs/sealbook/ nor a branch (refs/heads/…)".to_owned()));
        }
        let name: FullName =
            reference.try_into().map_err(|_| unusable("git takes no such name for a reference".to_owned()))?;
        if checked_out(&repository).contains(&name) {
            return Err(unusable("a working tree has it checked out, and would not fit it any more".to_owned()));
        }
        let before = match repository.try_find_reference(name.as_ref()) {
            Ok(None) => None,
            Ok(Some(found)) => match found.target().try_id() {
                Some(id) => Some(id.to_owned()),
                None => return Err(unusable("it is a symbolic reference, which leads to another".to_owned())),
            },
            Err(_) => return Err(unusable("it cannot be read".to_owned())),
        };
        if let Some(id) = before
            && !is_report(&repository, id)
        {
            return Err(unusable("what it leads to is no report of ours; name one that is new".to_owned()));
        }
        Ok(Self { repository, reference: name, before })
    }

    /// What the reference leads to now.
    pub fn before(&self) -> Option<String> {
        self.before.map(|id| id.to_string())
    }

    /// The full name of the reference.
    pub fn reference(&self) -> String {
        self.reference.to_string()
    }

    /// Where the repository lies.
    pub fn repository(&self) -> String {
        self.repository.git_dir().display().to_string()
    }

    /// Writes the commit and moves the reference to it; gives the commit's id. The commit before, where there is one,
    /// is its parent.
    ///
    /// A crash before the end leaves objects that nothing leads to. Where the reference was moved meanwhile, it stays.
    pub fn keep(&self, kept: &Kept<'_>) -> Result<String, Error> {
        let failed = |why: String| Error::KeepFailed { reference: self.reference.to_string(), why };
        let written = |error: &dyn std::fmt::Display| failed(format!("an object could not be written: {error}"));
        let mut entries = Vec::new();
        for (name, bytes) in kept.files {
            let oid = self.repository.write_blob(bytes).map_err(|error| written(&error))?.detach();
            entries.push(Entry { mode: EntryKind::Blob.into(), filename: (*name).into(), oid });
        }
        entries.sort();
        let tree = self.repository.write_object(gix::objs::Tree { entries }).map_err(|error| written(&error))?.detach();
        let signature = gix::actor::Signature {
            name: clean(kept.author).into(),
            email: MAIL.into(),
            time: gix::date::Time { seconds: kept.seconds, offset: 0 },
        };
        let commit = gix::objs::Commit {
            message: format!("{}\n\n{TRAILER}{}\n", kept.message.trim_end(), kept.run).into(),
            tree,
            author: signature.clone(),
            committer: signature.clone(),
            encoding: None,
            parents: self.before.into_iter().collect(),
            extra_headers: Vec::new(),
        };
        let commit = self.repository.write_object(commit).map_err(|error| written(&error))?.detach();
        let expected = match self.before {
            Some(id) => PreviousValue::MustExistAndMatch(Target::Object(id)),
            None => PreviousValue::MustNotExist,
        };
        let log =
            LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "sealbook: report".into() };
        let edit = RefEdit {
            change: Change::Update { log, expected, new: Target::Object(commit) },
            name: self.reference.clone(),
            deref: false,
        };
        let mut time = gix::date::parse::TimeBuf::default();
        self.repository
            .edit_references_as(Some(edit), Some(signature.to_ref(&mut time)))
            .map_err(|_| failed("the reference was moved by somebody else, or cannot be written".to_owned()))?;
        Ok(commit.to_string())
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper")
            .field("reference", &self.reference)
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

/// The branches that working trees are at.
fn checked_out(repository: &gix::Repository) -> Vec<FullName> {
    let mut names: Vec<FullName> = repository.head_name().ok().flatten().into_iter().collect();
    for proxy in repository.worktrees().unwrap_or_default() {
        let of_worktree = proxy.into_repo_with_possibly_inaccessible_worktree();
        names.extend(of_worktree.ok().and_then(|worktree| worktree.head_name().ok().flatten()));
    }
    // The main one, where this is a linked one.
    let main = repository.main_repo().ok().and_then(|main| main.head_name().ok().flatten());
    names.extend(main);
    names
}

/// Whether a commit is one that was kept here before.
fn is_report(repository: &gix::Repository, id: gix::ObjectId) -> bool {
    let commit = repository.find_object(id).ok().and_then(|object| object.try_into_commit().ok());
    commit.is_some_and(|commit| {
        let message = commit.message_raw().map(|message| message.to_string()).unwrap_or_default();
        message.lines().any(|line| line.starts_with(TRAILER))
    })
}

/// A name as git writes it into a commit: brackets and line ends would end it.
fn clean(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).take(200).collect();
    if clean.trim().is_empty() { "unknown".to_owned() } else { clean }
}
