//! `sealbook workflow show`.

use sealbook_report::{Block, Document, View, WorkflowDetail};

use super::room::Room;
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show a workflow: its nodes, its edges, its versions
///
/// `--definition` writes the definition as it is stored, to be edited in a file or run elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// Write the definition alone, as JSON
    #[arg(long)]
    definition: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &Acting::default())?;
    let definition = room.named(&args.workflow)?;
    if args.definition {
        let text = serde_json::to_string_pretty(&definition.to_json()).expect("its keys are texts");
        context.out.write_text(&format!("{text}\n"))?;
    } else {
        let versions = room.shelf.versions(definition.id()).unwrap_or_default();
        context.out.show(&WorkflowDetail { definition: &definition, versions: &versions })?;
    }
    Ok(context.answered(&room.ledger, Exit::Clean))
}

/// A text about a workflow.
pub(super) struct Words<'a> {
    pub(super) key: &'static str,
    pub(super) text: &'a str,
}

impl View for Words<'_> {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.add(Block::Verbatim("text", self.text.trim_end().to_owned()));
        page
    }

    fn json(&self) -> String {
        serde_json::json!({self.key: self.text}).to_string()
    }
}
