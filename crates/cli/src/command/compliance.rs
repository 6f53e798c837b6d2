//! `sealbook compliance`: what was recorded, what nobody has resolved, and what the records support of catalogues of
//! controls.

mod assess;

use sealbook_report::{CatalogueList, ComplianceReport};

use super::Context;
use crate::audit::Running;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when;

/// Report on the records of a time, or say what they support of a law or a standard
///
/// It says what was recorded and what was not dealt with. With --framework it assesses which controls of
/// those catalogues the records support: evidenced, partial, no evidence, or not assessed; each with its
/// records, with what they prove and what they do not. The assessment is sealed. It does not say that
/// anything complies with a law.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook compliance --from '30 days ago'
  sealbook compliance --tenant acme --from 2024-01-01 --to 2024-03-31 --format json
  sealbook compliance --list                                the catalogues there are
  sealbook compliance --framework eu-ai-act --in-full
  sealbook compliance --framework all --format oscal --output book.oscal.json
  sealbook compliance --framework iso-27001,gdpr --fail-on warning

Without --framework, --format json gives {\"report_id\", \"generated_at\", \"tenant_id\", \"period\":
{\"start\", \"end\"}, \"summary\": {\"entries_by_level\"}, \"violations\": […], \"recommendations\": […]}.")]
pub(crate) struct Args {
    /// At or after this time: `2024-01-31`, `7 days ago`, RFC 3339
    #[arg(long, visible_alias = "since", value_name = "TIME")]
    from: Option<String>,
    /// At or before this time
    #[arg(long, visible_alias = "until", value_name = "TIME")]
    to: Option<String>,
    /// Assess what the records support of these catalogues: names as --list gives them, or `all`
    #[arg(long, visible_alias = "catalogue", value_name = "NAMES", value_delimiter = ',')]
    framework: Vec<String>,
    /// Tell of each control what its evidence proves, and what it does not
    #[arg(long, requires = "framework")]
    in_full: bool,
    /// List the catalogues, and which features support which controls
    #[arg(long, conflicts_with = "framework")]
    list: bool,
    #[command(flatten)]
    running: Running,
}

impl Args {
    /// Whether controls are assessed.
    pub(crate) fn is_assessment(&self) -> bool {
        !self.framework.is_empty()
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.list {
        let list = CatalogueList { catalogues: sealbook_inspect::catalogues(), mapping: sealbook_inspect::mapping() };
        context.out.show(&list)?;
        return Ok(Exit::Clean);
    }
    let zone = &context.environment.zone;
    let from = when::read("--from", args.from.as_deref(), zone)?;
    let to = when::read("--to", args.to.as_deref(), zone)?;
    if args.is_assessment() {
        return assess::run(args, from, to, context);
    }
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
