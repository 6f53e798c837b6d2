//! What people wish of runs that are under way, in whatever process: that they are halted, or called off.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealbook_record::{Actor, Category, Outcome, Record, Target, TargetKind};
use sealbook_store::{Cursor, Ledger, Query};

use super::event::{CANCEL_ACTION, FREEZE_ACTION, RESUME_ACTION};
use crate::{Error, Journal, Pending, Time, offload};

/// How often the book is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What somebody wishes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// It begins no further step, and can be gone on with.
    Freeze,
    /// It ends.
    Cancel,
}

/// Tells of wishes.
pub trait Wishes: Send + Sync {
    /// Comes when somebody wishes something of one of these runs.
    fn wished<'a>(&'a self, runs: &'a [String]) -> Pending<'a, Wish>;
}

/// Writes a wish down. Whoever runs it heeds it.
///
/// Errors: the book.
pub fn wish(
    journal: &dyn Journal,
    run_id: &str,
    workflow_id: &str,
    wish: Wish,
    actor: Actor,
    reason: Option<String>,
) -> Result<(), Error> {
    let action = match wish {
        Wish::Freeze => FREEZE_ACTION,
        Wish::Cancel => CANCEL_ACTION,
    };
    let target = Target::new(TargetKind::Workflow, workflow_id);
    let mut record = Record::event(journal.next_id(), actor, action, target, journal.now());
    record.category = Category::Administration;
    record.outcome = Some(Outcome::Ok);
    "workflow".clone_into(&mut record.source);
    record.reason = reason;
    record.tags.push(run_id.to_owned());
    let note = super::event::RunNote::of(run_id);
    record.set_part(sealbook_record::PartName::Context, &note).expect("texts are JSON");
    journal.seal(record)
}

/// Wishes as the book holds them.
pub struct BookWishes {
    ledger: Arc<Ledger>,
    time: Arc<dyn Time>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// The size of the book that was looked at.
    size: u64,
    wishes: HashMap<String, Wish>,
}

impl BookWishes {
    /// Those of this book.
    pub fn new(ledger: Arc<Ledger>, time: Arc<dyn Time>) -> Self {
        Self { ledger, time, seen: Arc::default() }
    }
}

impl Wishes for BookWishes {
    fn wished<'a>(&'a self, runs: &'a [String]) -> Pending<'a, Wish> {
        Box::pin(async move {
            loop {
                let (ledger, seen, wanted) = (Arc::clone(&self.ledger), Arc::clone(&self.seen), runs.to_vec());
                // A book that cannot be read stops the run where it is written to.
                let told = offload(move || look(&ledger, &seen, &wanted)).await;
                if let Ok(Ok(Some(wish))) = told {
                    return wish;
                }
                self.time.wait(LOOK_EVERY).await;
            }
        })
    }
}

/// Reads what is new, and says what is wished of one of these runs. A run that is gone on with is wished nothing.
fn look(ledger: &Ledger, seen: &Mutex<Seen>, runs: &[String]) -> Result<Option<Wish>, Error> {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let size = ledger.reader()?.size()?;
    if size > seen.size {
        let action = [FREEZE_ACTION, CANCEL_ACTION, RESUME_ACTION].map(str::to_owned).to_vec();
        let cursor = seen.size.checked_sub(1).map(Cursor::after);
        let query = Query { action, cursor, ascending: true, ..Query::default() };
        ledger.each_match(&query, &mut |stored| {
            let Some(record) = stored.record else { return Ok(true) };
            let wish = match record.action.as_str() {
                FREEZE_ACTION => Some(Wish::Freeze),
                CANCEL_ACTION => Some(Wish::Cancel),
                _ => None,
            };
            for run in record.tags {
                match wish {
                    Some(wish) => drop(seen.wishes.insert(run, wish)),
                    None => drop(seen.wishes.remove(&run)),
                }
            }
            Ok(true)
        })?;
        seen.size = size;
    }
    Ok(runs.iter().find_map(|run| seen.wishes.get(run).copied()))
}
