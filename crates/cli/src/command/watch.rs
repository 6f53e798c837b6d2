//! `sealbook watch`: seals what happens, as it happens.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sealbook_inspect::{Options, Sort, module};
use sealbook_record::{Severity, Timestamp};
use sealbook_report::{Block, Document, Text, View};
use sealbook_serve::{Allowed, Heard, Watched, Watching, watch};

use super::{Context, init};
use crate::audit::{self, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::{directory_name, root_of};
use crate::when;

/// Watch files, logs and services, and seal what happens to them
///
/// Looks at everything once, then seals each moment in which files change: which ones, how often, and how they are
/// now. Logs are read on as they grow, also over rotation; services are looked at every INTERVAL. Where the system lost
/// events a record says so, a look at everything follows, and the exit code is 3. It ends with TERM or INT, or after
/// --for.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook watch
  sealbook watch --module crates/api
  sealbook watch --logs /var/log/shop
  sealbook watch --service shop-db --interval 30s
  sealbook watch src --for 10m --format json")]
pub(crate) struct Args {
    /// The directory whose files are watched
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Watch the files of this module: its name, or its directory (with a `/` in it, or `.`)
    #[arg(long, value_name = "NAME", conflicts_with = "dir")]
    module: Option<String>,
    /// Look at this service again and again; `all` is every one
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dir", "module"])]
    service: Option<String>,
    /// Read the logs of this directory as they grow
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dir", "module", "service"])]
    logs: Option<PathBuf>,
    /// How often services are looked at
    #[arg(long, value_name = "LENGTH", default_value = "60s")]
    interval: String,
    /// End after this time: `10m`, `1 hour`
    #[arg(long = "for", value_name = "LENGTH")]
    lasts: Option<String>,
    #[command(flatten)]
    running: Running,
}

/// Findings that are told while it goes on.
const SHOWN: usize = 10;
/// The shortest time between two looks at services.
const INTERVAL_LEAST_US: i64 = 1_000_000;

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut options = Options::default();
    options.log.zone = Some((*context.environment.zone).clone());
    options.service.name = args.service.clone().filter(|name| name != "all");
    let (place, source) = match (&args.module, &args.logs, &args.service) {
        (Some(name), ..) => {
            let (root, name) = super::module::place(name, context)?;
            let directory = module::directory_of(&root, &name).map_err(sealbook_serve::Error::from)?;
            (directory, "file")
        }
        (_, Some(logs), _) => (logs.clone(), "log"),
        (.., Some(_)) => (PathBuf::from("."), "service"),
        _ => (args.dir.clone().unwrap_or_else(|| PathBuf::from(".")), "file"),
    };
    let target = init::canonical(context, &place)?;
    if !target.is_dir() {
        return Err(Failure::usage("only a directory can be watched", "name the directory in which it lies"));
    }
    let interval = when::read_length("--interval", Some(&args.interval))?.unwrap_or(INTERVAL_LEAST_US);
    let interval = Duration::from_micros(u64::try_from(interval.max(INTERVAL_LEAST_US)).unwrap_or(1));
    let root = root_of(&target);
    let session = audit::open(context, &root, &args.running.acting)?;
    let fail_on = audit::fail_on(&args.running, &session)?;
    let lasts = when::read_length("--for", args.lasts.as_deref())?;
    let until = lasts.map(|lasts| Timestamp::from_micros(session.ledger.now().as_micros().saturating_add(lasts)));
    let watching = Watching {
        target,
        project: session.project().or_else(|| Some(directory_name(&root))),
        base: root,
        sources: vec![source.to_owned()],
        options,
        actor: session.actor.clone(),
        reason: args.running.reason.clone(),
        allowed: Allowed::BY_A_PERSON,
        interval,
        until,
    };
    let failed = |cause| Failure::Program { program: "the watch".to_owned(), cause };
    let ended = sealbook_gate::ended_by_signal().map_err(failed)?;
    let is_over = || ended.load(Ordering::Relaxed);
    let mut hear = |heard: &Heard<'_>| tell(heard, context);
    let watched = watch(&watching, &session.ledger, session.policy()?, &is_over, &mut hear)?;
    context.out.show(&Told(&watched))?;
    let is_whole = watched.gaps == 0 && watched.incomplete == 0;
    let has_found = fail_on.is_some_and(|least| watched.worst.is_some_and(|worst| worst >= least));
    Ok(match (is_whole, has_found) {
        (false, _) => Exit::Incomplete,
        (true, true) => Exit::Findings,
        (true, false) => Exit::Clean,
    })
}

/// Says it to whoever sits there.
fn tell(heard: &Heard<'_>, context: &Context) {
    let text = match heard {
        Heard::Begun => "watching; it ends with TERM or INT".to_owned(),
        Heard::Moment(window) => {
            let count = |sort: Sort| window.seen.iter().filter(|(_, seen)| seen.sort == sort).count();
            let (new, changed, gone) = (count(Sort::Created), count(Sort::Changed), count(Sort::Removed));
            let lost = window.gap.as_ref().map_or_else(String::new, |gap| {
                format!("; EVENTS WERE LOST ({}), a look at everything follows", gap.why())
            });
            let example = window.seen.first().map_or_else(String::new, |(path, _)| format!(": {}", path.display()));
            let more = if window.seen.len() > 1 { ", …" } else { "" };
            format!("{} events, {new} new, {changed} changed, {gone} gone{example}{more}{lost}", window.events)
        }
        Heard::Audited(audit) => {
            let found = audit.findings().count();
            let whole = if audit.is_complete() { "" } else { ", INCOMPLETE" };
            let sources: Vec<&str> = audit.sources.iter().map(|run| run.source).collect();
            let mut text = format!("looked at {}: {found} findings{whole}", sources.join(", "));
            for finding in audit.findings().filter(|finding| finding.severity >= Severity::Warning).take(SHOWN) {
                let _ = write!(text, "\n{} {}: {}", finding.severity.as_str(), finding.rule, finding.message);
            }
            text
        }
        Heard::Read { entries: 0, complete: true, .. } => return,
        Heard::Read { entries, errors, complete } => {
            let whole = if *complete { "" } else { ", INCOMPLETE" };
            let errors = if *errors > 0 { format!(", {errors} ERRORS") } else { String::new() };
            format!("read {entries} log entries{errors}{whole}; what they are is told at the end")
        }
    };
    context.note(&text);
}

struct Told<'a>(&'a Watched);

impl View for Told<'_> {
    fn document(&self) -> Document {
        let it = self.0;
        let mut page = Document::new();
        let field = |name: &str, count: u64| (name.to_owned(), Text::plain(count.to_string()));
        page.add(Block::Fields(vec![
            field("moments", it.moments),
            field("events", it.events),
            field("paths", it.paths),
            field("events not watched", it.ignored),
            field("gaps", it.gaps),
            field("audits", it.audits),
            field("of them incomplete", it.incomplete),
            field("errors in logs", it.errors),
            field("findings", it.findings),
        ]));
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(self.0).expect("numbers are JSON")
    }
}
