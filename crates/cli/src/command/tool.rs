//! `sealbook tool`: the tools that can be called, and calling one on record.

mod call;
mod list;

use std::path::PathBuf;

use clap::Subcommand;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// List tools, show one, call one on record
///
/// Which tools there are stands in `tools.toml`, in `$SEALBOOK_HOME` or `$XDG_CONFIG_HOME/sealbook`; a tenant
/// other than the default has `tools.TENANT.toml`. A call is sealed before it is made and again when it is over,
/// with what would take it back.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook tool list
  sealbook tool show send_email --format json
  sealbook tool call send_email '{\"to_email\": \"ann@example.org\", \"subject\": \"Hello\", \"body_text\": \"Hi\"}'
  sealbook tool call calendar - --key booking-7 --reason 'ann asked for it' < booking.json")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Another configuration than the one in your home
    #[arg(long, value_name = "FILE", global = true)]
    tools_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the tools there are, and which of them can be called
    List,
    /// Show one tool: what it takes, what it gives, how it is taken back
    Show {
        /// Its name
        #[arg(value_name = "TOOL")]
        tool: String,
    },
    /// Call a tool, on record
    Call(call::Args),
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let file = args.tools_file.as_deref();
    match &args.what {
        What::List => list::all(file, context),
        What::Show { tool } => list::one(file, tool, context),
        What::Call(args) => call::run(args, file, context),
    }
}
