//! What must hold at any time of a run.

use sealbook_ledger::{Fault, PART_STATEMENT, Uuid};
use sealbook_store::Query;

use super::steps::is_record;
use super::{World, unexpected};
use crate::model::{Book, Violation, hold, verify};
use crate::sim::{Flip, SimStore};

impl World {
    /// The book against the model.
    pub(super) fn check(&mut self) -> Result<(), Violation> {
        self.check_book(false).map(drop)
    }

    pub(super) fn check_book(&mut self, signatures: bool) -> Result<Book, Violation> {
        let store = SimStore::open_read_only(&self.disk).map_err(|e| unexpected("reading", &e))?;
        let book = Book::read(&store, signatures)?;
        self.model.compare(&book)?;
        Ok(book)
    }

    /// A question by actor is answered with what the ledger holds, whatever the index went through.
    pub(super) fn check_queries(&mut self) -> Result<(), Violation> {
        let book = self.check_book(false)?;
        let actor = format!("agent-{}", self.rng.below(4));
        let by_actor = |id: Uuid| self.known.iter().any(|known| known.judged.record().id == id && known.actor == actor);
        let told = |row: &crate::model::BookRow| row.parts.get(PART_STATEMENT).is_some_and(Option::is_some);
        let expected: Vec<u64> = (0..)
            .zip(&book.rows)
            .filter(|(_, row)| is_record(row.leaf.typ) && told(row) && by_actor(row.leaf.id))
            .map(|(seq, _)| seq)
            .collect();
        let query = Query { actor: vec![actor.clone()], ascending: true, limit: Some(10_000), ..Query::default() };
        let ledger = &self.handles[self.handles.len() - 1].ledger;
        let page = ledger.query(&query).map_err(|e| unexpected("a query", &e))?;
        let found: Vec<u64> = page.rows.iter().map(|row| row.seq).collect();
        hold(found == expected, || format!("records of {actor} are at {expected:?}, the query says {found:?}"))
    }

    /// Flips bits of copies of the book: each must be found, and where it is.
    pub(super) fn check_flips(&mut self) -> Result<(), Violation> {
        for _ in 0..3 {
            let copy = self.disk.copy();
            let Some(flip) = copy.flip(&mut self.rng) else { continue };
            let store = SimStore::open_read_only(&copy).map_err(|e| unexpected("reading", &e))?;
            let faults = match verify(&store, false) {
                Ok(report) => report.faults,
                // A book that cannot even be read has been found out, and its error names the place.
                Err(e) => return Err(unexpected("verifying", &e)),
            };
            if copy.is_name_of_one_signer(flip) {
                continue;
            }
            hold(faults.iter().any(|fault| names(fault, flip)), || {
                let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
                format!("{flip:?} was not found where it is: {}", said.join("; "))
            })?;
            self.outcome.flips_found += 1;
        }
        Ok(())
    }
}

fn names(fault: &Fault, flip: Flip) -> bool {
    match flip {
        Flip::Leaf { seq, .. } | Flip::Content { seq, .. } => fault.entry().is_some_and(|entry| entry.seq == seq),
        Flip::Tile { level, index, .. } => fault.tile() == Some((level, index)),
        Flip::Checkpoint { size, .. } => fault.checkpoint() == Some(size),
    }
}
