//! `sealbook service`: audits services.

use std::path::{Path, PathBuf};

use sealbook_inspect::{Options, service};
use sealbook_record::Severity;
use sealbook_serve::Allowed;

use super::append::read_word;
use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when;

/// Audit services: whether they are up, what they take, what their logs say
///
/// Services are named by services.yaml, by compose files and by systemd units below DIR. A check asks over HTTP, opens
/// a TCP connection, looks for a process, runs a command or asks Docker or Podman for a container; each has a time
/// that it may take. One record is sealed per check. What is down is a critical finding unless the file says
/// otherwise; what could not be checked makes the audit incomplete, and so does having no check at all. Commands that
/// the file names are run with --commands only: a file that came with a clone is somebody else's.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook services
  sealbook service shop-db --health
  sealbook service shop-db --logs --since '24 hours ago' --level ERROR
  sealbook service --file deploy/services.yaml --commands
  sealbook query --action service.checked --since '7 days ago'     how they stood")]
pub(crate) struct Args {
    /// Only this service
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only whether they are up; not what they and the host take
    #[arg(long)]
    health: bool,
    /// Read their logs too: those that services.yaml names, else what lies below DIR and is of the service
    #[arg(long)]
    logs: bool,
    /// With --logs: only entries this grave or graver
    #[arg(long, value_name = "LEVEL", requires = "logs")]
    level: Option<String>,
    /// With --logs: only entries at or after this time: `2024-01-31`, `24 hours ago`
    #[arg(long, value_name = "TIME", requires = "logs")]
    since: Option<String>,
    /// With --logs: only entries at or before this time
    #[arg(long, value_name = "TIME", requires = "logs")]
    until: Option<String>,
    /// The file that names the services: like services.yaml, a compose file, or a unit
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where to look for such files
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Run the commands that the file names
    #[arg(long)]
    commands: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let target = init::canonical(context, &args.dir)?;
    let mut options = Options::default();
    options.service.name.clone_from(&args.name);
    options.service.health_only = args.health;
    options.service.file = args.file.as_deref().map(|file| init::canonical(context, file)).transpose()?;
    let allowed = Allowed { code_of_the_tree: args.commands, ..Allowed::BY_A_PERSON };
    let logs = if args.logs { Some(logs(args, &target, &options, context)?) } else { None };
    let show = &["service.checked", "service.host"];
    let plan = Plan { target, sources: vec!["service".to_owned()], options, show, ..Plan::default() };
    let mut audits = vec![audit::perform(plan, allowed, &args.running, context)?];
    for plan in logs.into_iter().flatten() {
        audits.push(audit::perform(plan, Allowed::BY_A_PERSON, &args.running, context)?);
    }
    audit::show(&audits, context)
}

/// An audit of each place in which the logs lie.
fn logs(args: &Args, target: &Path, asked: &Options, context: &Context) -> Result<Vec<Plan>, Failure> {
    let zone = &context.environment.zone;
    let mut options = Options::default();
    options.log.level = read_word::<Severity>("--level", args.level.as_deref())?;
    options.log.since = when::read("--since", args.since.as_deref(), zone)?;
    options.log.until = when::read("--until", args.until.as_deref(), zone)?;
    options.log.zone = Some((**zone).clone());
    let mut places = service::logs_of(target, &asked.service).map_err(sealbook_serve::Error::from)?;
    if places.is_empty() {
        places.push(target.to_owned());
        options.log.services = args.name.iter().cloned().collect();
    }
    places.sort();
    places.dedup();
    let plan = |place: PathBuf| {
        let target = init::canonical(context, &place)?;
        let show: &[&str] = &["log.run", "log.selection", "log.segment"];
        Ok(Plan { target, sources: vec!["log".to_owned()], options: options.clone(), show, ..Plan::default() })
    };
    places.into_iter().map(plan).collect()
}
