//! What several records tell together: intent, outcome, compensation.

use sealbook_ledger::{Phase, Uuid};
use sealbook_record::Outcome;

use crate::{Error, Ledger, Query, Stored};

/// How an operation stands: a fold over its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationStatus {
    /// There is an intent and no outcome.
    Pending,
    /// It ended like this. Of several outcomes the last counts.
    Ended(Outcome),
    /// It has events only.
    Events,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its id.
    pub id: Uuid,
    /// Its records, oldest first.
    pub records: Vec<Stored>,
    /// How it stands.
    pub status: OperationStatus,
}

impl Ledger {
    /// The history of an operation, oldest first; `None` where no record belongs to it.
    pub fn operation(&self, id: Uuid) -> Result<Option<Operation>, Error> {
        let query = Query { operation: vec![id.to_string()], ascending: true, ..Query::default() };
        let mut records = Vec::new();
        let mut status = OperationStatus::Events;
        self.each_match(&query, &mut |stored| {
            let outcome = stored.record.as_ref().and_then(|r| r.outcome);
            status = match (stored.leaf.phase, status) {
                (Phase::Intent, OperationStatus::Events) => OperationStatus::Pending,
                (Phase::Outcome, _) => OperationStatus::Ended(outcome.unwrap_or(Outcome::Unknown)),
                (_, status) => status,
            };
            records.push(stored);
            Ok(true)
        })?;
        Ok((!records.is_empty()).then_some(Operation { id, records, status }))
    }
}
