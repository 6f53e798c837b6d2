//! `sealbook report`: an audit, told again from what was sealed.

use sealbook_ledger::Uuid;
use sealbook_report::AuditReport;
use sealbook_store::{Error, Query};

use super::Context;
use crate::audit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::session::Session;

/// Tell an audit again from its sealed records, and prove the book
///
/// Coverage, findings and figures of the newest audit, or of another, with the book's newest
/// checkpoint. It says the same as long as the book lasts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook report
  sealbook report --format markdown --output AUDIT.md
  sealbook report --format json --output audit.json
  sealbook query --action audit.run --phase intent      all audits there are")]
pub(crate) struct Args {
    /// Another audit: the operation of its records
    #[arg(long, value_name = "UUID")]
    run: Option<Uuid>,
    /// Do not verify the book
    #[arg(long)]
    no_verify: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let run = match args.run {
        Some(run) => run,
        None => newest(&session)?.ok_or(Failure::AuditMissing)?,
    };
    let missing = || Error::RecordMissing { what: format!("of an audit {run}") };
    let told = audit::told(&session, run)?.ok_or_else(missing)?;
    let report = if args.no_verify {
        None
    } else {
        Some(sealbook_serve::verdict_of_ledger(&session.ledger, &session.checks(), &Bars::new(context.is_watched()))?)
    };
    let (head, keys) = (session.ledger.head()?, session.ledger.keys()?);
    context.out.show(&AuditReport { run: &told, head: &head, keys: &keys, verification: report.as_ref() })?;
    let exit = if report.is_some_and(|report| !report.valid) { Exit::Broken } else { Exit::Clean };
    Ok(context.answered(&session.ledger, exit))
}

fn newest(session: &Session) -> Result<Option<Uuid>, Failure> {
    let runs = Query {
        action: vec!["audit.run".to_owned()],
        phase: vec!["intent".to_owned()],
        limit: Some(1),
        ..Query::default()
    };
    Ok(session.ledger.query(&runs)?.rows.first().and_then(|stored| stored.leaf.operation))
}
