//! `sealbook diff`: what differs between two moments of a project.

use std::path::PathBuf;

use sealbook_inspect::{Analyzer as _, Book, DriftAnalyzer, Picture, Scope, Silent};
use sealbook_record::{Severity, Timestamp};
use sealbook_report::DifferenceDetail;

use super::append::read_word;
use super::{Context, baseline};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// Show what differs between two audits, or between a baseline and the newest one
///
/// Files, references and findings as they were sealed; nothing is read from the disk, and nothing is
/// sealed. A moment is told by the newest audit of the whole project until then.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook diff --from '7 days ago'
  sealbook diff --from 2024-01-01 --to 2024-02-01
  sealbook diff --baseline release-4 --show-drift
  sealbook diff --baseline .audit/baseline-2024-01-01.json --format json | jq .difference.files")]
pub(crate) struct Args {
    /// As it was then
    #[arg(long, value_name = "TIME", required_unless_present = "baseline")]
    from: Option<String>,
    /// As it was in this baseline: its name, or its file
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "from")]
    baseline: Option<PathBuf>,
    /// With how it was then [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Say too what of it somebody should look at
    #[arg(long)]
    show_drift: bool,
    /// With --show-drift: end with exit code 1 on findings of this severity or above
    #[arg(long, value_name = "SEVERITY", requires = "show_drift")]
    fail_on: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let fail_on: Severity = read_word("--fail-on", args.fail_on.as_deref())?.unwrap_or(Severity::Critical);
    let zone = &*context.environment.zone;
    let from = when::read("--from", args.from.as_deref(), zone)?;
    let to = when::read("--to", args.to.as_deref(), zone)?;
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        return Err(Failure::usage("--to lies before --from", "give the earlier time to --from"));
    }
    let session = context.open()?;
    let root = baseline::project_root(context);
    let project = baseline::project_name(&session, &root);
    let at = |until: Option<Timestamp>| Picture::of(&Book::new(&session.ledger), &root, Some(&project), until);
    let (before, from_told, doubt) = match &args.baseline {
        Some(given) => {
            let (found, line) = baseline::load(given, &root, &session, context)?;
            let told = format!("baseline {}, saved {}", line.told.name, line.saved);
            (found.picture, told, line.seq.is_none().then_some(baseline::UNSEALED))
        }
        None => (audited(at(from)?, from, &session)?, moment(from), None),
    };
    let after = audited(at(to)?, to, &session)?;
    let difference = before.difference(&after);
    let drift = if args.show_drift {
        let scope =
            Scope { project: Some(&project), now: when::now(), since_baseline: Some(&difference), suppressed: None };
        Some(DriftAnalyzer.analyze(&mut std::iter::empty(), &scope, &Silent)?)
    } else {
        None
    };
    let to_told = moment(to);
    let drift = drift.as_deref();
    context.out.show(&DifferenceDetail { difference: &difference, from: &from_told, to: &to_told, doubt, drift })?;
    let found = drift.is_some_and(|found| found.iter().any(|finding| finding.severity >= fail_on));
    let exit = if found { Exit::Findings } else { Exit::Clean };
    let exit = if difference.not_compared.is_empty() { exit } else { exit.or_worse(Exit::Incomplete) };
    Ok(context.answered(&session.ledger, exit))
}

/// A picture in which there is something.
fn audited(picture: Picture, until: Option<Timestamp>, session: &Session) -> Result<Picture, Failure> {
    match until {
        Some(until) if picture.is_empty() && session.ledger.head()?.size > 0 => Err(Failure::usage(
            format!("nothing of this project was audited until {until}"),
            "give a later time; `sealbook query --action audit.run` lists all audits",
        )),
        _ if picture.is_empty() => Err(Failure::AuditMissing),
        _ => Ok(picture),
    }
}

fn moment(until: Option<Timestamp>) -> String {
    until.map_or_else(|| "the newest audit".to_owned(), |until| format!("the newest audit until {until}"))
}
