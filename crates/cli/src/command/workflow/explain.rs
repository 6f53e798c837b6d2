//! `sealbook workflow explain`.

use std::path::Path;

use clap::builder::PossibleValuesParser;
use sealbook_flow::workflow::{Detail, explain};

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::tools_file;

/// Tell in words what a workflow does
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// How much is told
    #[arg(long, default_value = "medium", value_parser = PossibleValuesParser::new(["basic", "medium", "detailed"]))]
    detail: String,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let definition = room.named(&args.workflow)?;
    let tools = tools_file::read(&context.environment, tools, &room.tenant)?;
    let text = explain(&definition, Detail::of_word(&args.detail), Some(&tools.registry));
    context.out.show(&super::show::Words { key: "explanation", text: &text })?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}
