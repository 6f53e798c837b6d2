//! `sealbook undo`: takes back what was done, with proof.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::{Doer, Executor, Journal, LedgerJournal, Performed, Recovery, Retry, Scope, SystemTime, UndoPlan};
use sealbook_ledger::Uuid;
use sealbook_policy::Policy;
use sealbook_report::{CertificateDetail, UndoPreview};
use sealbook_serve::Disk;
use sealbook_store::{Ledger, Selection, SystemEntropy};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::root_of;
use crate::session::Session;
use crate::{digest_key, output, tools_file};

/// Take back what was done in a session, or by one operation
///
/// Without --yes, it shows what would be done and touches nothing. Files go back to what they were
/// before the call, where they still are what it left: what changed since is told and left alone.
/// Content comes from the book, so it has to be there: short texts in the project that others may read.
/// The newest call is taken back first. Each undo is sealed before and after, no stop keeps it from being
/// done, and a certificate says at the end what was taken back, what was not, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook undo s-17                                  what would be done
  sealbook undo s-17 --yes --reason 'it broke the build'
  sealbook undo 0191e3a2-7c1d-7f00-8000-3f6c1a2b9d10 --yes
  sealbook undo s-17 --yes --certificate undo.sealbundle
  sealbook operation list --status ok                 operations and their sessions

It ends with 1 where something cannot be, or was not, taken back.")]
pub(crate) struct Args {
    /// The session, or the id of one operation
    #[arg(value_name = "SESSION|OPERATION")]
    what: String,
    #[command(flatten)]
    how: How,
}

/// How something is taken back.
#[derive(Debug, clap::Args)]
pub(crate) struct How {
    /// Do it
    #[arg(long)]
    yes: bool,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    /// Take files back below this directory too [default: the project around the working directory]
    #[arg(long, value_name = "DIR")]
    root: Vec<PathBuf>,
    /// Write the certificate, with all the records that it speaks of, as a bundle to this file
    #[arg(long, value_name = "FILE", requires = "yes")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    acting: Acting,
}

impl How {
    /// Opens the book to write to it as whoever acts.
    pub(super) fn open(&self, context: &Context) -> Result<Session, Failure> {
        context.open_as(&self.acting)
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = args.how.open(context)?;
    let scope = match args.what.parse::<Uuid>() {
        Ok(id) if session.ledger.operation(id)?.is_some() => Scope::Operation(id),
        _ => Scope::Session(args.what.clone()),
    };
    take_back(scope, &args.how, session, context)
}

/// Shows what would be done, or does it.
pub(super) fn take_back(scope: Scope, how: &How, session: Session, context: &Context) -> Result<Exit, Failure> {
    let environment = &context.environment;
    let mut roots = vec![root_of(&environment.current_dir)];
    roots.extend(how.root.iter().map(|root| environment.absolute(root)));
    if !how.yes {
        let plan = UndoPlan::of(&session.ledger, &Disk, scope, &roots)?;
        context.out.show(&UndoPreview { plan: &plan })?;
        if !plan.is_empty() {
            context.note("nothing was touched; say --yes to do it");
        }
        let exit = if plan.is_whole() { Exit::Clean } else { Exit::Findings };
        return Ok(context.answered(&session.ledger, exit));
    }
    let key = digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin())?;
    let (tenant, ledger) = (session.place.tenant.clone(), Arc::new(session.ledger));
    let journal: Arc<dyn Journal> = Arc::new(LedgerJournal::new(Arc::clone(&ledger), Arc::new(Policy::new(key))));
    let executor = executor(&tenant, &journal, context);
    let doer = Doer {
        ledger: &ledger,
        journal,
        files: &Disk,
        executor: executor.as_ref(),
        actor: session.actor,
        reason: how.reason.clone(),
        roots,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    let performed = runtime.block_on(doer.perform(scope))?;
    context.out.show(&CertificateDetail { performed: &performed })?;
    if let Some(path) = &how.certificate {
        write_certificate(path, &performed, &ledger, context)?;
    }
    let exit = if performed.certificate.complete { Exit::Clean } else { Exit::Findings };
    Ok(context.answered(&ledger, exit))
}

/// What calls the tools that take back what tools did. Files are taken back without it.
fn executor(tenant: &str, journal: &Arc<dyn Journal>, context: &Context) -> Option<Executor> {
    match tools_file::read(&context.environment, None, tenant) {
        Ok(tools) => {
            let (time, entropy) = (Arc::new(SystemTime::default()), Arc::new(SystemEntropy));
            let recovery = Recovery { retry: Retry::default(), journal: Arc::clone(journal), time, entropy };
            Some(Executor::new(tenant, Arc::new(tools.registry), recovery, tools.secrets))
        }
        Err(failure) => {
            context.note(&format!("no tool is called: {failure}"));
            None
        }
    }
}

fn write_certificate(path: &Path, performed: &Performed, ledger: &Ledger, context: &Context) -> Result<(), Failure> {
    let selection = Selection::Records(performed.seqs.clone());
    let entries = output::write_file(path, |out| Ok(ledger.bundle(&selection, out)?))?;
    context.note(&format!(
        "the certificate and its evidence, {entries} entries, are in {}; `sealbook verify --bundle` checks it",
        path.display()
    ));
    Ok(())
}
