//! `sealbook resume`: lifts an emergency stop.

use sealbook_ledger::SigningKey;
use sealbook_policy::{StopKind, StopScope};
use sealbook_record::PartName;
use sealbook_report::StopList;

use super::Context;
use super::stop::{Scope, target};
use crate::approver::{self, Unlock};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hints;
use crate::session::Session;
use crate::tenants;

/// Lift an emergency stop
///
/// The scope is the one that was stopped; --all lifts every stop of the book. This needs an
/// approver's passphrase.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook resume --reason 'found and mended'
  sealbook resume --actor claude-code --reason 'reviewed'
  sealbook resume --all --passphrase-fd 3 --reason 'drill is over' 3< passphrase")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// Every stop that is set
    #[arg(long, conflicts_with = "scope")]
    all: bool,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: String,
    #[command(flatten)]
    unlock: Unlock,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let wanted = args.scope.read(context.global.tenant.as_deref());
    let meant = |stop: &StopScope| args.all || *stop == wanted;
    let scopes = set(&session, &meant)?;
    if scopes.is_empty() {
        return Err(Failure::NotStopped);
    }
    let key = approver::unlock(&session, &args.unlock)?;
    lift(&session, &scopes, &key, args)?;
    if scopes.iter().any(|scope| scope.kind == StopKind::All) {
        lift_elsewhere(&session, &key, args, context)?;
    }
    context.out.show(&StopList { stops: session.state()?.stops() })?;
    Ok(Exit::Clean)
}

fn set(session: &Session, meant: &dyn Fn(&StopScope) -> bool) -> Result<Vec<StopScope>, Failure> {
    let state = session.state()?;
    Ok(state.stops().iter().map(|stop| stop.scope.clone()).filter(|scope| meant(scope)).collect())
}

fn lift(session: &Session, scopes: &[StopScope], key: &SigningKey, args: &Args) -> Result<(), Failure> {
    for scope in scopes {
        let mut record = session.event("stop.lift", target(scope));
        record.reason = Some(args.reason.clone());
        record.set_part_json(PartName::Input, scope.to_json())?;
        let sealed = approver::seal(session, record, key)?;
        approver::check_effect(session, sealed.seq)?;
    }
    Ok(())
}

/// A stop of everything was set in the ledger of every tenant; it is lifted where this approver's word counts.
fn lift_elsewhere(own: &Session, key: &SigningKey, args: &Args, context: &Context) -> Result<(), Failure> {
    let failed = tenants::each_other(own, |other| {
        let scopes = set(other, &|scope| scope.kind == StopKind::All)?;
        if scopes.is_empty() {
            return Ok(());
        }
        let size = other.ledger.head()?.size;
        let approvers = other.ledger.approvers()?;
        if approvers.at(size).any(|entry| entry.key == *key.public()) {
            return lift(other, &scopes, key, args);
        }
        let tenant = other.ledger.tenant();
        let option = hints::quoted(tenant);
        let whose = match approvers.at(size).next() {
            Some(_) => "which has an approver of its own:".to_owned(),
            None => format!("which has no approver: `sealbook --tenant {option} key approver` makes one, and then"),
        };
        context.note(&format!(
            "still stopped for tenant {tenant}, {whose} `sealbook --tenant {option} resume --all --reason WHY` lifts it"
        ));
        Ok(())
    })?;
    failed.into_iter().next().map_or(Ok(()), |(ledger, cause)| Err(cause.at(format!("still stopped: {ledger}"))))
}
