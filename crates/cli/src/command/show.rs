//! `sealbook show`: one record, an operation, or the history of a target.

use std::collections::BTreeMap;

use sealbook_ledger::Uuid;
use sealbook_policy::redact_text;
use sealbook_report::{MarkedRecord, OperationHistory, RecordDetail, TargetHistory};
use sealbook_serve::{Page, read_page};
use sealbook_store::{Error, Ledger, Provenance, Query, Stored};

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Show one record, an operation, or what was done to a target
///
/// A record is named by its sequence number, its id, or the beginning of its hash. What is shown
/// is checked first: content that does not fit its commitment is named and left out.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook show 42
  sealbook show 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10
  sealbook show 9f3c61aa                            by its hash
  sealbook show --operation 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10
  sealbook show --target src/main.rs                who did what to it, oldest first")]
#[group(skip)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub(crate) struct Args {
    /// Sequence number, id, or beginning of the hash
    #[arg(value_name = "RECORD", group = "what")]
    record: Option<String>,
    /// All records of an operation, and how it stands
    #[arg(long, value_name = "UUID", group = "what")]
    operation: Option<Uuid>,
    /// All records about a target, and who acted on it
    #[arg(long, value_name = "ID", group = "what")]
    target: Option<String>,
    /// How many records of a target at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Where the page of a target before ended
    #[arg(long, value_name = "CURSOR", requires = "target")]
    cursor: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    if let Some(id) = args.operation {
        let operation = session.anywhere(|ledger| ledger.operation(id))?;
        let operation = operation.ok_or_else(|| Error::RecordMissing { what: format!("of operation {id}") })?;
        context.out.show(&OperationHistory { operation: &operation })?;
    } else if let Some(target) = &args.target {
        let (provenance, next) = provenance(&session, target, args)?;
        context.out.show(&TargetHistory { provenance: &provenance, next: next.as_deref() })?;
    } else {
        let stored = find(&session, args.record.as_deref().unwrap_or_default())?;
        // What lies in a ledger before this one has a number of its own there, and no marks here.
        let is_own = stored.leaf.origin == *session.ledger.origin();
        let marks = if is_own { session.ledger.marks(stored.seq)? } else { Vec::new() };
        context.out.show(&MarkedRecord { detail: RecordDetail { stored: &stored }, marks: &marks })?;
        session.ledger.note_altered(&stored);
    }
    Ok(context.answered(&session.ledger, Exit::Clean))
}

/// The record that `what` names, in this ledger or in those that it goes on from.
pub(crate) fn find(session: &Session, what: &str) -> Result<Stored, Failure> {
    let in_ledger = |ledger: &Ledger| match ledger.reader()?.find(what) {
        Err(Error::RecordMissing { .. }) => Ok(None),
        found => found.map(Some),
    };
    let found = session.anywhere(in_ledger)?;
    Ok(found.ok_or_else(|| Error::RecordMissing { what: format!("{what:?} in this book") })?)
}

/// What was done to a target, oldest first, in the ledgers that this one goes on from too.
fn provenance(session: &Session, target: &str, args: &Args) -> Result<(Provenance, Option<String>), Failure> {
    let query = Query { target: vec![target.to_owned()], ascending: true, ..Query::default() };
    let Page { rows, next } = read_page(&session.ledger, query, args.limit, args.cursor.as_deref())?;
    let mut actors = BTreeMap::new();
    for record in rows.iter().filter_map(|stored| stored.record.as_ref()) {
        let at = record.occurred;
        let seen = actors.entry(record.actor.id.clone()).or_insert((0, at, at));
        *seen = (seen.0 + 1, seen.1.min(at), seen.2.max(at));
    }
    Ok((Provenance { target: redact_text(target).into_owned(), entries: rows, actors, next: None }, next))
}
