//! `sealbook compliance`: what was recorded, and what nobody has resolved.

use sealbook_report::ComplianceReport;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when;

/// Report on the records of a time, and on alerts that nobody has resolved
///
/// It says what was recorded and what was not dealt with. It does not say that anything complies
/// with a law.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook compliance --from '30 days ago'
  sealbook compliance --tenant acme --from 2024-01-01 --to 2024-03-31 --format json

With --format json: {\"report_id\", \"generated_at\", \"tenant_id\", \"period\": {\"start\", \"end\"},
\"summary\": {\"entries_by_level\"}, \"violations\": […], \"recommendations\": […]}.")]
pub(crate) struct Args {
    /// At or after this time: `2024-01-31`, `7 days ago`, RFC 3339
    #[arg(long, visible_alias = "since", value_name = "TIME")]
    from: Option<String>,
    /// At or before this time
    #[arg(long, visible_alias = "until", value_name = "TIME")]
    to: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let zone = &context.environment.zone;
    let from = when::read("--from", args.from.as_deref(), zone)?;
    let to = when::read("--to", args.to.as_deref(), zone)?;
    let session = context.open()?;
    let compliance = sealbook_serve::compliance(&session.ledger, &session.state()?, from, to)?;
    let report = ComplianceReport {
        compliance: &compliance,
        tenant: session.ledger.tenant(),
        period: (from, to),
        now: when::now(),
    };
    context.out.show(&report)?;
    Ok(Exit::Clean)
}
