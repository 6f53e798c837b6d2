//! `sealbook workflow create` and `sealbook workflow clone`.

use sealbook_flow::workflow::{Definition, NewWorkflow};
use sealbook_report::WorkflowChanged;

use super::room::{Room, random};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Make an empty workflow, or take one from a file
///
/// A definition in a file keeps its id. Where the book has another version of it, it becomes the next one.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What people call it
    #[arg(value_name = "NAME", required_unless_present = "from")]
    name: Option<String>,
    /// What it is for
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    description: String,
    /// A label; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Take the definition from this file; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "description", "tag"])]
    from: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Copy a workflow under an id of its own
#[derive(Debug, clap::Args)]
pub(super) struct CloneArgs {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    /// What people call the copy
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    let shelved = match &args.from {
        Some(from) => room.shelf.adopt(&*room.journal, &room.named(from)?, &room.actor)?.1,
        None => {
            let new = NewWorkflow {
                name: args.name.clone().unwrap_or_default(),
                description: args.description.clone(),
                tags: args.tag.clone(),
            };
            let made = Definition::create(random(), new, room.ledger.now()).map_err(sealbook_flow::Error::from)?;
            room.shelf.put(&*room.journal, &made, "created", &room.actor, None)?
        }
    };
    context.out.show(&WorkflowChanged { shelved: &shelved, node_id: None })?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}

pub(super) fn clone(args: &CloneArgs, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    let from = room.named(&args.workflow)?;
    let copy = from.clone_as(random(), &args.name, room.ledger.now()).map_err(sealbook_flow::Error::from)?;
    let change = format!("cloned from {}@{}", from.id(), from.version());
    let shelved = room.shelf.put(&*room.journal, &copy, &change, &room.actor, None)?;
    context.out.show(&WorkflowChanged { shelved: &shelved, node_id: None })?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}
