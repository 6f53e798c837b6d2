//! `sealbook operation`: what several records tell together, from intent to undo.

mod compensate;
mod list;
mod reconcile;
mod stats;

use clap::Subcommand;
use sealbook_ledger::Uuid;
use sealbook_report::OperationHistory;
use sealbook_store::Error;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// List operations, show one, take it back, say how it ended, or count them
///
/// An operation is what several records tell together: an intent, its outcome, its retries, and its undo.
/// It is pending, ok, failed, blocked, cancelled or unknown; once it is taken back compensating, compensated,
/// `compensation_failed` or `not_undoable`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook operation list --status unknown --status pending
  sealbook operation show 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10
  sealbook operation compensate 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10 --yes --reason 'wrong day'
  sealbook operation reconcile 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10 --as failed --reason 'no such booking'
  sealbook operation stats --category booking --since '30 days ago' --by actor")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(list::Args),
    /// Show the records of an operation, and how it stands
    Show {
        /// Its id
        #[arg(value_name = "OPERATION")]
        operation: Uuid,
    },
    Compensate(compensate::Args),
    Reconcile(reconcile::Args),
    Stats(stats::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.what {
        What::List(args) => list::run(args, context),
        What::Show { operation } => show(*operation, context),
        What::Compensate(args) => compensate::run(args, context),
        What::Reconcile(args) => reconcile::run(args, context),
        What::Stats(args) => stats::run(args, context),
    }
}

fn show(id: Uuid, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let operation = session.anywhere(|ledger| ledger.operation(id))?;
    let operation = operation.ok_or_else(|| Error::RecordMissing { what: format!("of operation {id}") })?;
    context.out.show(&OperationHistory { operation: &operation })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
