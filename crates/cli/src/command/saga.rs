//! `sealbook saga`: steps that are all done, or taken back.

mod cancel;
mod certificate;
mod freeze;
mod kill;
mod list;
mod resume;
mod run;
mod show;
mod status;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use sealbook_flow::{
    Control, Journal, LedgerJournal, Recovery, Retry, SagaRequest, SagaRun, SagaRunner, SagaStatus, SystemTime, Tempo,
    WhenHeld, control,
};
use sealbook_policy::Policy;
use sealbook_record::Actor;
use sealbook_report::SagaDetail;
use sealbook_store::{Ledger, SystemEntropy};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::{digest_key, tools_file};

/// Run a saga, look at it, stop it
///
/// A saga is a list of steps that are all done, or taken back: where one fails, those before it are taken back,
/// the last first, each by the call that its tool or the saga names. All of it is on record before the first step
/// begins, so that it goes on after a crash, in any process. docs/sagas.md has the form.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga run trip.json --input day=2026-03-01
  sealbook saga list --status held
  sealbook saga show saga_0191e3a27c1d7f0080003f6c1a2b9d10
  sealbook saga cancel saga_0191e3a27c1d7f0080003f6c1a2b9d10 --reason 'ann is ill'
  sealbook saga freeze saga_0191e3a27c1d7f0080003f6c1a2b9d10
  sealbook saga resume saga_0191e3a27c1d7f0080003f6c1a2b9d10
  sealbook saga certificate saga_0191e3a27c1d7f0080003f6c1a2b9d10 trip.sealbundle")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Another configuration of tools than the one in your home
    #[arg(long, value_name = "FILE", global = true)]
    tools_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Run(run::Args),
    List(list::Args),
    Show(show::Args),
    Status(status::Args),
    Cancel(cancel::Args),
    Kill(kill::Args),
    Freeze(freeze::Args),
    Resume(resume::Args),
    Certificate(certificate::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let file = args.tools_file.as_deref();
    match &args.what {
        What::Run(args) => run::run(args, file, context),
        What::List(args) => list::run(args, context),
        What::Show(args) => show::run(args, context),
        What::Status(args) => status::run(args, context),
        What::Cancel(args) => cancel::run(args, file, context),
        What::Kill(args) => kill::run(args, context),
        What::Freeze(args) => freeze::run(args, context),
        What::Resume(args) => resume::run(args, file, context),
        What::Certificate(args) => certificate::run(args, context),
    }
}

/// Which saga, and who says something of it.
#[derive(Debug, clap::Args)]
struct Which {
    /// The saga's id
    #[arg(value_name = "SAGA")]
    saga: String,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// What a saga is run with.
struct Desk {
    runner: SagaRunner,
    request: SagaRequest,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn open(
        session: Session,
        tools: Option<&std::path::Path>,
        when_held: WhenHeld,
        context: &Context,
    ) -> Result<Self, Failure> {
        let tools = tools_file::read(&context.environment, tools, &session.place.tenant)?;
        let (actor, project) = (session.actor.clone(), session.project());
        let tenant = session.place.tenant.clone();
        let (ledger, journal) = journal(session)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
        let recovery = Recovery {
            retry: Retry::default(),
            journal,
            time: Arc::new(SystemTime::default()),
            entropy: Arc::new(SystemEntropy),
        };
        let tempo = Tempo { when_held, ..Tempo::default() };
        let runner =
            SagaRunner { tenant, ledger, tools: Arc::new(tools.registry), recovery, secrets: tools.secrets, tempo };
        Ok(Self { runner, request: SagaRequest { actor: Some(actor), project, ..SagaRequest::default() }, runtime })
    }
}

fn journal(session: Session) -> Result<(Arc<Ledger>, Arc<dyn Journal>), Failure> {
    let key = digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin())?;
    let ledger = Arc::new(session.ledger);
    let journal = LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(key)));
    Ok((ledger, Arc::new(journal)))
}

/// Tells a saga something, and shows how it stands.
fn tell(which: &Which, what: Control, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&which.acting)?;
    let actor: Actor = session.actor.clone();
    let (ledger, journal) = journal(session)?;
    let run = control(&ledger, &*journal, &which.saga, what, actor, which.reason.clone())?;
    context.out.show(&SagaDetail { run: &run })?;
    Ok(context.answered(&ledger, Exit::Clean))
}

/// Shows how a saga ended, or stands.
fn told(run: &SagaRun, ledger: &Ledger, context: &Context) -> Result<Exit, Failure> {
    context.out.show(&SagaDetail { run })?;
    Ok(context.answered(ledger, exit(run)))
}

/// All done, or all taken back: a person has nothing to look at where it completed alone.
fn exit(run: &SagaRun) -> Exit {
    if run.status() == SagaStatus::Completed { Exit::Clean } else { Exit::Findings }
}
