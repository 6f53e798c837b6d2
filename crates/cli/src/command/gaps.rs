//! `sealbook gaps`: what the book should hold and does not.

use sealbook_inspect::Progress;

use super::Context;
use crate::args::Acting;
use crate::complete::Lacking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::session::Session;
use crate::when;
use crate::who;

/// Show what is missing from the book
///
/// Intents without an outcome, outcomes that nobody announced, captures that were opened and not
/// closed, times in which a gate could not write, numbers that an actor gave and that are not there,
/// clocks that went back, records without an actor, audits that did not read everything, and ledgers
/// before this one that are not beside it. With --silence, also times without any record. None of it
/// breaks a seal; `sealbook verify` looks at those.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook gaps
  sealbook gaps --silence 24h                      was anything recorded every day?
  sealbook gaps --format json | jq .open_intents

Ends with 0 (nothing is missing), 1 (something to look at) or 3 (an audit or a ledger is incomplete).")]
pub(crate) struct Args {
    /// Times longer than this without any record, or without one of an actor who has announced
    /// something and not ended it: `24h`, `7 days`
    #[arg(long, value_name = "LENGTH")]
    silence: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let silence_us = when::read_length("--silence", args.silence.as_deref())?;
    let place = context.place()?;
    let actor = who::acting(&Acting::default(), &place)?;
    let session = Session::open_unchecked(place, actor)?;
    let bars = Bars::new(context.is_watched());
    bars.begin("records", None);
    let lacking = Lacking::of(&session.ledger, session.missing_earlier()?, silence_us)?;
    bars.end();
    context.out.show(&lacking.gaps())?;
    Ok(lacking.exit())
}
