//! `sealbook operation list`.

use sealbook_record::OperationStatus;
use sealbook_report::OperationList;
use sealbook_store::Operation;

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::filter::Filter;

/// Show operations and how they stand, the one that began last first
///
/// Which operations: those with an intent that fits all that is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How they stand; given several times, any of them
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<OperationStatus>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    filter: Filter,
}

fn status(text: &str) -> Result<OperationStatus, String> {
    let all = || OperationStatus::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
    OperationStatus::ALL
        .iter()
        .copied()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| format!("it is one of {}", all()))
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let query = args.filter.query(&context.environment.zone)?;
    let session = context.open()?;
    let fits = |operation: &Operation| args.status.is_empty() || args.status.contains(&operation.status);
    let (operations, more) = session.ledger.operations(&query, args.limit, &fits)?;
    context.out.show(&OperationList { operations: &operations, more })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}
