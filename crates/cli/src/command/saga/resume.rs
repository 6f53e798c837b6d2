//! `sealbook saga resume`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealbook_flow::{Control, SagaDefinition, SagaRequest, WhenHeld, control, find_saga};
use sealbook_report::SagaDetail;

use super::{Desk, Which, told};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;

/// Let a saga go on: one that holds, or whose process ended
///
/// Where another process runs it, that one goes on; else it is done here. What is on record as done is not done
/// again; of a call without an outcome it is found out how it ended, as its effect allows.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga resume saga_0191e3a27c1d7f0080003f6c1a2b9d10
  sealbook saga resume saga_0191e3a27c1d7f0080003f6c1a2b9d10 --definition trip.json   where redaction changed it")]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Its definition, where the record does not hold it whole
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// Leave it where it holds
    #[arg(long)]
    no_wait: bool,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let definition = args.definition.as_deref().map(read).transpose()?;
    after(&args.which, Control::Resume, definition.as_ref(), args.no_wait, tools, context)
}

fn read(path: &Path) -> Result<SagaDefinition, Failure> {
    let mut input = Input::open(path)?;
    let name = input.name.clone();
    let text = String::from_utf8_lossy(&input.read_all()?).into_owned();
    SagaDefinition::read(&text).map_err(|cause| Failure::from(cause).at(&*name))
}

/// Tells a saga something, and goes on with it here where nobody else does.
pub(super) fn after(
    which: &Which,
    what: Control,
    definition: Option<&SagaDefinition>,
    no_wait: bool,
    tools: Option<&Path>,
    context: &Context,
) -> Result<Exit, Failure> {
    let session = context.open_as(&which.acting)?;
    find_saga(&session.ledger, &which.saga)?;
    let when_held = if no_wait { WhenHeld::Leave } else { WhenHeld::Wait };
    let Desk { runner, request, runtime } = Desk::open(session, tools, when_held, context)?;
    let actor = request.actor.clone().expect("whoever acts is known");
    let journal = Arc::clone(&runner.recovery.journal);
    let run = control(&runner.ledger, &*journal, &which.saga, what, actor, which.reason.clone())?;
    if runner.ledger.claim(&which.saga)?.is_none() {
        context.note("another process runs it, and heeds this before its next attempt");
        context.out.show(&SagaDetail { run: &run })?;
        return Ok(context.answered(&runner.ledger, Exit::Clean));
    }
    let request = SagaRequest { reason: which.reason.clone(), ..request };
    let run = runtime.block_on(runner.resume(&which.saga, definition, &request))?;
    told(&run, &runner.ledger, context)
}
