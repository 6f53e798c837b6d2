//! `sealbook approve`: lets one call through.

use sealbook_policy::{Approval, ApprovalState, Choice};
use sealbook_record::{PartName, Record, Target, TargetKind};

use super::{Context, approvals};
use crate::approver::{self, Change};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// Approve exactly one call
///
/// The yes is for the bytes that were asked about, under the rules of then, until the request
/// ends, and counts once. Who asked may not approve. This needs an approver's passphrase. Where a policy
/// review has set conditions, `sealbook approvals show` lists them, and --met says of each how it is
/// known to be met.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook approve 0190f3a2 --reason 'as discussed'
  sealbook approve 0190f3a2 --passphrase-file ~/.approver --reason 'ticket 7'
  sealbook approve 0190f3a2 --met 'backup 4711 of today' --met 'ticket 7 is signed by two'")]
pub(crate) struct Args {
    /// The request's id, or the beginning of it
    #[arg(value_name = "REQUEST")]
    request: String,
    /// How it is known that a condition of the review is met; once for each, in their order
    #[arg(long, value_name = "EVIDENCE")]
    met: Vec<String>,
    #[command(flatten)]
    change: Change,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let record = decision(&session, &args.request, Choice::Approve, &args.met, args.change.reason.as_deref())?;
    let key = approver::unlock(&session, &args.change.unlock)?;
    let sealed = approver::seal(&session, record, &key)?;
    approver::check_effect(&session, sealed.seq)?;
    approvals::show(&session, &args.request, context)?;
    Ok(Exit::Clean)
}

/// The record that answers a request.
pub(crate) fn decision(
    session: &Session,
    given: &str,
    choice: Choice,
    met: &[String],
    reason: Option<&str>,
) -> Result<Record, Failure> {
    let state = session.state()?;
    let approval = approvals::find(&state, given)?;
    let stands = approval.state(when::now());
    if stands != ApprovalState::Waiting {
        return Err(Failure::NotWaiting { state: stands.as_str() });
    }
    if choice == Choice::Approve {
        check(approval, met)?;
    }
    let mut record = session.event("approval.decided", Target::new(TargetKind::Record, approval.id.to_string()));
    record.parent = Some(approval.id);
    record.reason = reason.map(str::to_owned);
    record.set_part_json(PartName::Input, choice.decision_json_with(approval.digest, met.to_vec()))?;
    Ok(record)
}

/// Every condition of a review is said to be met, and nothing else.
fn check(approval: &Approval, met: &[String]) -> Result<(), Failure> {
    let conditions = approval.conditions.as_ref().map_or(&[][..], |conditions| &conditions.texts);
    if conditions.is_empty() && !met.is_empty() {
        return Err(Failure::usage("--met is given, and the request has no conditions", "leave it out"));
    }
    let unmet = |why| Err(sealbook_flow::Error::ConditionsUnmet { why }.into());
    if let Some(at) = (0..conditions.len()).find(|at| met.get(*at).is_none_or(|evidence| evidence.trim().is_empty())) {
        return unmet(format!("condition {} of {} has no evidence (--met)", at + 1, conditions.len()));
    }
    if met.len() > conditions.len() {
        return unmet(format!("--met is given {} times for {} conditions", met.len(), conditions.len()));
    }
    Ok(())
}
