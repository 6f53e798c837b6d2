//! `sealbook exec`: runs a command on record.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sealbook_gate::GateOptions;
use sealbook_gate::exec::{Exec, Ran, run as run_on_record};
use sealbook_report::Format;

use super::Context;
use crate::args::Acting;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::project::Project;
use crate::session::Session;
use crate::teller::Tellers;
use crate::who;

/// Run a command on record
///
/// The command line, the working directory and a digest of the environment are sealed before it
/// starts, its exit code, how long it took and which files changed when it has ended. What a rule or a
/// stop refuses does not start. Standard input, output and error are the command's, and so is the exit
/// code; 128 and the signal's number where a signal ended it, 126 where it was refused or could not be
/// started, 127 where it was not found.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook exec -- cargo test
  sealbook exec --reason 'release 1.4' -- ./deploy.sh shop
  sealbook exec --watch /etc/nginx -- nginx-reload
  sealbook exec --no-watch --actor agent:builder -- make")]
pub(crate) struct Args {
    /// The command, and what it is run with
    #[arg(last = true, value_name = "CMD", required = true)]
    command: Vec<OsString>,
    /// Watch the files in this directory [default: the working directory, where it is in a project]
    #[arg(long, value_name = "DIR", conflicts_with = "no_watch")]
    watch: Option<PathBuf>,
    /// Watch no files
    #[arg(long)]
    no_watch: bool,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    /// Agent or user session
    #[arg(long)]
    session: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// As shells and env(1) say it.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
/// How long a review may take.
const REVIEW_MAX: Duration = Duration::from_mins(2);
/// How long the end waits for people to be told.
const TELLING_MAX: Duration = Duration::from_secs(6);

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let place = context.place()?;
    let actor = who::acting(&args.acting, &place)?;
    let project = place.project.as_ref().map(Project::name);
    let cwd = context.environment.current_dir.clone();
    let in_project = || project.is_some().then(|| cwd.clone());
    let watched = if args.no_watch { None } else { args.watch.clone().or_else(in_project) };
    let exec = Exec {
        command: args.command.clone(),
        cwd,
        environment: Environment::variables(),
        watched,
        actor: actor.clone(),
        project,
        reason: args.reason.clone(),
        session: args.session.clone(),
    };
    let tellers = Arc::new(Tellers::new(&context.environment, true));
    context.note_book(&place);
    let session = Session::open(place, actor)?;
    let gate = session.into_gate(GateOptions::default(), &context.environment, Arc::clone(&tellers), REVIEW_MAX)?;
    let ran = run_on_record(&gate, &exec);
    tellers.finish(TELLING_MAX);
    let (ran, unsealed) = ran?;
    if let Some(cause) = unsealed {
        // The exit code is the command's. What is missing shows as a gap.
        Failure::from(cause).show(Format::Terminal, &context.global);
    }
    Ok(match ran {
        Ran::Ended(left) => Exit::Child(left.code),
        Ran::Refused(refused) => {
            failure::say(refused.code, &refused.text, Exit::Child(CANNOT_RUN), Format::Terminal);
            Exit::Child(CANNOT_RUN)
        }
        Ran::NotStarted(cause) => {
            let code = if cause.kind() == ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN };
            let program = args.command[0].to_string_lossy().into_owned();
            Failure::Program { program, cause }.show(Format::Terminal, &context.global);
            Exit::Child(code)
        }
    })
}
