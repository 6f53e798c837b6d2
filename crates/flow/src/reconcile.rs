//! How something ended of which nobody knew: what the world shows, or what a person says who looked.

use std::collections::BTreeSet;
use std::sync::Arc;

use sealbook_ledger::Phase;
use sealbook_record::{
    Actor, COMPENSATION_PREFIX, Category, FileContent, Outcome, PartName, RECONCILED_ACTION, Record, Uuid,
};
use sealbook_store::{Ledger, Operation};
use serde::Serialize;

use crate::undo::written;
use crate::{Error, Files, Journal};

/// The tag of what was said later.
const TAG: &str = "reconciled";

/// Who finds out.
pub struct Reconciler<'a> {
    /// The book.
    pub ledger: &'a Ledger,
    /// Where files lie.
    pub files: &'a dyn Files,
    /// Where it is written down.
    pub journal: Arc<dyn Journal>,
    /// Who says it.
    pub actor: Actor,
    /// Why, or how it was found out.
    pub reason: Option<String>,
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciled {
    /// How it ended.
    pub outcome: Outcome,
    /// The attempts of which nobody had known.
    pub attempts: Vec<Uuid>,
}

/// What the part `metadata` says of how it was found out.
#[derive(Serialize)]
struct Note {
    found_by: &'static str,
}

impl Reconciler<'_> {
    /// Says how an operation ended whose outcome is missing or `unknown`. Where `said` is nothing, its files are
    /// looked at: where all are what they were before, it did not happen; where all are what it left, it did.
    ///
    /// Errors: there is no such operation; it is known how it ended; or nothing shows it.
    pub fn settle(&self, id: Uuid, said: Option<Outcome>) -> Result<Reconciled, Error> {
        let missing = || Error::NothingToUndo { scope: format!("operation {id}") };
        let operation = self.ledger.operation(id)?.ok_or_else(missing)?;
        let (open, unknown) = undecided(&operation);
        if open.is_empty() && unknown.is_empty() {
            return Err(Error::NothingUnknown { operation: id, status: operation.status });
        }
        let outcome = said.map_or_else(|| shown(&operation, self.files), Ok)?;
        let note = Note { found_by: if said.is_some() { "a person" } else { "its files" } };
        for intent in &open {
            // Its outcome is missing: this is it.
            let mut record = self.record(intent, outcome, &note);
            record.phase = Phase::Outcome;
            record.action.clone_from(&intent.action);
            self.journal.seal(record)?;
        }
        for intent in &unknown {
            self.journal.seal(self.record(intent, outcome, &note))?;
        }
        Ok(Reconciled { outcome, attempts: open.iter().chain(&unknown).map(|record| record.id).collect() })
    }

    fn record(&self, intent: &Record, outcome: Outcome, note: &Note) -> Record {
        let journal = &self.journal;
        let (id, actor) = (journal.next_id(), self.actor.clone());
        let mut record = Record::event(id, actor, RECONCILED_ACTION, intent.target.clone(), journal.now());
        record.parent = Some(intent.id);
        record.operation = intent.operation;
        record.session.clone_from(&intent.session);
        record.project.clone_from(&intent.project);
        record.category = intent.category;
        record.outcome = Some(outcome);
        record.reason.clone_from(&self.reason);
        record.tags.clone_from(&intent.tags);
        record.tags.push(TAG.to_owned());
        record.set_part(PartName::Metadata, note).expect("texts are JSON");
        record
    }
}

/// Intents without an outcome, and those whose outcome is `unknown` and was not settled since.
fn undecided(operation: &Operation) -> (Vec<&Record>, Vec<&Record>) {
    let records = || operation.records.iter().filter_map(|stored| stored.record.as_ref());
    let mut unknown = BTreeSet::new();
    let mut ended = BTreeSet::new();
    for record in records() {
        let Some(parent) = record.parent else { continue };
        match record.phase {
            Phase::Outcome => {
                ended.insert(parent);
                if record.outcome == Some(Outcome::Unknown) {
                    unknown.insert(parent);
                }
            }
            Phase::Event if record.action == RECONCILED_ACTION => drop(unknown.remove(&parent)),
            // A retry stands for the attempt before it.
            Phase::Intent => drop(unknown.remove(&parent)),
            Phase::Event => {}
        }
    }
    let intents = || records().filter(|record| record.phase == Phase::Intent);
    (
        intents().filter(|record| !ended.contains(&record.id)).collect(),
        intents().filter(|record| unknown.contains(&record.id)).collect(),
    )
}

/// What the operation's files show of how it ended.
fn shown(operation: &Operation, disk: &dyn Files) -> Result<Outcome, Error> {
    let cannot = |why| Error::CannotTell { operation: operation.id, why };
    let records = || operation.records.iter().filter_map(|stored| stored.record.as_ref());
    if records().any(|record| record.action.starts_with(COMPENSATION_PREFIX)) {
        return Err(cannot("an undo of it was begun; `sealbook undo` goes on with it"));
    }
    if records().any(|record| record.phase == Phase::Intent && record.category == Category::McpCall) {
        return Err(cannot("a server may have done more than what its files show"));
    }
    let files = written(operation);
    if files.is_empty() {
        return Err(cannot("no file of it is on record"));
    }
    let (mut is_before, mut is_after) = (true, true);
    for file in &files {
        let now = disk.look(&file.path);
        is_before &= now != FileContent::Unknown && now == file.before.known();
        is_after &= now != FileContent::Unknown && now == file.after();
    }
    match (is_before, is_after) {
        (true, false) => Ok(Outcome::Failed),
        (false, true) => Ok(Outcome::Ok),
        _ => Err(cannot("its files are neither what they were before nor what it left")),
    }
}
