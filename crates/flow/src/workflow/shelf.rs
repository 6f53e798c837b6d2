//! Workflows in the book: each version is a record of its own, by its digest, and never changes. What is newest is a
//! fold over those records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealbook_record::{Actor, Category, Outcome, PartName, Record, Target, TargetKind, Timestamp, Uuid};
use sealbook_store::{Cursor, Ledger, Query, Stored};
use serde::{Deserialize, Serialize};

use super::definition::Definition;
use super::error::{WorkflowError, shown};
use crate::{Error, Journal};

/// The action of the record of a version.
pub const DEFINED_ACTION: &str = "workflow.defined";
/// The action of the record that takes a workflow off the list.
pub const DELETED_ACTION: &str = "workflow.deleted";
/// Digits of a digest that name a version.
const DIGEST_DIGITS_MIN: usize = 8;

/// A version of a workflow, as it is listed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shelved {
    /// The workflow's id.
    pub workflow_id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Which version it is.
    pub version: u64,
    /// The digest of the definition.
    pub digest: String,
    /// How many nodes it has.
    pub node_count: usize,
    /// When the workflow was made.
    pub created_at: Option<Timestamp>,
    /// Labels.
    pub tags: Vec<String>,
    /// What was changed.
    pub change: String,
    /// Who changed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The place of its record.
    pub seq: u64,
    #[serde(skip)]
    record: Uuid,
}

/// A record of a version that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// Its place.
    pub seq: u64,
    /// The workflow that it is about.
    pub workflow_id: String,
    /// Why.
    pub why: String,
    #[serde(skip)]
    record: Uuid,
}

/// What the part `context` of a version's record says.
#[derive(Serialize, Deserialize)]
struct Note {
    digest: String,
    version: u64,
    change: String,
}

/// The workflows of a book.
pub struct Shelf {
    ledger: Arc<Ledger>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The size of the book that was read.
    size: u64,
    /// Versions by workflow, oldest first.
    versions: BTreeMap<String, Vec<Shelved>>,
    /// Workflows that are off the list.
    deleted: Vec<String>,
    unread: Vec<Unread>,
}

impl Shelf {
    /// Those of this book.
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, known: Mutex::default() }
    }

    /// The newest version of each workflow, by id; and records of versions that cannot be read.
    ///
    /// Errors: the book cannot be read.
    pub fn list(&self) -> Result<(Vec<Shelved>, Vec<Unread>), Error> {
        let known = self.known()?;
        let is_there = |id: &&String| !known.deleted.contains(id);
        let newest = known.versions.keys().filter(is_there).filter_map(|id| known.versions[id].last().cloned());
        Ok((newest.collect(), known.unread.clone()))
    }

    /// Every version of a workflow, oldest first, also of one that was deleted.
    ///
    /// Errors: there is none; or the book cannot be read.
    pub fn versions(&self, id: &str) -> Result<Vec<Shelved>, Error> {
        let known = self.known()?;
        Ok(known.versions.get(id).cloned().ok_or_else(|| WorkflowError::WorkflowNotFound { id: shown(id) })?)
    }

    /// A definition: the newest of an id, `ID@VERSION`, or that with a digest, of which eight digits are enough.
    ///
    /// Errors: there is none, or it was deleted and no version is named; or the book cannot be read.
    pub fn find(&self, wanted: &str) -> Result<Definition, Error> {
        let seq = self.entry(wanted)?.seq;
        let stored = self.ledger.reader()?.record(seq)?;
        self.ledger.note_altered(&stored);
        let text = stored.record.as_ref().and_then(|record| record.part(PartName::Input)).map(|part| part.get());
        Ok(Definition::read(text.unwrap_or_default())?)
    }

    /// The same, as it is listed.
    ///
    /// Errors: as [`Shelf::find`].
    pub fn entry(&self, wanted: &str) -> Result<Shelved, Error> {
        let known = self.known()?;
        let not_found = || WorkflowError::WorkflowNotFound { id: shown(wanted) };
        if let Some((id, version)) = wanted.split_once('@') {
            let version = version.parse().ok();
            let mut versions = known.versions.get(id).into_iter().flatten();
            return Ok(versions.find(|it| Some(it.version) == version).cloned().ok_or_else(not_found)?);
        }
        if let Some(versions) = known.versions.get(wanted).filter(|_| !known.deleted.iter().any(|id| id == wanted)) {
            return Ok(versions.last().cloned().ok_or_else(not_found)?);
        }
        let is_digest = wanted.len() >= DIGEST_DIGITS_MIN && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut found = known.versions.values().flatten().filter(|it| is_digest && it.digest.starts_with(wanted));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.clone()),
            // Another workflow's version may say the same only where its id says the same: then it is the same.
            _ => Err(not_found().into()),
        }
    }

    /// Writes a version down. It has to be the next one of its workflow; where the same is there already, that is
    /// given.
    ///
    /// Errors: somebody was faster; something in it looks like a secret, which is never kept; or the book.
    pub fn put(
        &self,
        journal: &dyn Journal,
        definition: &Definition,
        change: &str,
        actor: &Actor,
        reason: Option<&str>,
    ) -> Result<Shelved, Error> {
        let digest = definition.digest();
        {
            let known = self.known()?;
            let is_listed = !known.deleted.iter().any(|id| id == definition.id());
            if let Some(same) = known.newest(definition.id()).filter(|it| is_listed && it.digest == digest) {
                return Ok(same.clone());
            }
        }
        let note = Note { digest, version: definition.version(), change: change.to_owned() };
        let mut record = about(journal, definition.id(), DEFINED_ACTION, actor, reason);
        record.set_part_json(PartName::Input, definition.to_canonical()).map_err(sealbook_store::Error::from)?;
        record.set_part(PartName::Context, &note).expect("texts are JSON");
        let id = record.id;
        journal.seal(record)?;
        let known = self.known()?;
        if let Some(entry) = known.newest(definition.id()).filter(|it| it.record == id) {
            return Ok(entry.clone());
        }
        let why = known.unread.iter().find(|it| it.record == id).map_or("it was not taken", |it| &it.why);
        Err(WorkflowError::DefinitionNotTaken { id: shown(definition.id()), why: why.to_owned() }.into())
    }

    /// Changes the newest version of a workflow, and writes the next one down.
    ///
    /// Errors: as [`Shelf::find`] and [`Shelf::put`]; or the edit's own.
    pub fn edit(
        &self,
        journal: &dyn Journal,
        id: &str,
        change: &str,
        actor: &Actor,
        edit: impl FnOnce(&Definition) -> Result<Definition, WorkflowError>,
    ) -> Result<Shelved, Error> {
        let next = edit(&self.find(id)?)?;
        self.put(journal, &next, change, actor, None)
    }

    /// A definition from elsewhere as a version of the book: that which is the same but for its number, else the next.
    ///
    /// Errors: as [`Shelf::put`].
    pub fn adopt(
        &self,
        journal: &dyn Journal,
        definition: &Definition,
        actor: &Actor,
    ) -> Result<(Definition, Shelved), Error> {
        let (newest, same) = {
            let known = self.known()?;
            let versions = known.versions.get(definition.id());
            let is_same = |it: &&Shelved| definition.at_version(it.version).digest() == it.digest;
            let same = versions.and_then(|it| it.iter().rev().find(is_same)).cloned();
            let is_listed = !known.deleted.iter().any(|id| id == definition.id());
            (known.newest(definition.id()).map(|it| it.version), same.filter(|_| is_listed))
        };
        if let Some(same) = same {
            return Ok((definition.at_version(same.version), same));
        }
        let next = newest.map_or_else(|| definition.clone(), |version| definition.at_version(version + 1));
        let shelved = self.put(journal, &next, "from a file", actor, None)?;
        Ok((next, shelved))
    }

    /// Takes a workflow off the list. Its versions and runs stay on record.
    ///
    /// Errors: there is none; or the book.
    pub fn delete(&self, journal: &dyn Journal, id: &str, actor: &Actor, reason: Option<&str>) -> Result<(), Error> {
        self.entry(id)?;
        journal.seal(about(journal, id, DELETED_ACTION, actor, reason))
    }

    /// What the book holds now.
    fn known(&self) -> Result<MutexGuard<'_, Known>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let size = self.ledger.reader()?.size()?;
        if size > known.size {
            let action = [DEFINED_ACTION, DELETED_ACTION].map(str::to_owned).to_vec();
            let cursor = known.size.checked_sub(1).map(Cursor::after);
            let query = Query { action, cursor, ascending: true, ..Query::default() };
            self.ledger.each_match(&query, &mut |stored| {
                known.take(&stored);
                Ok(true)
            })?;
            known.size = size;
        }
        Ok(known)
    }
}

impl Known {
    fn newest(&self, id: &str) -> Option<&Shelved> {
        self.versions.get(id)?.last()
    }

    fn take(&mut self, stored: &Stored) {
        let Some(record) = &stored.record else { return };
        let id = record.target.id.clone();
        if record.action == DELETED_ACTION {
            self.deleted.push(id);
            return;
        }
        match self.read(record, stored) {
            Ok(entry) => {
                self.deleted.retain(|deleted| *deleted != id);
                self.versions.entry(id).or_default().push(entry);
            }
            Err(why) => self.unread.push(Unread { seq: stored.seq, workflow_id: shown(&id), why, record: record.id }),
        }
    }

    fn read(&self, record: &Record, stored: &Stored) -> Result<Shelved, String> {
        let part = |name: PartName| record.part(name).map(|part| part.get());
        let note: Option<Note> = part(PartName::Context).and_then(|text| serde_json::from_str(text).ok());
        let note = note.ok_or("its record does not say which version it is")?;
        let text = part(PartName::Input).ok_or("its definition is not there: it was erased or altered")?;
        if !stored.redactions.is_empty() {
            let why = "something in it looks like a secret, and was not kept; name it as `secret://NAME`";
            return Err(why.to_owned());
        }
        let definition = Definition::read(text).map_err(|error| error.to_string())?;
        if definition.digest() != note.digest || definition.id() != record.target.id {
            return Err("its definition is not the one that its record names".to_owned());
        }
        let next = self.newest(definition.id()).map(|it| it.version + 1);
        if next.is_some_and(|next| next != definition.version()) {
            return Err(format!(
                "it is version {}, and the next one is {}: somebody was faster, or another version is meant",
                definition.version(),
                next.unwrap_or(1)
            ));
        }
        Ok(Shelved {
            workflow_id: definition.id().to_owned(),
            name: definition.name().to_owned(),
            description: definition.description().to_owned(),
            version: definition.version(),
            digest: note.digest,
            node_count: definition.nodes().len(),
            created_at: definition.created_at(),
            tags: definition.tags().to_vec(),
            change: note.change,
            by: record.actor.id.clone(),
            at: record.occurred,
            seq: stored.seq,
            record: record.id,
        })
    }
}

fn about(journal: &dyn Journal, id: &str, action: &str, actor: &Actor, reason: Option<&str>) -> Record {
    let target = Target::new(TargetKind::Workflow, id);
    let mut record = Record::event(journal.next_id(), actor.clone(), action, target, journal.now());
    record.category = Category::ConfigChange;
    record.outcome = Some(Outcome::Ok);
    "workflow".clone_into(&mut record.source);
    record.reason = reason.map(str::to_owned);
    record
}
