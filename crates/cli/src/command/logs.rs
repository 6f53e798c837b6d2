//! `sealbook logs`: audits logs.

use std::path::PathBuf;

use sealbook_inspect::Options;
use sealbook_record::Severity;

use super::append::read_word;
use super::{Context, init};
use crate::audit::{self, Plan, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::when;

/// Audit logs: what they say, and whether they were tampered with
///
/// Reads JSON lines, logfmt, syslog (RFC 3164 and RFC 5424), access logs, journal exports and plain text, also
/// compressed with gzip or Zstandard. Seals one record per file in which something is new, and one per new kind of
/// message and of error; never one per line. Later runs read what is new, know rotated files again, and tell of
/// logs that were shortened or written over. With --level, --service, --since or --until it looks at all of each
/// file and tells of what was selected.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook logs --dir /var/log/shop
  sealbook logs --dir logs --level ERROR --since '7 days ago'
  sealbook logs --dir logs --service checkout --since 2026-11-01 --until 2026-11-02
  sealbook logs --dir logs --again                   check also what earlier runs read, byte by byte
  sealbook logs --dir logs --format markdown --output LOGS.md")]
pub(crate) struct Args {
    /// The directory in which the logs lie, or one log
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Only entries this grave or graver: `debug`, `info`, `warning`, `error`, `critical`
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only entries of this service, or of logs that are named after it; may be given several times
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<String>,
    /// Only entries at or after this time: `2024-01-31`, `7 days ago`
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only entries at or before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Check what earlier runs read, byte by byte
    #[arg(long, conflicts_with_all = ["level", "services", "since", "until"])]
    again: bool,
    #[command(flatten)]
    running: Running,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let zone = &context.environment.zone;
    let target = init::canonical(context, &args.dir)?;
    let mut options = Options::default();
    options.log.level = read_word::<Severity>("--level", args.level.as_deref())?;
    options.log.since = when::read("--since", args.since.as_deref(), zone)?;
    options.log.until = when::read("--until", args.until.as_deref(), zone)?;
    options.log.services.clone_from(&args.services);
    options.log.again = args.again;
    options.log.zone = Some((**zone).clone());
    let show = &["log.run", "log.selection", "log.segment"];
    audit::run(
        Plan { target, sources: vec!["log".to_owned()], options, show, ..Plan::default() },
        &args.running,
        context,
    )
}
