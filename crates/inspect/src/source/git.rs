//! The `git` source: commits, references and blame of a repository.
//!
//! Each run seals a `git.commit` record per commit that no earlier run sealed, newest first as in
//! `git log`, then a `git.ref` record per reference, then one `git.history` record over the run.
//! That one comes last, so a run that is cut short leaves none, and the next begins where the last
//! whole one ended. With `since`, `until`, `authors` or `file`, a run answers that question, whatever
//! was sealed before, and moves no boundary.
//!
//! What earlier runs sealed is not read again, except for loose objects, which are the easiest to
//! write over: they are checked by every run that goes on. `again` reads and checks everything anew.
//!
//! Every object is hashed as it is read. One that does not hash to its name becomes a `git.forged`
//! record, one that cannot be read `git.damaged`; the run goes on with what git itself would see.
//! Replacement references are recorded and not followed.

mod blame;
mod engine;
mod gaps;
mod lineage;
mod previous;
mod submodules;
mod tell_commit;
mod tell_fault;
mod tell_ref;
mod tell_secret;
mod tell_signature;
mod text;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use sealbook_policy::{Raw, redact_text};
use sealbook_record::{PartName, Target, TargetKind};
use serde::Serialize;

use self::engine::commit::Commit;
use self::engine::history::{self, Found, Wanted};
use self::engine::id::Id;
pub(crate) use self::engine::lines::{Counter, Hunk, count as count_lines};
use self::engine::mailmap::Mailmap;
use self::engine::objects::{Kind, Object, Objects, Tally};
use self::engine::reader::{Fault, Reader, Wrong};
use self::engine::refs::{self, RefKind, Resolved, Trouble};
use self::engine::repository::{OpenError, Repository};
use self::engine::tree;
use self::engine::walk::{Bounds, Node};
use self::gaps::Gaps;
pub(crate) use self::lineage::{Lineage, lineage};
use self::previous::Previous;
pub(crate) use self::previous::references;
use self::tell_commit::{People, set};
use self::tell_fault::Faults;
use self::tell_ref::{Standing, State};
use self::tell_secret::{Secrets, SecretsTold};
use self::tell_signature::{SignatureTold, Signers};
use crate::progress::go_on;
use crate::{
    Coverage, Error, GitOptions, OptionHelp, Options, Prior, Progress, Refs, Request, Selection, Sink, Source,
    SourceMetadata, TreePath,
};

/// The source's name in records.
const NAME: &str = "git";
/// One commit.
const COMMIT: &str = "git.commit";
/// More files of a commit than one record holds.
const FILES: &str = "git.commit.files";
/// One reference in one run.
const REF: &str = "git.ref";
/// An object that is not what its name says.
const FORGED: &str = "git.forged";
/// An object that cannot be read.
const DAMAGED: &str = "git.damaged";
/// Which commit of another repository is meant at a path.
const SUBMODULE: &str = "git.submodule";
/// A secret in a line that a commit added.
const SECRET: &str = "git.secret";
/// Who wrote which line of a file.
const BLAME: &str = "git.blame";
/// The record over a whole run.
const HISTORY: &str = "git.history";

/// Loose objects that a run which goes on checks, at most: git packs them at some 6,700 by itself.
const LOOSE_MOST: usize = 20_000;

const ACTIONS: &[&str] = &[COMMIT, FILES, REF, FORGED, DAMAGED, SECRET, SUBMODULE, BLAME, HISTORY];

/// Files that are told to be gone.
const GONE_MOST: usize = 2_000;

/// Reads git repositories: history, references, blame; every object against its own name.
#[derive(Debug, Clone, Copy, Default)]
pub struct GitSource;

static METADATA: SourceMetadata = SourceMetadata {
    name: NAME,
    about: "History of a git repository: commits, renames, line counts, branches, tags, blame; every object checked",
    version: "1",
    kinds: &[TargetKind::Git],
    actions: ACTIONS,
    options: &[
        OptionHelp { name: "since", about: "Only commits at or after this time" },
        OptionHelp { name: "until", about: "Only commits at or before this time" },
        OptionHelp { name: "author", about: "Only commits whose author's name or address contains this" },
        OptionHelp { name: "file", about: "Only the history of this file, renames followed" },
        OptionHelp { name: "blame", about: "Say for each line of the file which commit wrote it" },
        OptionHelp { name: "allowed-signers", about: "Whose SSH keys are whose, as ssh-keygen reads it" },
        OptionHelp { name: "secrets", about: "Look for secrets in the lines that commits added" },
        OptionHelp { name: "again", about: "Read and check what earlier runs sealed, too" },
        OptionHelp { name: "refs", about: "Which references to walk: head, usual (the default) or all" },
    ],
};

impl Source for GitSource {
    fn metadata(&self) -> &'static SourceMetadata {
        &METADATA
    }

    fn accepts(&self, target: &Path) -> Result<(), Error> {
        match open(target) {
            Err(error @ Error::TargetUnsupported { .. }) => Err(error),
            // What is damaged is for a run to tell.
            _ => Ok(()),
        }
    }

    fn selects(&self, options: &Options) -> bool {
        is_filtered(&options.git)
    }

    fn collect(
        &self,
        request: &Request<'_>,
        prior: &dyn Prior,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<Coverage, Error> {
        let repository = open(&request.target)?;
        // As it is sealed, since what earlier runs sealed is found by it.
        let root = TreePath::from(&*repository.root()).to_string();
        let root = redact_text(&root).into_owned();
        let (references, broken) =
            repository.references().map_err(|cause| Error::Repository { path: request.target.clone(), cause })?;
        let mut objects = repository.database().reader();
        let resolved = refs::resolve(&mut objects, &references);
        let mut coverage = Coverage::default();
        let rules = request.options.git.secrets.then(|| request.options.security.rules(&mut coverage)).transpose()?;
        let mut previous = Previous::of(prior, &root, request.run.project.as_deref())?;
        let signers = Signers::read(request, &repository, &mut coverage);
        let head = newest_tree(&mut objects, &resolved);
        let mailmap = head.and_then(|tree| mailmap_of(&mut objects, tree)).unwrap_or_default();
        // What was sealed before other rules were in force is looked through with these.
        let gaps = std::mem::take(&mut previous.gaps);
        let closed = !is_filtered(&request.options.git) && gaps.is_closed(&repository, &mut objects);
        let looks_again = previous.exists
            && !is_filtered(&request.options.git)
            && rules.as_ref().is_some_and(|rules| previous.rules.as_ref() != Some(&rules.digest));
        let mut run = Run {
            request,
            repository: &repository,
            previous,
            looks_again: looks_again || closed,
            signers,
            mailmap,
            secrets: rules.as_ref().map(|rules| Secrets::new(rules, request)),
            root,
            faults: Faults::new(repository.database(), repository.is_partial()),
            known: HashSet::new(),
            coverage,
            commits: 0,
            again: 0,
            tally: Tally::default(),
            gaps: Gaps::default(),
            gone: Vec::new(),
            loose_left: 0,
        };
        for cause in broken {
            run.coverage.skip(TreePath::from("refs"), "reference_unreadable", Some(cause));
        }
        run.reference_faults(&resolved, sink)?;
        if looks_again && !run.options().again {
            let why =
                "history was read again from its beginning, to look for secrets with the rules that are in force now";
            run.coverage.notes.push(why.to_owned());
        }
        if closed && !run.options().again {
            let why = "history was read again from its beginning: what an earlier run could not read is here now";
            run.coverage.notes.push(why.to_owned());
        }
        if run.options().again || run.looks_again {
            run.known = sealed_commits(prior, request.run.project.as_deref())?;
        }
        run.history(&resolved, sink, progress)?;
        if run.is_going_on() || run.options().again && !is_filtered(run.options()) {
            run.loose_objects(&mut objects, sink, progress)?;
        }
        if run.is_going_on() {
            gaps.tell(&mut run.coverage);
            run.gaps = gaps;
        } else if is_filtered(run.options()) {
            run.gaps = gaps;
        }
        run.copies(sink, progress)?;
        run.named_file(&resolved, &mut objects, sink)?;
        run.no_match();
        if let Some(path) = &request.options.git.file
            && request.options.git.blame
        {
            run.blame(path, &resolved, &mut objects, sink, progress)?;
        }
        run.references(&resolved, &mut objects, sink)?;
        if let Some(tree) = head.filter(|_| !is_filtered(&request.options.git)) {
            submodules::tell(request, &repository, &mut objects, tree, sink, &mut run.coverage)?;
        }
        if let Some(tree) = head.filter(|_| !is_filtered(&request.options.git)) {
            run.gone = run.gone_secrets(prior, &mut objects, tree)?;
        }
        run.tally.add(objects.tally());
        run.finish(&resolved, sink)
    }
}

fn open(target: &Path) -> Result<Repository, Error> {
    let path = || target.to_owned();
    match target.try_exists() {
        Ok(true) => {}
        Ok(false) => return Err(Error::TargetNotFound { path: path() }),
        Err(cause) => {
            return Err(Error::TargetUnreadable { path: path(), cause });
        }
    }
    // A file is in the repository of its directory.
    let start = if target.is_file() { target.parent() } else { None };
    Repository::discover(start.unwrap_or(target)).map_err(|error| match error {
        OpenError::None => Error::TargetUnsupported { name: NAME, path: path(), needs: "a git repository" },
        OpenError::Unreadable(cause) => Error::Repository { path: path(), cause },
    })
}

/// The commits that have a record, whichever run sealed it.
fn sealed_commits(prior: &dyn Prior, project: Option<&str>) -> Result<HashSet<Id>, Error> {
    let selection = Selection { source: Some(NAME), actions: &[COMMIT], project, ..Selection::default() };
    let mut known = HashSet::new();
    for sealed in prior.records(&selection)? {
        known.extend(Id::from_hex(sealed?.record.target.id.as_bytes()));
    }
    Ok(known)
}

/// Whether a run asks for a part of history only.
fn is_filtered(options: &GitOptions) -> bool {
    options.since.is_some() || options.until.is_some() || !options.authors.is_empty() || options.file.is_some()
}

struct Run<'a, 'r> {
    request: &'a Request<'r>,
    repository: &'a Repository,
    root: String,
    previous: Previous,
    /// Commits that have a record and are read again all the same.
    known: HashSet<Id>,
    /// What was sealed before was not looked through for secrets, or with other rules.
    looks_again: bool,
    secrets: Option<Secrets<'a>>,
    signers: Signers,
    mailmap: Mailmap,
    faults: Faults<'a>,
    coverage: Coverage,
    /// What is missing of history, also by runs before this one.
    gaps: Gaps,
    /// Files that brought secrets and are not in `HEAD`.
    gone: Vec<TreePath>,
    /// Loose objects that were not checked.
    loose_left: usize,
    /// Commits that this run sealed.
    commits: u64,
    /// Commits that it read again.
    again: u64,
    tally: Tally,
}

impl Run<'_, '_> {
    fn options(&self) -> &GitOptions {
        &self.request.options.git
    }

    fn tell(&mut self, fault: &Fault, sink: &mut dyn Sink) -> Result<(), Error> {
        self.faults.tell(fault, self.request, sink, &mut self.coverage)
    }

    /// What is wrong with tags, and with tips that are no commits to walk from.
    fn reference_faults(&mut self, resolved: &[Resolved], sink: &mut dyn Sink) -> Result<(), Error> {
        for reference in resolved {
            if let Some((id, trouble)) = &reference.problem {
                let (kind, what) = match trouble {
                    Trouble::Forged(kind, actual) => (*kind, Wrong::Forged(*actual)),
                    Trouble::Damaged(damage) => (engine::objects::Kind::Commit, Wrong::Damaged(damage.clone())),
                };
                let fault = Fault { id: *id, kind, what, path: reference.name.clone(), commit: None };
                self.tell(&fault, sink)?;
            }
        }
        Ok(())
    }

    /// The commits to walk from, in the order of their references.
    fn tips(&self, resolved: &[Resolved]) -> Vec<Id> {
        let mut seen = HashSet::new();
        let walked = resolved.iter().filter(|reference| is_walked(self.options().refs, reference.kind));
        walked.filter_map(|reference| reference.commit).filter(|commit| seen.insert(*commit)).collect()
    }

    fn history(&mut self, resolved: &[Resolved], sink: &mut dyn Sink, progress: &dyn Progress) -> Result<(), Error> {
        let tips = self.tips(resolved);
        let options = self.options().clone();
        let seconds = |time: sealbook_record::Timestamp| time.as_micros().div_euclid(1_000_000);
        let (since, until) = (options.since.map(seconds), options.until.map(seconds));
        let mailmap = self.mailmap.clone();
        let authors: Vec<String> = options.authors.iter().map(|author| author.to_lowercase()).collect();
        let hidden = if self.is_going_on() { self.previous.sealed() } else { Vec::new() };
        let bounds = Bounds { tips: &tips, hidden: &hidden, shallow: self.repository.shallow(), since };
        let filter = |node: &Node| {
            let at = node.commit.committer.seconds;
            since.is_none_or(|since| at >= since)
                && until.is_none_or(|until| at <= until)
                && (authors.is_empty() || authors.iter().any(|author| is_by(node, &mailmap, author)))
        };
        let path = options.file.as_ref().map(below_root);
        let wanted = Wanted {
            filter: &filter,
            path: path.as_deref(),
            secrets: self.secrets.as_ref().map(|it| it.rules),
            threads: self.request.threads,
        };
        progress.begin("commits", None);
        let database = self.repository.database().clone();
        let read = history::read(&database, &bounds, wanted, &mut |found| {
            match found {
                Found::Faults(faults) => {
                    for fault in &faults {
                        self.tell(fault, sink)?;
                    }
                }
                Found::Step(step) => {
                    for fault in &step.faults {
                        self.tell(fault, sink)?;
                    }
                    if step.node.shallow && !step.node.commit.parents.is_empty() {
                        let why = "its parents were not cloned, so what it changed is not known".to_owned();
                        let named = TreePath::from(&*step.node.id.to_string());
                        self.gaps.add(step.node.id, "history_not_cloned");
                        self.coverage.skip(named, "history_not_cloned", Some(why));
                    }
                    if let Some(secrets) = &mut self.secrets {
                        self.coverage.leave_out("binary", step.binaries);
                        secrets.add(&step, self.request);
                    }
                    if self.known.contains(&step.node.id) {
                        self.again += 1;
                    } else {
                        let people = People { mailmap: &self.mailmap, signers: &self.signers };
                        tell_commit::commit(self.request, &step, &people, sink)?;
                        self.commits += 1;
                    }
                    progress.advance(1);
                }
            }
            go_on(progress)
        });
        progress.end();
        self.tally.add(read?);
        match &self.secrets {
            Some(secrets) => secrets.seal(self.request, sink, &mut self.coverage),
            None => Ok(()),
        }
    }

    /// Whether this run begins where an earlier one ended, and leaves what that one read.
    fn is_going_on(&self) -> bool {
        self.previous.exists && !is_filtered(self.options()) && !self.options().again && !self.looks_again
    }

    /// Checks the loose objects, which anyone who writes to the repository can write over after they were read.
    fn loose_objects(
        &mut self,
        objects: &mut Objects,
        sink: &mut dyn Sink,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let names = self.repository.database().loose();
        let (checked, left) = names.split_at(names.len().min(LOOSE_MOST));
        progress.begin("loose objects", Some(checked.len() as u64));
        for id in checked {
            go_on(progress)?;
            match objects.read_any(id) {
                Ok((kind, Object { forged: Some(actual), .. })) => {
                    self.tell(&Fault::unmet(*id, kind, Wrong::Forged(actual)), sink)?;
                }
                Ok(_) => {}
                Err(_) => {
                    let why = "a loose object; `git fsck` says whether history needs it".to_owned();
                    self.coverage.skip(TreePath::from(&*id.to_string()), "object_corrupt", Some(why));
                }
            }
            progress.advance(1);
        }
        progress.end();
        self.loose_left = left.len();
        if !self.is_going_on() {
            return Ok(());
        }
        let mut note = format!(
            "{} commits were sealed by earlier runs and not read again, except for {} loose objects; --again reads and \
             checks all of them",
            self.previous.commits,
            checked.len(),
        );
        if !left.is_empty() {
            note = format!("{note}, and the {} loose objects that changed before these", left.len());
        }
        self.coverage.notes.push(note);
        Ok(())
    }

    /// Checks every copy of what lies in more than one place: which of them git serves is not for this reader to say.
    fn copies(&mut self, sink: &mut dyn Sink, progress: &dyn Progress) -> Result<(), Error> {
        progress.begin("copies", None);
        let doubles = engine::doubles::read(self.repository.database(), self.request.threads);
        progress.end();
        self.tally.add(doubles.tally);
        for copy in doubles.wrong {
            if let (Some(kind), Some(actual)) = (copy.kind, copy.actual) {
                let fault = Fault::unmet(copy.id, kind, Wrong::Forged(actual));
                self.faults.tell_copy(&fault, actual, copy.lies_in, self.request, sink)?;
            } else {
                let why = format!("a copy of {}, which lies elsewhere too: {}", copy.id, copy.cause);
                self.coverage.skip(TreePath::from(&*copy.lies_in), "object_corrupt", Some(why));
            }
        }
        for index in doubles.disordered {
            let why = "its names are not in order, so that readers find different objects by it".to_owned();
            self.coverage.skip(TreePath::from(&*index), "pack_index_disordered", Some(why));
        }
        Ok(())
    }

    /// A file whose history is asked for is there, or was.
    fn named_file(&mut self, resolved: &[Resolved], objects: &mut Objects, sink: &mut dyn Sink) -> Result<(), Error> {
        let Some(file) = self.options().file.clone().filter(|_| self.commits + self.again == 0) else { return Ok(()) };
        let path = below_root(&file);
        let (mut found, mut faults) = (false, Vec::new());
        for tip in self.tips(resolved) {
            let mut reader = Reader::new(objects, Some(tip));
            let commit = reader.read(&tip, Kind::Commit, &[]).and_then(|data| Commit::parse(&data).ok());
            found |= commit.is_some_and(|commit| tree::lookup(&mut reader, commit.tree, &path).is_some());
            faults.extend(reader.into_faults());
        }
        for fault in &faults {
            self.tell(fault, sink)?;
        }
        if !found {
            let why = "it is in no tip that was walked, and no commit that was selected changed it".to_owned();
            self.coverage.skip(file, "no_such_file", Some(why));
        }
        Ok(())
    }

    /// Where nobody could have been found, something is wrong with the question.
    fn no_match(&mut self) {
        let options = self.options();
        let is_asked = options.since.is_some() || options.until.is_some() || !options.authors.is_empty();
        if !is_asked || options.file.is_some() || self.commits + self.again > 0 {
            return;
        }
        let is_to_come = options.since.is_some_and(|since| since > self.request.now);
        let is_empty = options.since.zip(options.until).is_some_and(|(since, until)| since > until);
        let why = if is_to_come {
            "no commit matches: the time that is asked for has not come yet".to_owned()
        } else if is_empty {
            "no commit matches: the time that is asked for ends before it begins".to_owned()
        } else if options.since.is_none() && options.until.is_none() {
            format!("no commit matches: no author has {} in the name or address", options.authors.join(" or "))
        } else {
            self.coverage.notes.push("no commit matches: there is none in the time that is asked for".to_owned());
            return;
        };
        self.coverage.nothing_selected("no_commit_matches", why);
    }

    fn references(&mut self, resolved: &[Resolved], objects: &mut Objects, sink: &mut dyn Sink) -> Result<(), Error> {
        let filtered = is_filtered(self.options());
        let previous = std::mem::take(&mut self.previous);
        let mut names = HashSet::new();
        for reference in resolved {
            let before = previous.refs.get(&reference.name);
            let walked = !filtered && is_walked(self.options().refs, reference.kind);
            let sealed = if walked { reference.commit } else { before.and_then(|seen| seen.sealed) };
            let state = tell_ref::state(objects, reference, before);
            let signature = self.tag_signature(reference, objects);
            tell_ref::present(
                self.request,
                reference,
                &Standing { state, before, sealed, kept: true },
                signature,
                sink,
            )?;
            names.insert(reference.name.as_slice());
        }
        let head = resolved.iter().find(|reference| reference.kind == RefKind::Head).and_then(|head| head.commit);
        for (name, seen) in previous.refs.iter().filter(|(name, _)| !names.contains(name.as_slice())) {
            let kept = seen.commit.zip(head).is_some_and(|(old, head)| refs::is_ancestor(objects, old, head));
            let standing = Standing { state: State::Deleted, before: Some(seen), sealed: None, kept };
            tell_ref::deleted(self.request, &TreePath::new(name.as_slice()), &standing, sink)?;
        }
        self.previous = previous;
        Ok(())
    }

    /// Files that brought secrets, now or in an earlier run, and are not in the commit that is checked out.
    fn gone_secrets(&self, prior: &dyn Prior, objects: &mut Objects, tree: Id) -> Result<Vec<TreePath>, Error> {
        #[derive(serde::Deserialize)]
        struct Told {
            path: TreePath,
        }
        let Some(secrets) = &self.secrets else { return Ok(Vec::new()) };
        let mut paths: BTreeSet<Vec<u8>> = secrets.paths().map(<[u8]>::to_vec).collect();
        let project = self.request.run.project.as_deref();
        let selection = Selection { source: Some(NAME), actions: &[SECRET], project, ..Selection::default() };
        for sealed in prior.records(&selection)? {
            let record = sealed?.record;
            let told = record.part(PartName::Result).and_then(|part| serde_json::from_str::<Told>(part.get()).ok());
            paths.extend(told.map(|told| told.path.as_bytes().to_vec()));
        }
        let mut reader = Reader::new(objects, None);
        let gone = paths.into_iter().filter(|path| tree::lookup(&mut reader, tree, path).is_none());
        let gone: Vec<TreePath> = gone.take(GONE_MOST).map(TreePath::new).collect();
        // Of a tree that cannot be read nothing is known.
        Ok(if reader.into_faults().is_empty() { gone } else { Vec::new() })
    }

    fn tag_signature(&self, reference: &Resolved, objects: &mut Objects) -> Option<SignatureTold> {
        let tag = reference.tag.as_ref()?;
        let data = objects.read(&reference.target?, Kind::Tag).ok().map(|object| object.data);
        let at = tag.tagger.as_ref().map_or(0, |tagger| tagger.seconds);
        Some(self.signers.of_tag(tag.signature?, data.as_deref(), at))
    }

    /// Seals the record over the run.
    fn finish(mut self, resolved: &[Resolved], sink: &mut dyn Sink) -> Result<Coverage, Error> {
        self.notes(resolved);
        self.coverage.covered = self.commits + self.again;
        self.coverage.bytes = self.tally.bytes;
        let head = resolved.iter().find(|reference| reference.kind == RefKind::Head);
        let [commits, trees, blobs, tags] = self.tally.hashed;
        if !is_filtered(self.options()) {
            self.gaps.extend(self.faults.unread());
        }
        let checked_all = self.has_checked_all(resolved);
        let told = HistoryTold {
            root: &self.root,
            bare: !self.repository.has_worktree(),
            head: head.and_then(|head| head.commit),
            branch: head.and_then(|head| head.symbolic.as_deref()).map(TreePath::new),
            commits: self.commits,
            references: resolved.len(),
            resumed: self.is_going_on(),
            again: self.again,
            sealed_commits: self.previous.commits + if is_filtered(self.options()) { 0 } else { self.commits },
            hashed: Hashed { commits, trees, blobs, tags, bytes: self.tally.bytes },
            mailmap: self.mailmap.len(),
            signers: self.signers.from.as_deref().map(TreePath::from),
            forged: self.faults.forged,
            damaged: self.faults.damaged,
            secrets: self.secrets.as_ref().map(Secrets::told),
            looked_through: self.looked_through(),
            leaks_gone: &self.gone,
            gaps: &self.gaps,
            checked_all,
            complete: self.coverage.is_complete(),
            notes: &self.coverage.notes,
        };
        let target = Target::new(TargetKind::Git, self.root.as_str());
        let mut record = self.request.event(NAME, HISTORY, target, self.request.now);
        set(&mut record, PartName::Result, &told)?;
        set(&mut record, PartName::Input, self.options())?;
        sink.record(Raw::new(record))?;
        Ok(self.coverage)
    }

    /// Whether nothing that an earlier run may have found wrong was left out.
    fn has_checked_all(&self, resolved: &[Resolved]) -> bool {
        let is_walked_all = resolved
            .iter()
            .all(|reference| is_walked(self.options().refs, reference.kind) || reference.commit.is_none());
        self.options().again
            && !is_filtered(self.options())
            && is_walked_all
            && self.loose_left == 0
            && self.faults.are_all_told()
    }

    /// With which rules every commit that is sealed was looked through for secrets, if it was.
    fn looked_through(&self) -> Option<&str> {
        let before = self.previous.rules.as_deref();
        match &self.secrets {
            _ if is_filtered(self.options()) => before,
            Some(secrets) => Some(&secrets.rules.digest),
            None => before.filter(|_| self.commits == 0),
        }
    }

    fn notes(&mut self, resolved: &[Resolved]) {
        let notes = &mut self.coverage.notes;
        if self.repository.has_grafts() {
            notes.push(
                "info/grafts gives commits other parents in the eyes of git; this history is the true one".into(),
            );
        }
        let replaced = resolved.iter().filter(|reference| reference.kind == RefKind::Replace).count();
        if replaced > 0 {
            notes.push(format!(
                "{replaced} references under refs/replace put other objects in place of those named; they were recorded \
                 and not followed"
            ));
        }
        let scope = self.request.options.git.refs;
        let left = resolved.iter().filter(|reference| !is_walked(scope, reference.kind) && reference.commit.is_some());
        let left = left.count();
        if left > 0 {
            notes.push(format!("{left} references were recorded and their history not walked; --refs all walks it"));
        }
        if self.options().blame && self.options().file.is_none() {
            let why = "blame is made of one file: name it with --file";
            self.coverage.skip(TreePath::from("blame"), "blame_without_file", Some(why.to_owned()));
        }
    }
}

/// The part `result` of a run's record.
#[derive(Serialize)]
struct HistoryTold<'a> {
    root: &'a str,
    bare: bool,
    head: Option<Id>,
    branch: Option<TreePath>,
    commits: u64,
    references: usize,
    resumed: bool,
    /// Commits of earlier runs that were read again.
    #[serde(skip_serializing_if = "is_zero")]
    again: u64,
    /// Commits that this run and the whole ones before it sealed.
    sealed_commits: u64,
    hashed: Hashed,
    /// Names and addresses that `.mailmap` knows.
    mailmap: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    signers: Option<TreePath>,
    forged: u64,
    damaged: u64,
    /// Not under a name that redaction takes for that of a secret.
    #[serde(rename = "leaks", skip_serializing_if = "Option::is_none")]
    secrets: Option<SecretsTold<'a>>,
    /// The digest of the rules with which all sealed history was looked through for secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked_through: Option<&'a str>,
    /// Files that brought secrets and are not in `HEAD`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    leaks_gone: &'a [TreePath],
    /// What of history could not be read, by this run or by one that it goes on from.
    gaps: &'a Gaps,
    /// All that is here was read and checked again: what was wrong with an object and is not told now is mended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    checked_all: bool,
    complete: bool,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Hashed {
    commits: u64,
    trees: u64,
    blobs: u64,
    tags: u64,
    bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn is_walked(scope: Refs, kind: RefKind) -> bool {
    match scope {
        Refs::Head => kind == RefKind::Head,
        Refs::Usual => matches!(kind, RefKind::Head | RefKind::Branch | RefKind::Remote | RefKind::Tag),
        Refs::All => kind != RefKind::Replace,
    }
}

/// Whether the author's name or address contains a text, whatever the case.
fn is_by(node: &Node, mailmap: &Mailmap, author: &str) -> bool {
    let person = &node.commit.author;
    let says = |name: &[u8], email: &[u8]| {
        String::from_utf8_lossy(&[name, b" <", email, b">"].concat()).to_lowercase().contains(author)
    };
    let (name, email) = mailmap.resolve(&person.name, &person.email);
    says(&person.name, &person.email) || says(name, email)
}

/// The tree of the commit that is checked out, or would be.
fn newest_tree(objects: &mut Objects, resolved: &[Resolved]) -> Option<Id> {
    let head = resolved.iter().find(|reference| reference.kind == RefKind::Head)?.commit?;
    Some(Commit::parse(&objects.read(&head, Kind::Commit).ok()?.data).ok()?.tree)
}

/// `.mailmap` as it is committed: git reads it there in a bare repository, and a file that is not committed says
/// nothing of what was.
fn mailmap_of(objects: &mut Objects, tree: Id) -> Option<Mailmap> {
    let mut reader = Reader::new(objects, None);
    let side = tree::lookup(&mut reader, tree, b".mailmap").filter(|side| side.mode.is_regular())?;
    Some(Mailmap::parse(&reader.read(&side.id, Kind::Blob, b".mailmap")?))
}

/// A path as trees know it: without a leading `./` or a slash at either end.
fn below_root(path: &TreePath) -> Vec<u8> {
    let mut bytes = path.as_bytes();
    while let Some(rest) = bytes.strip_prefix(b"./").or_else(|| bytes.strip_prefix(b"/")) {
        bytes = rest;
    }
    bytes.strip_suffix(b"/").unwrap_or(bytes).to_vec()
}
