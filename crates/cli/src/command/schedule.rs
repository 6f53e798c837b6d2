//! `sealbook schedule`: audits by the clock.

use std::any::Any;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::Subcommand;
use sealbook_inspect::Schedule;
use sealbook_record::{PartName, Severity, Target, TargetKind, Timestamp};
use sealbook_report::{Block, Column, Document, Row, Text, View};
use sealbook_serve::{Allowed, SCHEDULE_ADDED, SCHEDULE_REMOVED, Scheduled, Standing, schedules, tick};

use super::{Context, init};
use crate::args::Acting;
use crate::audit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Bars;
use crate::project::{directory_name, root_of};
use crate::session::Session;
use crate::when;

/// Audit by the clock: say what is run when, and run it
///
/// Schedules are records of the book, so they survive a restart; `schedule run` is the program that runs them, under a
/// service manager or in a terminal. A time at which it was not there is stated as missed, and the newest of them is
/// made up for; a time at which the run before was not over is refused. Exit code 3 where any was missed or refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook schedule add nightly --cron '0 3 * * *' --zone Europe/Berlin
  sealbook schedule add quality --cron '0 */6 * * *' --sources quality --path src
  sealbook schedule list
  sealbook schedule run
  sealbook schedule run --once                       what is due now, from a cron job of one's own
  sealbook schedule remove nightly")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Add one, or put another in its place
    Add {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// When: `minute hour day month weekday`, with seconds before them where there are six
        #[arg(long, value_name = "EXPRESSION")]
        cron: String,
        /// The time zone that it is meant in
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        zone: String,
        /// Which sources
        #[arg(long, value_name = "SOURCES", value_delimiter = ',', default_value = "git,file",
            value_parser = audit::source_names())]
        sources: Vec<String>,
        /// What is audited
        #[arg(long, value_name = "PATH", default_value = ".")]
        path: PathBuf,
        #[command(flatten)]
        acting: Acting,
    },
    /// List them, with when each is due next and what became of it
    List,
    /// Take one away
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        acting: Acting,
    },
    /// Run what is due, until TERM or INT
    Run {
        /// Only what is due now
        #[arg(long)]
        once: bool,
        /// End after this time: `10m`, `1 hour`
        #[arg(long = "for", value_name = "LENGTH", conflicts_with = "once")]
        lasts: Option<String>,
        /// End with exit code 1 on findings of this severity or above, or `never`
        #[arg(long, value_name = "SEVERITY", default_value = "critical")]
        fail_on: String,
        #[command(flatten)]
        acting: Acting,
    },
}

const LOOK: Duration = Duration::from_millis(500);

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.what {
        What::Add { name, cron, zone, sources, path, acting } => {
            let target = init::canonical(context, path)?;
            let base = root_of(&target);
            let session = audit::open(context, &base, acting)?;
            let project = session.project().or_else(|| Some(directory_name(&base)));
            let (name, cron, zone) = (plain(name)?, cron.clone(), zone.clone());
            Schedule::new(&cron, &zone).map_err(sealbook_serve::Error::from)?;
            sealbook_serve::accept(sources, &target)?;
            let what = Scheduled { name, cron, zone, target, base, project, sources: sources.clone() };
            let mut record = session.event(SCHEDULE_ADDED, Target::new(TargetKind::Other, what.name.clone()));
            record.set_part(PartName::Input, &what).expect("texts are JSON");
            session.seal(record)?;
            list(&session, context)
        }
        What::List => list(&context.open()?, context),
        What::Remove { name, acting } => {
            let session = context.open_as(acting)?;
            if !schedules(&session.ledger)?.iter().any(|standing| standing.what.name == *name) {
                let known: Vec<String> = schedules(&session.ledger)?.into_iter().map(|it| it.what.name).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Failure::usage("there is no schedule of that name", format!("there are: {known}")));
            }
            session.seal(session.event(SCHEDULE_REMOVED, Target::new(TargetKind::Other, name.clone())))?;
            list(&session, context)
        }
        What::Run { once, lasts, fail_on, acting } => {
            let session = context.open_as(acting)?;
            let least = match fail_on.as_str() {
                "never" => None,
                word => super::append::read_word::<Severity>("--fail-on", Some(word))?,
            };
            let lasts = when::read_length("--for", lasts.as_deref())?;
            keep(&session, *once, lasts, least, context)
        }
    }
}

fn plain(name: &str) -> Result<String, Failure> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(is_plain) {
        let mend = "give up to 64 letters, digits, dots, dashes and underscores";
        return Err(Failure::usage("that cannot name a schedule", mend));
    }
    Ok(name.to_owned())
}

/// Runs what is due, until it is over.
fn keep(
    session: &Session,
    once: bool,
    lasts: Option<i64>,
    least: Option<Severity>,
    context: &Context,
) -> Result<Exit, Failure> {
    let failed = |cause| Failure::Program { program: "the schedule".to_owned(), cause };
    let ended = sealbook_gate::ended_by_signal().map_err(failed)?;
    let until = lasts.map(|lasts| session.ledger.now().as_micros().saturating_add(lasts));
    let directory = session.place.directory().to_owned();
    let lock = |name: &str| -> Option<Box<dyn Any>> {
        let path = directory.join(format!("schedule-{name}.lock"));
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(path).ok()?;
        file.try_lock().ok()?;
        Some(Box::new(file))
    };
    let (_hold, wait) = channel::<()>();
    let mut told = Ran::default();
    loop {
        let bars = Bars::new(context.is_watched());
        let ticked = tick(&session.ledger, session.policy()?, &session.actor, Allowed::BY_A_PERSON, &lock, &bars)?;
        drop(bars);
        told.missed += ticked.missed;
        told.refused += ticked.refused;
        if ticked.missed > 0 {
            context.note(&format!("{} times were missed: nobody was there", ticked.missed));
        }
        if ticked.refused > 0 {
            context.note(&format!("{} times were refused: the run before was not over", ticked.refused));
        }
        for (name, audit) in &ticked.ran {
            told.runs += 1;
            told.failed += u64::from(audit.has_failed());
            told.incomplete += u64::from(!audit.is_complete());
            let grave = |severity: Severity| least.is_some_and(|least| severity >= least);
            told.findings += audit.findings().filter(|finding| grave(finding.severity)).count() as u64;
            let whole = if audit.is_complete() { "" } else { ", INCOMPLETE" };
            context.note(&format!("{name}: run {}, {} findings{whole}", audit.run, audit.findings().count()));
        }
        let is_late = until.is_some_and(|until| session.ledger.now().as_micros() >= until);
        if once || is_late || ended.load(Ordering::Relaxed) {
            break;
        }
        let _ = wait.recv_timeout(LOOK);
    }
    context.out.show(&told)?;
    Ok(told.exit())
}

#[derive(Default, serde::Serialize)]
struct Ran {
    runs: u64,
    failed: u64,
    incomplete: u64,
    findings: u64,
    missed: u64,
    refused: u64,
}

impl Ran {
    fn exit(&self) -> Exit {
        if self.failed > 0 {
            Exit::Failure
        } else if self.incomplete + self.missed + self.refused > 0 {
            Exit::Incomplete
        } else if self.findings > 0 {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}

impl View for Ran {
    fn document(&self) -> Document {
        let mut page = Document::new();
        let field = |name: &str, count: u64| (name.to_owned(), Text::plain(count.to_string()));
        page.add(Block::Fields(vec![
            field("runs", self.runs),
            field("failed", self.failed),
            field("incomplete", self.incomplete),
            field("findings that count", self.findings),
            field("times missed", self.missed),
            field("times refused", self.refused),
        ]));
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self).expect("numbers are JSON")
    }
}

fn list(session: &Session, context: &Context) -> Result<Exit, Failure> {
    let standing = schedules(&session.ledger)?;
    context.out.show(&Listed { standing: &standing, now: session.ledger.now() })?;
    Ok(context.answered(&session.ledger, Exit::Clean))
}

struct Listed<'a> {
    standing: &'a [Standing],
    now: Timestamp,
}

impl Listed<'_> {
    fn next(&self, standing: &Standing) -> Option<Timestamp> {
        Schedule::new(&standing.what.cron, &standing.what.zone).ok()?.next(self.now)
    }
}

static COLUMNS: &[Column] = &[
    Column::text("Name"),
    Column::whole("When"),
    Column::whole("Zone"),
    Column::text("Sources"),
    Column::text("What"),
    Column::whole("Next"),
    Column::whole("Last run"),
    Column::number("Runs"),
    Column::number("Missed"),
    Column::number("Refused"),
];

impl View for Listed<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        if self.standing.is_empty() {
            page.line("No audit is scheduled; `sealbook schedule add` adds one.");
            return page;
        }
        let row = |standing: &Standing| -> Row {
            let what = &standing.what;
            let time = |time: Option<Timestamp>| Text::plain(time.map_or_else(String::new, |time| time.to_string()));
            let (runs, missed, refused) = standing.counts;
            vec![
                Text::name(&what.name),
                Text::plain(&what.cron),
                Text::plain(&what.zone),
                Text::plain(what.sources.join(", ")),
                Text::name(what.target.display().to_string()),
                time(self.next(standing)),
                time(standing.last.map(|(at, _)| at)),
                Text::plain(runs.to_string()),
                Text::plain(missed.to_string()),
                Text::plain(refused.to_string()),
            ]
        };
        page.add(Block::Table(COLUMNS.to_vec(), self.standing.iter().map(row).collect()));
        page
    }

    fn json(&self) -> String {
        let all: Vec<_> = self
            .standing
            .iter()
            .map(|standing| {
                let (runs, missed, refused) = standing.counts;
                serde_json::json!({
                    "schedule": standing.what,
                    "next": self.next(standing),
                    "last": standing.last.map(|(at, _)| at),
                    "last_outcome": standing.last.and_then(|(_, outcome)| outcome),
                    "dealt_with": standing.dealt_with,
                    "runs": runs, "missed": missed, "refused": refused,
                })
            })
            .collect();
        serde_json::json!({ "schedules": all }).to_string()
    }
}
