//! `sealbook suppress`: a finding is lived with, for a reason, until a day.

use sealbook_inspect::{LIFTED, NEVER_SUPPRESSED, SUPPRESSED, Suppression};
use sealbook_record::{Category, Finding, Target, TargetKind};
use sealbook_store::Query;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::directory_name;
use crate::session::Session;
use crate::when;

/// Live with a finding until a day, for a reason; or no longer
///
/// Seals who decided it, why and until when. From then on audits list the finding as suppressed; from
/// the day on, or when what it is about changes, it is found again. Forged and damaged objects are
/// not suppressed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook suppress secret.private-key --path tests/server.pem --reason 'made for the tests' --until 2027-01-01
  sealbook suppress 3f6c1a2b --reason 'rotated on Monday' --until 'in 30 days'
  sealbook suppress 3f6c1a2b --lift --reason 'the exception ended'")]
pub(crate) struct Args {
    /// A finding of the last audit: its id or the beginning of it, or its rule
    #[arg(value_name = "FINDING")]
    finding: String,
    /// The one about this path
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: String,
    /// The day from which on it is found again
    #[arg(long, value_name = "TIME", required_unless_present = "lift")]
    until: Option<String>,
    /// It is no longer lived with
    #[arg(long, conflicts_with = "until")]
    lift: bool,
    #[command(flatten)]
    acting: Acting,
}

/// Hex digits of a finding's id, and the fewest that stand for one.
const ID: usize = 32;
const ID_LEAST: usize = 6;

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("a suppression needs a reason", "say with --reason why the finding is lived with"));
    }
    let session = context.open_as(&args.acting)?;
    let id = find(args, &session)?;
    let mut record = session.event(SUPPRESSED, Target::new(TargetKind::Record, id.as_str()));
    record.category = Category::Audit;
    // As audits name it, who look for it by the project.
    record.project =
        record.project.or_else(|| session.place.project.as_ref().map(|project| directory_name(&project.root)));
    if args.lift {
        LIFTED.clone_into(&mut record.action);
        record.reason = Some(args.reason.clone());
    } else {
        let until = when::read("--until", args.until.as_deref(), &context.environment.zone)?;
        let Some(until) = until.filter(|until| *until > session.ledger.now()) else {
            return Err(Failure::usage("--until lies in the past", "name a day to come, such as `2027-01-31`"));
        };
        let what = Suppression { finding: id.clone(), reason: args.reason.trim().to_owned(), until };
        what.write(&mut record).map_err(|error| Failure::usage(error.to_string(), "write a shorter reason"))?;
    }
    let sealed = session.seal(record)?;
    let said = if args.lift { "is found again" } else { "is suppressed" };
    context.note(&format!("record {} says that finding {id} {said}", sealed.seq));
    Ok(Exit::Clean)
}

/// The id of the finding that is meant.
fn find(args: &Args, session: &Session) -> Result<String, Failure> {
    let given = args.finding.to_ascii_lowercase();
    let is_id = given.len() >= ID_LEAST && given.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = |finding: &Finding| {
        let is_named = finding.rule == args.finding || is_id && finding.id.starts_with(&given);
        let is_there =
            args.path.as_ref().is_none_or(|path| finding.location.as_ref().is_some_and(|it| it.path == *path));
        is_named && is_there
    };
    let mut found: Vec<Finding> = Vec::new();
    let mut run = None;
    let query = Query { action: vec!["analysis.run".to_owned()], has: vec!["findings".to_owned()], ..Query::default() };
    session.ledger.each_match(&query, &mut |stored| {
        let Some(record) = stored.record else { return Ok(true) };
        // The newest run alone: older findings may be gone.
        if *run.get_or_insert(record.operation) != record.operation {
            return Ok(false);
        }
        found.extend(record.findings().unwrap_or_default().into_iter().filter(fits));
        Ok(true)
    })?;
    found.dedup_by(|a, b| a.id == b.id);
    match &found[..] {
        [one] if NEVER_SUPPRESSED.contains(&one.rule.as_str()) && !args.lift => Err(Failure::usage(
            format!("{} is not suppressed: what the object held is not known", one.rule),
            "mend the object (`git fsck --full`, then fetch it from another clone), and run the audit with --again",
        )),
        [one] => Ok(one.id.clone()),
        // One that is suppressed is among the findings no more.
        [] if is_id && given.len() == ID => Ok(given),
        [] => Err(Failure::usage(
            format!("the last audit has no finding {:?}", args.finding),
            "name its id, the beginning of it or its rule as `sealbook repo --format json` shows them",
        )),
        several => {
            let list: Vec<String> = several
                .iter()
                .take(5)
                .map(|it| {
                    format!("{} ({})", &it.id[..12.min(it.id.len())], it.location.as_ref().map_or("", |at| &at.path))
                })
                .collect();
            let what = format!(
                "{} findings of the last audit are meant by {:?}: {}",
                several.len(),
                args.finding,
                list.join(", ")
            );
            Err(Failure::usage(what, "name one by the beginning of its id, or with --path"))
        }
    }
}
