//! `sealbook operation reconcile`.

use std::sync::Arc;

use sealbook_flow::{LedgerJournal, Reconciler};
use sealbook_ledger::Uuid;
use sealbook_policy::Policy;
use sealbook_record::Outcome;

use crate::args::Acting;
use crate::command::Context;
use crate::digest_key;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say how an operation ended of which nobody knows
///
/// Where its outcome is missing (a crash) or unknown (no answer), its files are looked at: if all are what they
/// were before, it did not happen; if all are what it left, it did. Otherwise find it out, and say it with --as.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its id
    #[arg(value_name = "OPERATION")]
    operation: Uuid,
    /// How it ended: `ok`, `failed` or `cancelled`
    #[arg(long = "as", value_name = "OUTCOME", value_parser = outcome, requires = "reason")]
    said: Option<Outcome>,
    /// How it was found out
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let said = text.parse().ok().filter(|said| matches!(said, Outcome::Ok | Outcome::Failed | Outcome::Cancelled));
    said.ok_or_else(|| "it is `ok`, `failed` or `cancelled`".to_owned())
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.acting)?;
    let key = digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin())?;
    let ledger = Arc::new(session.ledger);
    let reconciler = Reconciler {
        ledger: &ledger,
        journal: Arc::new(LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(key)))),
        actor: session.actor,
        reason: args.reason.clone(),
    };
    let found = reconciler.settle(args.operation, args.said)?;
    context.note(&format!("operation {} ended as `{}`; that is sealed", args.operation, found.outcome));
    Ok(context.answered(&ledger, Exit::Clean))
}
