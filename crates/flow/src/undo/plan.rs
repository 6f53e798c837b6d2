//! What would be done.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use sealbook_policy::PLACEHOLDER;
use sealbook_record::{FileContent, FileState, PartName, Uuid};
use sealbook_store::{Ledger, Query, Stored};

use super::deed::{self, Deed, Written};
use super::file::{Files, Wanted};
use super::{FileHow, FileUndo, Scope, Undo, UndoItem, UndoPlan};
use crate::Error;

/// Operations of one undo.
const OPERATIONS_MAX: usize = 100_000;
/// Directories that hold what git and Sealbook keep: nothing in them is written.
const KEPT_OFF: &[&str] = &[".git", ".sealbook"];

/// What a file was that an operation wrote.
struct Effect {
    item: usize,
    file: usize,
    before: FileState,
    left: Option<FileState>,
    after: FileContent,
}

/// What is to be written, beside the plan that says so.
#[derive(Debug, Clone)]
pub(super) struct Writes(pub(super) BTreeMap<PathBuf, (FileContent, Wanted)>);

impl UndoPlan {
    /// Looks what would be done. Files are taken back below `roots` alone.
    ///
    /// Errors: there is no such operation or session ([`Error::NothingToUndo`]), or the book cannot be read.
    pub fn of(ledger: &Ledger, files: &dyn Files, scope: Scope, roots: &[PathBuf]) -> Result<Self, Error> {
        Ok(planned(ledger, files, scope, roots)?.0)
    }
}

pub(super) fn planned(
    ledger: &Ledger,
    disk: &dyn Files,
    scope: Scope,
    roots: &[PathBuf],
) -> Result<(UndoPlan, Writes), Error> {
    let operations = match &scope {
        Scope::Operation(id) => vec![*id],
        Scope::Session(session) => of_session(ledger, session)?,
    };
    let (mut items, mut effects, mut kept) = (Vec::new(), BTreeMap::<PathBuf, Vec<Effect>>::new(), HashMap::new());
    for id in operations {
        let Some(operation) = ledger.operation(id)? else { continue };
        let Some(first) = operation.records.first() else { continue };
        operation.records.iter().for_each(|stored| keep(stored, &mut kept));
        let undo = match deed::of(&operation) {
            Deed::Nothing => Undo::Nothing,
            Deed::Done => Undo::Done,
            Deed::Call { tool, input } => Undo::Call { tool, input },
            Deed::Impossible(why) => Undo::Impossible(why),
            Deed::Files(written) => Undo::Files(noted(written, items.len(), &mut effects)),
        };
        let (record, before) = (first.record.as_ref(), deed::before(&operation));
        items.push(UndoItem {
            operation: id,
            seq: first.seq,
            intent: first.leaf.id,
            seqs: operation.records.iter().map(|stored| stored.seq).collect(),
            action: record.map_or_else(|| "(erased)".to_owned(), |record| record.action.clone()),
            target: record.map_or_else(String::new, |record| record.target.id.clone()),
            actor: record.map_or_else(String::new, |record| record.actor.id.clone()),
            status: operation.status,
            undo,
            begun: before.begun,
            failed: before.failed,
        });
    }
    if items.is_empty() {
        return Err(Error::NothingToUndo { scope: scope.to_string() });
    }
    let mut writes = Writes(BTreeMap::new());
    for (path, effects) in effects {
        let (hows, write) = chain(disk, &path, &effects, &kept, roots);
        for (effect, how) in effects.iter().zip(hows) {
            if let Undo::Files(files) = &mut items[effect.item].undo {
                files[effect.file].how = how;
            }
        }
        writes.0.extend(write.map(|write| (path, write)));
    }
    Ok((UndoPlan { scope, items }, writes))
}

/// The operations of a session, the one that began last first.
fn of_session(ledger: &Ledger, session: &str) -> Result<Vec<Uuid>, Error> {
    let query = Query {
        session: vec![session.to_owned()],
        phase: vec!["intent".to_owned()],
        ascending: true,
        ..Query::default()
    };
    let mut begun: Vec<Uuid> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut are_too_many = false;
    ledger.each_match(&query, &mut |stored| {
        begun.extend(stored.leaf.operation.filter(|id| seen.insert(*id)));
        are_too_many = begun.len() > OPERATIONS_MAX;
        Ok(!are_too_many)
    })?;
    if are_too_many {
        return Err(Error::UndoTooLarge { most: OPERATIONS_MAX });
    }
    begun.reverse();
    Ok(begun)
}

/// Contents that the records keep, by their digests.
fn keep(stored: &Stored, kept: &mut HashMap<String, Vec<u8>>) {
    let Some(record) = &stored.record else { return };
    for state in [PartName::Before, PartName::After].into_iter().flat_map(|part| FileState::of_part(record, part)) {
        if let (Some(content), Some(sha256)) = (state.kept(), &state.sha256) {
            kept.entry(sha256.clone()).or_insert_with(|| content.as_bytes().to_owned());
        }
    }
}

/// Notes what an operation did to files; how each is taken back is found later, file by file.
fn noted(written: Vec<Written>, item: usize, effects: &mut BTreeMap<PathBuf, Vec<Effect>>) -> Vec<FileUndo> {
    let mut files = Vec::new();
    for (file, written) in written.into_iter().enumerate() {
        let after = written.after();
        let Written { path, before, left } = written;
        files.push(FileUndo {
            path: path.clone(),
            before: before.known(),
            after: after.clone(),
            how: FileHow::Impossible("it was not looked at"),
        });
        effects.entry(path).or_default().push(Effect { item, file, before, left, after });
    }
    files
}

/// How each effect on one file is taken back, newest first, and what is written for all of them at once.
///
/// Each must have left what the next one found, the newest what is there now. As far back as that holds and the
/// content is kept, the file goes: what lies between was passed through, whether its content is kept or not.
fn chain(
    disk: &dyn Files,
    path: &Path,
    effects: &[Effect],
    kept: &HashMap<String, Vec<u8>>,
    roots: &[PathBuf],
) -> (Vec<FileHow>, Option<(FileContent, Wanted)>) {
    if let Some(why) = kept_off(disk, path, roots).or_else(|| relinked(disk, path, effects)) {
        return (vec![FileHow::Impossible(why); effects.len()], None);
    }
    let first = disk.look(path);
    let (mut now, mut hows, mut write, mut reached) = (first.clone(), Vec::new(), None, 0);
    let mut is_broken = None;
    for effect in effects {
        let before = effect.before.known();
        let how = match (&is_broken, &before, &effect.after) {
            (Some(broken), ..) => FileHow::clone(broken),
            (None, before, _) if *before == now && *before != FileContent::Unknown && effect.after != now => {
                FileHow::IsBack
            }
            (None, _, FileContent::Unknown) => FileHow::Impossible("what the call left of it is not on record"),
            (None, _, after) if *after != now => FileHow::Changed { now: now.clone() },
            (None, FileContent::Unknown, _) => FileHow::Impossible("what it was before is not on record"),
            (None, before, _) => {
                now = before.clone();
                // Permissions that no call changed are whoever's they are now.
                let newest = effects.first().and_then(|newest| newest.left.as_ref());
                let keeps_mode = newest.is_some_and(|left| left.mode == effect.before.mode);
                if let Some(target) = target(&effect.before, keeps_mode, kept) {
                    write = Some((first.clone(), target));
                    reached = hows.len() + 1;
                }
                FileHow::Restore
            }
        };
        if !matches!(how, FileHow::Restore | FileHow::IsBack) {
            is_broken = Some(how.clone());
        }
        hows.push(how);
    }
    for how in hows.iter_mut().skip(reached).filter(|how| **how == FileHow::Restore) {
        *how = FileHow::Impossible(
            "the book knows its digest and not its content: too large, no text, private, or redacted",
        );
    }
    (hows, write)
}

fn target(state: &FileState, keeps_mode: bool, kept: &HashMap<String, Vec<u8>>) -> Option<Wanted> {
    let told = state.mode.as_deref().filter(|_| !keeps_mode);
    let mode = told.and_then(|mode| u32::from_str_radix(mode, 8).ok()).map(|mode| mode & 0o777);
    match state.known() {
        FileContent::Absent => Some(Wanted::Absent),
        FileContent::Sha256(sha256) => kept.get(&sha256).map(|bytes| Wanted::Content { bytes: bytes.clone(), mode }),
        FileContent::Unknown => None,
    }
}

/// Why nothing is done where a link was put, taken away or led elsewhere: by a call, or since.
fn relinked(disk: &dyn Files, path: &Path, effects: &[Effect]) -> Option<&'static str> {
    let now = disk.link(path).map(|to| to.display().to_string());
    let told = effects.iter().flat_map(|effect| [Some(&effect.before), effect.left.as_ref()]).flatten();
    let mut links = told.filter(|state| state.known() != FileContent::Absent || state.link.is_some());
    let is_now = now.is_some() || disk.look(path) != FileContent::Absent;
    let differs = |link: &Option<String>| is_now && *link != now;
    links
        .any(|state| differs(&state.link))
        .then_some("it is a link now and was none, or the other way round, or leads elsewhere")
}

/// Why nothing is done to what lies there, links followed.
fn kept_off(disk: &dyn Files, path: &Path, roots: &[PathBuf]) -> Option<&'static str> {
    if path.to_string_lossy().contains(PLACEHOLDER) {
        return Some("its name was redacted: which file it is, is not on record");
    }
    let real = disk.real(path);
    let below = roots.iter().find_map(|root| real.strip_prefix(disk.real(root)).ok().map(Path::to_owned));
    let Some(below) = below else {
        return Some("it lies outside the project; name the directory with `--root`");
    };
    let is_kept =
        |part: std::path::Component<'_>| part.as_os_str().to_str().is_some_and(|part| KEPT_OFF.contains(&part));
    below.components().any(is_kept).then_some("it belongs to git or to Sealbook, and is left alone")
}
