//! Doing it, on record.

use std::path::PathBuf;
use std::sync::Arc;

use sealbook_ledger::Phase;
use sealbook_record::{
    Actor, CERTIFICATE_ACTION, COMPENSATION_PREFIX, Category, Certificate, CertifiedFile, CertifiedOperation,
    NOT_UNDOABLE_TAG, Outcome, PartName, Record, Target, TargetKind, Undone, Uuid,
};
use sealbook_store::Ledger;
use serde::Serialize;

use super::plan::{Writes, planned};
use super::{FileHow, Files, Scope, Undo, UndoItem, UndoPlan};
use crate::{Ending, Entered, Error, Executor, Journal, Request, enter_undo};

/// Who takes back, and with what.
pub struct Doer<'a> {
    /// The book.
    pub ledger: &'a Ledger,
    /// Where it is written down.
    pub journal: Arc<dyn Journal>,
    /// Where files lie.
    pub files: &'a dyn Files,
    /// What calls tools, where there are some.
    pub executor: Option<&'a Executor>,
    /// Who asks for it.
    pub actor: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Files are taken back below these directories.
    pub roots: Vec<PathBuf>,
}

/// What was done.
#[derive(Debug)]
pub struct Performed {
    /// The certificate.
    pub certificate: Certificate,
    /// Its record.
    pub record: Uuid,
    /// The records that it speaks of, and its own: what a bundle of it holds.
    pub seqs: Vec<u64>,
}

/// What is said of the files that an undo is about.
#[derive(Serialize)]
struct FilesNote<'a> {
    files: &'a [CertifiedFile],
}

impl Doer<'_> {
    /// Takes back what the plan says, the operation that began last first, and seals a certificate. What fails does
    /// not keep the rest from being taken back. After a crash it is done again: what is back already is known by its
    /// digest.
    ///
    /// The plan is made anew first: what changed since it was shown is seen.
    ///
    /// Errors: the book could not be read or written. What was taken back until then is on record.
    pub async fn perform(&self, scope: Scope) -> Result<Performed, Error> {
        let (plan, writes) = planned(self.ledger, self.files, scope, &self.roots)?;
        let mut told = Vec::new();
        for item in &plan.items {
            told.extend(self.take_back(item, &writes).await?);
        }
        self.certify(&plan, told)
    }

    async fn take_back(&self, item: &UndoItem, writes: &Writes) -> Result<Option<CertifiedOperation>, Error> {
        let mut told = CertifiedOperation {
            operation: item.operation.to_string(),
            action: item.action.clone(),
            undone: Undone::Compensated,
            evidence: None,
            why: None,
            files: Vec::new(),
        };
        match &item.undo {
            Undo::Nothing => return Ok(None),
            Undo::Done => told.undone = Undone::Already,
            Undo::Impossible(why) => {
                told.undone = Undone::NotUndoable;
                told.evidence = Some(self.say_impossible(item, why, &[])?.to_string());
                told.why = Some(why.clone());
            }
            Undo::Call { tool, input } => self.call_back(item, tool, input, &mut told).await?,
            Undo::Files(files) => {
                told.files = files.iter().map(super::FileUndo::told).collect();
                if files.iter().any(super::FileUndo::is_possible) {
                    self.put_back(item, writes, &mut told)?;
                }
                if told.files.iter().any(|file| !file.restored) && told.undone == Undone::Compensated {
                    let why = "some of its files are not what they were";
                    let event = self.say_impossible(item, why, &told.files)?;
                    told.undone = Undone::NotUndoable;
                    told.evidence.get_or_insert(event.to_string());
                    told.why = Some(why.to_owned());
                }
            }
        }
        if item.is_partly_known && told.undone == Undone::Compensated {
            told.why = Some("its files are back; what else the server did is not on record".to_owned());
        }
        Ok(Some(told))
    }

    /// Writes the files of one operation back.
    fn put_back(&self, item: &UndoItem, writes: &Writes, told: &mut CertifiedOperation) -> Result<(), Error> {
        let mut intent = self.record(item);
        let Undo::Files(files) = &item.undo else { return Ok(()) };
        intent.set_part(PartName::Input, &FilesNote { files: &told.files }).expect("texts are JSON");
        let entered = self.begin(item, intent)?;
        told.evidence = Some(entered.id().to_string());
        for (file, told) in files.iter().zip(&mut told.files).filter(|(file, _)| file.how == FileHow::Restore) {
            let written = writes.0.get(&file.path).map_or(Ok(()), |it| self.files.put(&it.real, &it.now, &it.wanted));
            if let Err(why) = written {
                (told.restored, told.why) = (false, Some(why));
            }
        }
        let failed = files.iter().zip(&told.files).any(|(file, told)| file.is_possible() && !told.restored);
        if failed {
            told.undone = Undone::CompensationFailed;
            told.why = Some("a file could not be written back".to_owned());
        }
        let outcome = if failed { Outcome::Failed } else { Outcome::Ok };
        entered.end(Ending::new(outcome).with(PartName::Result, &FilesNote { files: &told.files }))
    }

    /// Makes the call that takes an operation back.
    async fn call_back(
        &self,
        item: &UndoItem,
        tool: &str,
        input: &serde_json::Value,
        told: &mut CertifiedOperation,
    ) -> Result<(), Error> {
        let Some(executor) = self.executor else {
            let why = format!("no tools are configured here, and `{tool}` takes it back");
            told.undone = Undone::NotUndoable;
            told.evidence = Some(self.say_impossible(item, &why, &[])?.to_string());
            told.why = Some(why);
            return Ok(());
        };
        let mut request = Request::new(tool, input.clone(), self.actor.clone());
        request.operation = Some(item.operation);
        request.parent = item.begun.or(item.failed);
        request.undoes = Some(item.action.clone());
        request.key = Some(format!("{}/undo", item.operation));
        request.reason.clone_from(&self.reason);
        match executor.call(&request).await {
            Ok(called) => told.evidence = Some(called.intent.to_string()),
            Err(Error::GaveUp(gave_up)) => {
                told.undone = Undone::CompensationFailed;
                told.evidence = Some(gave_up.last.to_string());
                told.why = Some(gave_up.fault.to_string());
            }
            Err(error @ (Error::Store(_) | Error::Offload { .. })) => return Err(error),
            Err(error) => {
                told.undone = Undone::CompensationFailed;
                told.why = Some(error.to_string());
            }
        }
        Ok(())
    }

    /// An undo that was begun before a crash goes on; else one is announced.
    fn begin(&self, item: &UndoItem, mut intent: Record) -> Result<Entered, Error> {
        match item.begun {
            Some(begun) => {
                intent.id = begun;
                Ok(Entered::resumed(&self.journal, intent))
            }
            None => enter_undo(&self.journal, intent),
        }
    }

    fn say_impossible(&self, item: &UndoItem, why: &str, files: &[CertifiedFile]) -> Result<Uuid, Error> {
        let mut event = self.record(item);
        event.outcome = Some(Outcome::Failed);
        event.tags.push(NOT_UNDOABLE_TAG.to_owned());
        event.set_part(PartName::Error, &serde_json::json!({"message": why})).expect("texts are JSON");
        if !files.is_empty() {
            event.set_part(PartName::Result, &FilesNote { files }).expect("texts are JSON");
        }
        let id = event.id;
        self.journal.seal(event)?;
        Ok(id)
    }

    fn record(&self, item: &UndoItem) -> Record {
        let mut record = self.event(
            format!("{COMPENSATION_PREFIX}{}", item.action),
            Target::new(TargetKind::Record, item.intent.to_string()),
        );
        record.operation = Some(item.operation);
        record.parent = Some(item.failed.unwrap_or(item.intent));
        record
    }

    fn event(&self, action: String, target: Target) -> Record {
        let journal = &self.journal;
        let mut record = Record::event(journal.next_id(), self.actor.clone(), action, target, journal.now());
        record.category = Category::SensitiveOperation;
        "undo".clone_into(&mut record.source);
        record.reason.clone_from(&self.reason);
        record
    }

    fn certify(&self, plan: &UndoPlan, operations: Vec<CertifiedOperation>) -> Result<Performed, Error> {
        let undone = operations.iter().filter(|told| told.undone.is_back()).count();
        let not_undone = operations.len() - undone;
        let certificate =
            Certificate { scope: plan.scope.to_string(), complete: not_undone == 0, undone, not_undone, operations };
        let target = match &plan.scope {
            Scope::Operation(id) => Target::new(TargetKind::Record, id.to_string()),
            Scope::Session(session) => Target::new(TargetKind::Other, session.clone()),
        };
        let mut record = self.event(CERTIFICATE_ACTION.to_owned(), target);
        record.phase = Phase::Event;
        record.outcome = Some(if certificate.complete { Outcome::Ok } else { Outcome::Failed });
        record.set_part(PartName::Result, &certificate).expect("texts are JSON");
        let id = record.id;
        self.journal.seal(record)?;
        let mut seqs = Vec::new();
        for item in plan.items.iter().filter(|item| !matches!(item.undo, Undo::Nothing)) {
            let records = self.ledger.operation(item.operation)?.map(|operation| operation.records).unwrap_or_default();
            seqs.extend(records.iter().map(|stored| stored.seq));
        }
        seqs.extend(self.ledger.reader()?.by_id(id)?.map(|stored| stored.seq));
        seqs.sort_unstable();
        seqs.dedup();
        Ok(Performed { certificate, record: id, seqs })
    }
}
