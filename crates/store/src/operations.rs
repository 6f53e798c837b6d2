//! What several records tell together: intent, outcome, compensation.

use std::collections::HashSet;

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

    /// The operations that the query's intents belong to and that fit, the one that began last first: so many, and
    /// whether there may be more.
    pub fn operations(
        &self,
        query: &Query,
        limit: usize,
        fits: &dyn Fn(&Operation) -> bool,
    ) -> Result<(Vec<Operation>, bool), Error> {
        let (mut found, mut more) = (Vec::new(), false);
        self.each_operation(query, &mut |operation| {
            if fits(&operation) {
                more = found.len() == limit;
                if !more {
                    found.push(operation);
                }
            }
            Ok(!more)
        })?;
        Ok((found, more))
    }
    /// Calls `each` for every operation that the query's intents belong to, the one that began last first, until it
    /// says `false`.
    pub fn each_operation(
        &self,
        query: &Query,
        each: &mut dyn FnMut(Operation) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let query = Query { phase: vec!["intent".to_owned()], ascending: false, ..query.clone() };
        let mut seen = HashSet::new();
        self.each_match(&query, &mut |stored| {
            let Some(id) = stored.leaf.operation.filter(|id| seen.insert(*id)) else { return Ok(true) };
            self.operation(id)?.map_or(Ok(true), &mut *each)
        })
    }
}
