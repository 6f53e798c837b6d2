//! `sealbook compliance --framework`: what the book supports of catalogues of controls.

use sealbook_inspect::{ComplianceOptions, Progress as _};
use sealbook_record::Timestamp;
use sealbook_report::AssessmentDetail;
use sealbook_serve::Assessed;

use super::Args;
use crate::audit;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;

pub(super) fn run(
    args: &Args,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    context: &Context,
) -> Result<Exit, Failure> {
    let options = ComplianceOptions { frameworks: args.framework.clone(), since, until };
    // A name that nobody knows is refused before the book is read.
    sealbook_inspect::catalogues_of(&options.frameworks).map_err(sealbook_serve::Error::from)?;
    let session = context.open_as(&args.running.acting)?;
    let fail_on = audit::fail_on(&args.running, &session)?;
    let bars = Bars::new(context.is_watched());
    let verification = if args.running.no_verify {
        None
    } else {
        Some(sealbook_serve::verdict_of_ledger(&session.ledger, &session.checks(), &bars)?)
    };
    bars.begin("records", None);
    let asked = Assessed {
        options,
        actor: session.actor.clone(),
        project: session.project(),
        reason: args.running.reason.clone(),
        verification: verification.as_ref(),
        missing_ledgers: u64::from(session.missing_earlier()?.is_some()),
    };
    let audit = sealbook_serve::assess(asked, &session.ledger, &session.state()?, session.policy()?, &bars)?;
    bars.end();
    audit::tell_failures(&audit, context);
    let told = audit::told(&session, audit.run)?.expect("the run's intent was sealed");
    context.out.show(&AssessmentDetail { run: &told, in_full: args.in_full })?;
    let exit = audit::exit(&audit, &told, verification.as_ref(), fail_on);
    Ok(context.answered(&session.ledger, exit))
}
