//! What became of a record after it was sealed: later records say so and point at it. It itself never changes.

use sealbook_record::{PartName, Record, Status, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Error, Ledger, Query};

/// The action of the records that say so.
pub const MARK_ACTION: &str = "status.changed";

/// A later record's word on an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The place of the record that says so.
    pub seq: u64,
    /// What it says.
    pub status: Status,
    /// Who says it.
    pub by: String,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// The part `input` of a mark: ranges of sequence numbers, both ends included, as texts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    status: Status,
    records: Vec<(String, String)>,
}

/// Makes `record` a mark on these ranges, both ends included.
pub fn mark(record: &mut Record, status: Status, ranges: &[(u64, u64)]) {
    let records = ranges.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    record.set_part(PartName::Input, &Form { status, records }).expect("texts are JSON");
}

impl Ledger {
    /// What later records say of the one at `seq`, oldest first. One that points at what came after it says nothing.
    pub fn marks(&self, seq: u64) -> Result<Vec<Mark>, Error> {
        let query = Query { action: vec![MARK_ACTION.to_owned()], ascending: true, ..Query::default() };
        let mut marks = Vec::new();
        self.each_match(&query, &mut |stored| {
            let Some(record) = stored.record.as_ref().filter(|_| stored.seq > seq) else { return Ok(true) };
            let form = record.part(PartName::Input).and_then(|part| serde_json::from_str::<Form>(part.get()).ok());
            let covers = |(from, to): &(String, String)| {
                from.parse().is_ok_and(|from: u64| from <= seq) && to.parse().is_ok_and(|to: u64| seq <= to)
            };
            if let Some(form) = form.filter(|form| form.records.iter().any(covers)) {
                marks.push(Mark {
                    seq: stored.seq,
                    status: form.status,
                    by: record.actor.id.clone(),
                    sealed: Timestamp::from_micros(stored.leaf.sealed_us),
                    reason: record.reason.clone(),
                });
            }
            Ok(true)
        })?;
        Ok(marks)
    }
}
