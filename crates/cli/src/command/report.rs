//! `sealbook report`: an audit, told again from what was sealed.

use sealbook_ledger::Uuid;
use sealbook_report::{AssessmentDetail, AuditReport, Format, Observed};
use sealbook_store::{Error, Query};

use super::Context;
use crate::around::Around;
use crate::audit;
use crate::deliver::{Delivery, Leaving};
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
  sealbook report --format html --output audit.html      one file, with a proof that it checks itself
  sealbook report --format json --output audit.json
  sealbook report --format cyclonedx                    the bill of materials of an audit of modules
  sealbook report --format sarif --output audit.sarif   its findings for editors and code hosts
  sealbook report --export compliance-system            the newest assessment, as OSCAL
  sealbook report --export git --allow-changes          as a commit under refs/sealbook/reports
  sealbook report --export slack --webhook-file hook    to a chat; docs/reports.md shows how
  sealbook report --export email                        by mail, as mail.toml says
  sealbook query --action audit.run --phase intent      all audits there are")]
pub(crate) struct Args {
    /// Another audit: the operation of its records
    #[arg(long, value_name = "UUID")]
    run: Option<Uuid>,
    /// Do not verify the book
    #[arg(long)]
    no_verify: bool,
    /// Hand it to another system: `compliance-system` writes OSCAL assessment results of the newest assessment, `git`
    /// adds a commit of its own, `slack` posts it to a webhook, `email` sends it with its page attached
    #[arg(long, value_name = "SYSTEM", value_parser = ["compliance-system", "git", "slack", "email"], conflicts_with = "format")]
    export: Option<String>,
    #[command(flatten)]
    delivery: Delivery,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let ready = match &args.export {
        Some(system) => args.delivery.ready(system, context)?,
        None => None,
    };
    let is_oscal = (args.export.is_some() && ready.is_none()) || context.out.format == Format::Oscal;
    let run = match args.run {
        Some(run) => run,
        None if is_oscal => newest_assessment(&session)?.ok_or(Failure::AuditMissing)?,
        None => newest(&session)?.ok_or(Failure::AuditMissing)?,
    };
    let missing = || Error::RecordMissing { what: format!("of an audit {run}") };
    let told = audit::told(&session, run)?.ok_or_else(missing)?;
    if context.out.format == Format::CycloneDx {
        return bom(run, &session, context);
    }
    if is_oscal {
        if !AssessmentDetail::is_one(&told) {
            let mend = "run `sealbook compliance --framework NAME`, or name such a run with --run";
            return Err(Failure::usage("this audit assessed nothing", mend));
        }
        context.out.show_as(&AssessmentDetail { run: &told, in_full: true }, Format::Oscal)?;
        return Ok(context.answered(&session.ledger, Exit::Clean));
    }
    let report = if args.no_verify {
        None
    } else {
        Some(sealbook_serve::verdict_of_ledger(&session.ledger, &session.checks(), &Bars::new(context.is_watched()))?)
    };
    let (head, keys) = (session.ledger.head()?, session.ledger.keys()?);
    let told_with = AuditReport { run: &told, head: &head, keys: &keys, verification: report.as_ref() };
    let valid = report.as_ref().is_none_or(|report| report.valid);
    let exit = if valid { Exit::Clean } else { Exit::Broken };
    if let Some(ready) = ready {
        let leaving = Leaving::of(&Around::of(&told, &session)?.page(told_with));
        let ledger = ready.deliver(&leaving, session, context)?;
        return Ok(context.answered(&ledger, exit));
    }
    if context.out.format == Format::Html {
        context.out.show(&Around::of(&told, &session)?.page(told_with))?;
    } else {
        context.out.show(&told_with)?;
    }
    Ok(context.answered(&session.ledger, exit))
}

/// What the audit's modules are made of.
fn bom(run: Uuid, session: &Session, context: &Context) -> Result<Exit, Failure> {
    let action = audit::MODULES.iter().map(|action| (*action).to_owned()).collect();
    let mut rows = Vec::new();
    let records = Query { action, operation: vec![run.to_string()], ascending: true, ..Query::default() };
    session.ledger.each_match(&records, &mut |stored| {
        rows.push(stored);
        Ok(true)
    })?;
    if rows.is_empty() {
        let mend = "run `sealbook module` or `sealbook repo --sources module`, or name another audit with --run";
        return Err(Failure::usage("this audit read no module", mend));
    }
    context.out.show(&Observed { rows: &rows })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}

/// The newest run that looked at the book itself.
pub(crate) fn newest_assessment(session: &Session) -> Result<Option<Uuid>, Failure> {
    let runs = Query { action: vec!["trail.observed".to_owned()], limit: Some(1), ..Query::default() };
    Ok(session.ledger.query(&runs)?.rows.first().and_then(|stored| stored.leaf.operation))
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
