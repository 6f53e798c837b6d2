//! What was done to one target: who, what, when, in the order of sealing.

use std::collections::BTreeMap;

use sealbook_record::Timestamp;

use crate::{Cursor, Error, Ledger, Page, Query, Stored};

/// The history of a target.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// The target.
    pub target: String,
    /// Its records, oldest first.
    pub entries: Vec<Stored>,
    /// Who acted on it: how often, and when first and last.
    pub actors: BTreeMap<String, (u64, Timestamp, Timestamp)>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

impl Ledger {
    /// The records that acted on `target`, oldest first, a page at a time.
    pub fn provenance(&self, target: &str, limit: Option<usize>, cursor: Option<Cursor>) -> Result<Provenance, Error> {
        let query = Query { target: vec![target.to_owned()], limit, cursor, ascending: true, ..Query::default() };
        let Page { rows, next } = self.query(&query)?;
        let mut actors = BTreeMap::new();
        for record in rows.iter().filter_map(|stored| stored.record.as_ref()) {
            let at = record.occurred;
            let seen = actors.entry(record.actor.id.clone()).or_insert((0, at, at));
            *seen = (seen.0 + 1, seen.1.min(at), seen.2.max(at));
        }
        Ok(Provenance { target: target.to_owned(), entries: rows, actors, next })
    }
}
