//! What an agent did before its process ended: a fold over its records.

use std::collections::{BTreeMap, BTreeSet};

use sealbook_record::{Outcome, PartName, Phase, Record};
use sealbook_store::{Ledger, Query, Stored};
use serde::de::DeserializeOwned;

use super::call::Answered;
use super::turn::Told;
use super::{CALL_ACTION, Note, TURN_ACTION};
use crate::{Error, Turn};

/// Turns and calls that are on record.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What a model said, by the path of the turn; `None` where the record does not hold it whole.
    turns: BTreeMap<String, Option<Told>>,
    /// What was answered to it, by the path of the call.
    answers: BTreeMap<String, Option<Answered>>,
    /// Calls that were begun.
    begun: BTreeSet<String>,
    step: String,
}

/// What is known of something.
pub(super) enum Remembered<T> {
    /// It is over, and gave this.
    Done(T),
    /// It is over, and what it gave is not on record.
    Hidden,
    /// It is not over.
    No,
}

impl Memory {
    /// Reads what is on record of a step of a run. This waits for a disk.
    pub(super) fn read(ledger: &Ledger, run: &str, step: &str) -> Result<Self, Error> {
        let mut memory = Self { step: step.to_owned(), ..Self::default() };
        let query = Query {
            tags: vec![run.to_owned()],
            action: vec![TURN_ACTION.to_owned(), CALL_ACTION.to_owned()],
            ascending: true,
            ..Query::default()
        };
        ledger.each_match(&query, &mut |stored| {
            memory.hear(run, &stored);
            Ok(true)
        })?;
        Ok(memory)
    }

    pub(super) fn turn(&self, number: u32) -> Remembered<Turn> {
        match self.turns.get(&super::turn::path(&self.step, number)) {
            Some(Some(told)) => Remembered::Done(told.turn()),
            Some(None) => Remembered::Hidden,
            None => Remembered::No,
        }
    }

    pub(super) fn answer(&self, path: &str) -> Remembered<Answered> {
        match self.answers.get(path) {
            Some(Some(answered)) => Remembered::Done(answered.clone()),
            Some(None) => Remembered::Hidden,
            None => Remembered::No,
        }
    }

    pub(super) fn is_begun(&self, path: &str) -> bool {
        self.begun.contains(path)
    }

    fn hear(&mut self, run: &str, stored: &Stored) {
        let Some(record) = &stored.record else { return };
        let Some(note) = part::<Note>(record, PartName::Context).filter(|note| note.run == run) else { return };
        let is_own = note.path.strip_prefix(&self.step).is_some_and(|rest| rest.starts_with("/turn["));
        if !is_own {
            return;
        }
        let is_whole = !stored.redactions.iter().any(|it| it.path == "result" || it.path.starts_with("result/"));
        match (record.action.as_str(), record.phase, record.outcome) {
            (TURN_ACTION, Phase::Outcome, Some(Outcome::Ok)) => {
                let told = part(record, PartName::Result).filter(|_| is_whole);
                self.turns.insert(note.path, told);
            }
            (CALL_ACTION, Phase::Intent, _) => drop(self.begun.insert(note.path)),
            (CALL_ACTION, Phase::Outcome, Some(Outcome::Ok | Outcome::Failed)) => {
                let answered = part(record, PartName::Result).filter(|_| is_whole);
                self.answers.insert(note.path, answered);
            }
            _ => {}
        }
    }
}

fn part<T: DeserializeOwned>(record: &Record, name: PartName) -> Option<T> {
    serde_json::from_str(record.part(name)?.get()).ok()
}
