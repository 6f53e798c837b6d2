//! Edits: `sealbook workflow add`, `update`, `connect`, `disconnect`, `remove`, `rename`. Each gives the next version.

use clap::builder::PossibleValuesParser;
use sealbook_flow::workflow::{Definition, NodeChange, NodeType, Position, Shelved, WorkflowError};
use sealbook_report::WorkflowChanged;

use super::room::{Room, map, random};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Add a node
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook workflow add workflow_0123456789ab input Order --config '{\"input_type\": \"json\"}'
  sealbook workflow add workflow_0123456789ab tool Pay --config @pay.json")]
pub(super) struct AddArgs {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// Its type, as `sealbook workflow templates` lists them
    #[arg(value_name = "TYPE", value_parser = PossibleValuesParser::new(NodeType::ALL.map(NodeType::as_str)))]
    node_type: String,
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is told: JSON, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    config: String,
    /// Where it stands in a drawing
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    position: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Change a node
#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// The node's id
    #[arg(value_name = "NODE")]
    node: String,
    /// Another name
    #[arg(long)]
    name: Option<String>,
    /// Another config, in the place of the whole old one: JSON, `@FILE`, or `-`
    #[arg(long, value_name = "JSON")]
    config: Option<String>,
    /// Another place in a drawing
    #[arg(long, value_name = "X,Y", allow_hyphen_values = true)]
    position: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Connect two nodes
#[derive(Debug, clap::Args)]
pub(super) struct ConnectArgs {
    #[command(flatten)]
    edge: EdgeArgs,
}

/// Take away the edge between two nodes
#[derive(Debug, clap::Args)]
pub(super) struct DisconnectArgs {
    #[command(flatten)]
    edge: EdgeArgs,
}

#[derive(Debug, clap::Args)]
struct EdgeArgs {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// The node that the edge leaves
    #[arg(value_name = "FROM")]
    from: String,
    /// The node that it leads to
    #[arg(value_name = "TO")]
    to: String,
    /// The branch of a condition
    #[arg(long, value_name = "BRANCH")]
    branch: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// Remove a node and its edges
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// The node's id
    #[arg(value_name = "NODE")]
    node: String,
    #[command(flatten)]
    acting: Acting,
}

/// Give a workflow another name, purpose or labels
#[derive(Debug, clap::Args)]
pub(super) struct RenameArgs {
    /// The workflow's id
    #[arg(value_name = "ID")]
    workflow: String,
    /// What people call it
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long, allow_hyphen_values = true)]
    description: Option<String>,
    /// A label, in the place of those that it has; may be given several times
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn add(args: &AddArgs, context: &Context) -> Result<Exit, Failure> {
    let node_type = NodeType::ALL.into_iter().find(|it| it.as_str() == args.node_type);
    let node_type = node_type.expect("it is one of those that are listed");
    let config = map("--config", &args.config)?;
    let place = position(args.position.as_deref())?.unwrap_or_default();
    let mut added = None;
    let change = format!("add {}", args.node_type);
    edited(&args.workflow, &change, &args.acting, context, &mut added, |definition, added| {
        let (next, id) = definition.with_node(random() as u32, node_type, &args.name, &config, place)?;
        *added = Some(id);
        Ok(next)
    })
}

pub(super) fn update(args: &UpdateArgs, context: &Context) -> Result<Exit, Failure> {
    let change = NodeChange {
        name: args.name.clone(),
        config: args.config.as_deref().map(|text| map("--config", text)).transpose()?,
        position: position(args.position.as_deref())?,
        metadata: None,
    };
    let told = format!("update {}", args.node);
    edited(&args.workflow, &told, &args.acting, context, &mut None, |it, _| it.with_change(&args.node, change))
}

pub(super) fn connect(args: &ConnectArgs, context: &Context) -> Result<Exit, Failure> {
    let EdgeArgs { workflow, from, to, branch, acting } = &args.edge;
    let told = format!("connect {from} → {to}");
    edited(workflow, &told, acting, context, &mut None, |it, _| it.with_edge(from, to, branch.as_deref()))
}

pub(super) fn disconnect(args: &DisconnectArgs, context: &Context) -> Result<Exit, Failure> {
    let EdgeArgs { workflow, from, to, branch, acting } = &args.edge;
    let told = format!("disconnect {from} → {to}");
    edited(workflow, &told, acting, context, &mut None, |it, _| it.without_edge(from, to, branch.as_deref()))
}

pub(super) fn remove(args: &RemoveArgs, context: &Context) -> Result<Exit, Failure> {
    let told = format!("remove {}", args.node);
    edited(&args.workflow, &told, &args.acting, context, &mut None, |it, _| it.without_node(&args.node))
}

pub(super) fn rename(args: &RenameArgs, context: &Context) -> Result<Exit, Failure> {
    let tags = (!args.tag.is_empty()).then_some(args.tag.as_slice());
    edited(&args.workflow, "rename", &args.acting, context, &mut None, |it, _| {
        it.renamed(args.name.as_deref(), args.description.as_deref(), tags)
    })
}

/// Makes the next version, and shows it.
fn edited(
    workflow: &str,
    change: &str,
    acting: &Acting,
    context: &Context,
    added: &mut Option<String>,
    edit: impl FnOnce(&Definition, &mut Option<String>) -> Result<Definition, WorkflowError>,
) -> Result<Exit, Failure> {
    let room = Room::open(context, acting)?;
    let edit = |definition: &Definition| edit(definition, added);
    let shelved: Shelved = room.shelf.edit(&*room.journal, workflow, change, &room.actor, edit)?;
    context.out.show(&WorkflowChanged { shelved: &shelved, node_id: added.as_deref() })?;
    Ok(context.answered(&room.ledger, Exit::Clean))
}

fn position(given: Option<&str>) -> Result<Option<Position>, Failure> {
    let Some(given) = given else { return Ok(None) };
    let read = given.split_once(',').and_then(|(x, y)| {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        Some(Position { x: number(x)?, y: number(y)? })
    });
    let unread = || Failure::usage("--position is no place", "write two numbers, as in `120,80`");
    read.map(Some).ok_or_else(unread)
}
