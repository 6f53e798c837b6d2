//! `sealbook health`: how calls went, and what of that is unusual.

use sealbook_policy::alert_about;
use sealbook_record::{Category, Finding, PartName, Record, Target, TargetKind, Timestamp};
use sealbook_report::HealthReport;
use sealbook_store::{Health, Unusual};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::when;

/// Without another word, the time before is so many times as long.
const TIMES_BEFORE: i64 = 7;

/// Show how calls went, and what of that is unusual
///
/// How often each action fails and with what, how long it takes, how much of the time its target answered, beside
/// the time before. Unusual are: five failures or more, of half the calls or twice the share of before; an error
/// said five times and never before; 95 of 100 calls taking twice as long; twice as many refusals; and a figure of
/// performance or health records half as large again. With --alert each becomes an alert that a person resolves.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook health
  sealbook health --since '1 hour ago'
  sealbook health --since 2026-11-01 --compared-since 2026-10-01 --format json
  sealbook health --since '15 minutes ago' --alert      from cron

Ends with 1 where something is unusual. With --format json: {\"total\", \"groups\": [{\"action\", \"target\",
\"now\": {\"tried\", \"failed\", \"availability\", \"p95_us\", …}, \"before\"}], \"errors\", \"resources\",
\"unusual\"}.")]
pub(crate) struct Args {
    /// The time that is looked at begins here: `1 hour ago`, `2026-11-01`, RFC 3339
    #[arg(long, value_name = "TIME", default_value = "1 day ago")]
    since: String,
    /// It ends here [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The time before begins here [default: seven times as long before]
    #[arg(long, value_name = "TIME")]
    compared_since: Option<String>,
    /// Seal what is unusual, and raise an alert for each that nobody is looking at already
    #[arg(long)]
    alert: bool,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let zone = &context.environment.zone;
    let now = when::now();
    let until = when::read("--until", args.until.as_deref(), zone)?.unwrap_or(now);
    let since = when::read("--since", Some(&args.since), zone)?.unwrap_or(until);
    let length = until.as_micros().saturating_sub(since.as_micros());
    let before = since.as_micros().saturating_sub(length.saturating_mul(TIMES_BEFORE));
    let compared = when::read("--compared-since", args.compared_since.as_deref(), zone)?;
    let compared = compared.unwrap_or(Timestamp::from_micros(before));
    if length <= 0 || compared >= since {
        return Err(Failure::usage(
            "these times do not follow each other",
            "give --compared-since before --since, and --since before --until",
        ));
    }
    let session = context.open_as(&args.acting)?;
    let health = session.ledger.health(compared, since, until)?;
    if args.alert && !health.unusual.is_empty() {
        seal(&session, &health)?;
    }
    context.out.show(&HealthReport { health: &health })?;
    let exit = if health.unusual.is_empty() { Exit::Clean } else { Exit::Findings };
    Ok(context.answered(&session.ledger, exit))
}

/// One record with all of it, and an alert for each thing that has none which waits.
fn seal(session: &Session, health: &Health) -> Result<(), Failure> {
    let mut record = session.event("health.checked", Target::new(TargetKind::Service, session.ledger.tenant()));
    record.category = Category::HealthCheck;
    // That it was looked at is no call of the book's own.
    record.outcome = None;
    let findings: Vec<Finding> = health.unusual.iter().map(finding).collect();
    record.severity = health.unusual.iter().map(|it| it.severity).max().unwrap_or(record.severity);
    record.set_findings(&findings);
    let period = serde_json::json!({ "since": health.period.0.to_string(), "until": health.period.1.to_string() });
    record.set_part_json(PartName::Context, period.to_string())?;
    let state = session.state()?;
    let is_known = |it: &Unusual| {
        let (rule, about) = (rule(it), said(it));
        let waiting = state.alerts().list().into_iter().filter(|alert| alert.resolved.is_none());
        waiting.into_iter().any(|alert| alert.rule == rule && alert.message.starts_with(&about))
    };
    let new = health.unusual.iter().filter(|it| !is_known(it));
    let alerts: Vec<Record> = new
        .map(|it| alert_about(&record, &rule(it), &it.about, it.severity, &format!("{}{}", said(it), it.message)))
        .collect();
    session.seal(record)?;
    for alert in alerts {
        session.seal(alert)?;
    }
    Ok(())
}

fn rule(it: &Unusual) -> String {
    format!("health.{}", it.kind.as_str())
}

/// How an alert begins: the same for the same thing, whatever the figures are.
fn said(it: &Unusual) -> String {
    format!("{}: ", it.about)
}

fn finding(it: &Unusual) -> Finding {
    let message = format!("{}{}", said(it), it.message);
    Finding::new(rule(it), it.kind.as_str(), it.severity, message, None, &it.about)
}
