//! What several records tell together: intent, outcome, compensation.

use sealbook_ledger::Uuid;
use sealbook_record::OperationStatus;

use crate::{Error, Ledger, Query, Stored};

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
        let mut records: Vec<Stored> = Vec::new();
        self.each_match(&query, &mut |stored| {
            records.push(stored);
            Ok(true)
        })?;
        let status = OperationStatus::of(records.iter().map(Stored::step));
        Ok((!records.is_empty()).then_some(Operation { id, records, status }))
    }
}
