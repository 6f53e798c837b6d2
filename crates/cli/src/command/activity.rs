//! `sealbook activity`: what one actor did.

use sealbook_policy::redact_text;
use sealbook_report::ActorActivity;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show what an actor did over the last days
///
/// Totals, kinds, errors, projects, and what stands out: hours and days, pauses, what fails more
/// often than not. An action that has an intent and an outcome counts once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook activity                    your own
  sealbook activity alice --days 7
  sealbook activity agent-7 --format json | jq .patterns")]
pub(crate) struct Args {
    /// The actor's id [default: the configured one, else you]
    #[arg(value_name = "ACTOR")]
    actor: Option<String>,
    /// Over how many days up to now
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    days: i64,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let actor = args.actor.as_deref().unwrap_or(&session.actor.id);
    let mut activity = session.ledger.activity(actor, args.days, session.ledger.now())?;
    activity.actor = redact_text(actor).into_owned();
    context.out.show(&ActorActivity { activity: &activity })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
