//! `sealbook workflow validate`.

use std::path::Path;

use sealbook_flow::workflow::validate;
use sealbook_report::WorkflowValidation;

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tools_file;

/// Say whether a workflow can run, what may surprise, and what could not be undone
///
/// Ends with 1 where it cannot run.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let definition = room.named(&args.workflow)?;
    let tools = tools_file::read(&context.environment, tools, &room.tenant)?;
    let validation = validate(&definition, Some(&tools.registry));
    context.out.show(&WorkflowValidation(&validation))?;
    let exit = if validation.valid { Exit::Clean } else { Exit::Findings };
    Ok(context.answered(&room.ledger, exit))
}
