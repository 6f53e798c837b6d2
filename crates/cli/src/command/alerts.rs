//! `sealbook alerts`: what a person must look at.

use clap::Subcommand;
use sealbook_record::{Severity, Target, TargetKind};
use sealbook_report::AlertList;
use sealbook_serve::{change_alert, find_alert};

use super::Context;
use super::append::read_word;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// List, assign and resolve alerts
///
/// An alert is a record that points at the record it is about; so are its assignment and its
/// resolution. Nothing is dropped, and nothing is lost in a restart.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook alerts list --severity critical
  sealbook alerts show 0190f3a2
  sealbook alerts assign 0190f3a2 --to bob
  sealbook alerts resolve 0190f3a2 --reason 'a drill'")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show alerts that wait for a person, newest first
    List {
        /// Those that were resolved too
        #[arg(long)]
        all: bool,
        /// Of this weight only
        #[arg(long, value_name = "LEVEL")]
        severity: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// Show one alert
    Show {
        /// Its id, or the beginning of it
        #[arg(value_name = "ALERT")]
        alert: String,
    },
    /// Say who is to look at it
    Assign {
        /// Its id, or the beginning of it
        #[arg(value_name = "ALERT")]
        alert: String,
        /// Who
        #[arg(long, value_name = "WHO")]
        to: String,
        #[command(flatten)]
        acting: Acting,
    },
    /// Say that it is dealt with
    Resolve {
        /// Its id, or the beginning of it
        #[arg(value_name = "ALERT")]
        alert: String,
        /// Why
        #[arg(long, allow_hyphen_values = true)]
        reason: String,
        #[command(flatten)]
        acting: Acting,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.what {
        What::List { all, severity, limit } => {
            let severity: Option<Severity> = read_word("--severity", severity.as_deref())?;
            let state = context.open()?.state()?;
            let mut alerts = state.alerts().list();
            alerts.reverse();
            alerts.retain(|alert| (*all || alert.resolved.is_none()) && severity.is_none_or(|it| it == alert.severity));
            alerts.truncate(*limit);
            context.out.show(&AlertList { alerts, unresolved: state.alerts().unresolved() })?;
        }
        What::Show { alert } => show(&context.open()?, alert, context)?,
        What::Assign { alert, to, acting } => {
            let session = context.open_as(acting)?;
            let input = serde_json::json!({ "to": to }).to_string();
            change(&session, "alert.assigned", alert, None, &input)?;
            show(&session, alert, context)?;
        }
        What::Resolve { alert, reason, acting } => {
            let session = context.open_as(acting)?;
            change(&session, "alert.resolved", alert, Some(reason), "{}")?;
            show(&session, alert, context)?;
        }
    }
    Ok(Exit::Clean)
}

fn show(session: &Session, given: &str, context: &Context) -> Result<(), Failure> {
    let state = session.state()?;
    let alert = find_alert(&state, given)?;
    context.out.show(&AlertList { alerts: vec![alert], unresolved: state.alerts().unresolved() })
}

fn change(session: &Session, action: &str, given: &str, reason: Option<&str>, input: &str) -> Result<(), Failure> {
    let state = session.state()?;
    let alert = find_alert(&state, given)?;
    let record = session.event(action, Target::new(TargetKind::Record, alert.id.to_string()));
    let record = change_alert(alert, record, reason, input)?;
    let sealed = session.seal(record)?;
    crate::approver::check_effect(session, sealed.seq)
}
