//! `sealbook operation stats`.

use clap::ValueEnum;
use sealbook_report::OperationStats;
use sealbook_store::TallyBy;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;

/// Count operations: how many, how they stand, how many went well, how long those took
///
/// Which operations: those with an intent that fits all that is asked for. A mean over nothing is no number: it is
/// `-`, and `null` as JSON.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What they are put together by
    #[arg(long, value_name = "WORD", value_enum, default_value_t = By::Action)]
    by: By,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Action,
    Category,
    Actor,
    Target,
    Tag,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.filter.query(&context.environment.zone)?;
    let session = context.open()?;
    let (by, name) = match args.by {
        By::Action => (TallyBy::Action, "action"),
        By::Category => (TallyBy::Category, "category"),
        By::Actor => (TallyBy::Actor, "actor"),
        By::Target => (TallyBy::Target, "target"),
        By::Tag => (TallyBy::Tag, "tag"),
    };
    let tallies = session.ledger.tally_operations(&query, by)?;
    context.out.show(&OperationStats { by: name, tallies: &tallies })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
