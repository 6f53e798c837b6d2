//! `sealbook workflow`: graphs of steps, stored in the book, run on record.

mod create;
mod delete;
mod diagram;
mod diff;
mod edit;
mod explain;
mod fork;
mod list;
mod replay;
mod resume;
mod room;
mod run;
mod runs;
mod show;
mod status;
mod templates;
mod validate;
mod wish;

use std::path::PathBuf;

use clap::Subcommand;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Make, show, run and follow workflows
///
/// A workflow is a graph of steps. Each version is a record of the book and never changes; an edit is the next
/// version. A run pins the digest of its version; each of its steps is sealed before and after, so that a run goes
/// on after a crash, and repeats nothing unsaid. Tools are those of `tools.toml`.
///
/// A WORKFLOW is an id, `ID@VERSION`, a digest or its first eight digits, or a file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook workflow create Orders --description 'pays what is ordered'
  sealbook workflow add workflow_0123456789ab tool Pay --config '{\"tool_name\": \"pay\"}'
  sealbook workflow validate orders.json
  sealbook workflow run orders.json --input order=@order.json --input limit=7
  sealbook workflow status exec_0123456789ab --follow
  sealbook workflow fork exec_0123456789ab --at pay
  sealbook workflow replay workflow_0123456789ab --limit 20")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Another configuration of tools than the one in your home
    #[arg(long, value_name = "FILE", global = true)]
    tools_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Create(create::Args),
    List(list::Args),
    Show(show::Args),
    Add(edit::AddArgs),
    Update(edit::UpdateArgs),
    Connect(edit::ConnectArgs),
    Disconnect(edit::DisconnectArgs),
    Remove(edit::RemoveArgs),
    Rename(edit::RenameArgs),
    Clone(create::CloneArgs),
    Delete(delete::Args),
    Diff(diff::Args),
    Validate(validate::Args),
    Explain(explain::Args),
    Diagram(diagram::Args),
    Templates(templates::Args),
    Run(run::Args),
    Runs(runs::Args),
    Status(status::Args),
    Cancel(wish::CancelArgs),
    Freeze(wish::FreezeArgs),
    Resume(resume::Args),
    Fork(fork::Args),
    Replay(replay::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let tools = args.tools_file.as_deref();
    match &args.what {
        What::Create(args) => create::run(args, context),
        What::List(args) => list::run(args, context),
        What::Show(args) => show::run(args, context),
        What::Add(args) => edit::add(args, context),
        What::Update(args) => edit::update(args, context),
        What::Connect(args) => edit::connect(args, context),
        What::Disconnect(args) => edit::disconnect(args, context),
        What::Remove(args) => edit::remove(args, context),
        What::Rename(args) => edit::rename(args, context),
        What::Clone(args) => create::clone(args, context),
        What::Delete(args) => delete::run(args, context),
        What::Diff(args) => diff::run(args, context),
        What::Validate(args) => validate::run(args, tools, context),
        What::Explain(args) => explain::run(args, tools, context),
        What::Diagram(args) => diagram::run(args, context),
        What::Templates(args) => templates::run(args, context),
        What::Run(args) => run::run(args, tools, context),
        What::Runs(args) => runs::run(args, context),
        What::Status(args) => status::run(args, context),
        What::Cancel(args) => wish::cancel(args, tools, context),
        What::Freeze(args) => wish::freeze(args, context),
        What::Resume(args) => resume::run(args, tools, context),
        What::Fork(args) => fork::run(args, tools, context),
        What::Replay(args) => replay::run(args, tools, context),
    }
}
