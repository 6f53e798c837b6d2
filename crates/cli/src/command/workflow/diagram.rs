//! `sealbook workflow diagram`.

use clap::builder::PossibleValuesParser;
use sealbook_flow::workflow::{DiagramFormat, diagram};

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Draw a workflow, from top to bottom
///
/// The drawing is written as it is, to standard output or to --output. No other program is needed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// As what
    #[arg(long = "as", value_name = "FORM", default_value = "svg", value_parser = PossibleValuesParser::new(["svg", "dot", "mermaid"]))]
    form: String,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let definition = room.named(&args.workflow)?;
    let form = DiagramFormat::of_word(&args.form).expect("it is one of those that are listed");
    let drawn = diagram(&definition, form).map_err(sealbook_flow::Error::from)?;
    context.out.write_text(&drawn)?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}
