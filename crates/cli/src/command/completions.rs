//! `sealbook completions`: what a shell needs to complete commands.

use clap_complete::Shell;

use super::Context;
use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;

/// Write completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook completions bash > ~/.local/share/bash-completion/completions/sealbook
  sealbook completions zsh > ~/.zfunc/_sealbook
  sealbook completions fish > ~/.config/fish/completions/sealbook.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::grammar(), "sealbook", &mut script);
    context.out.write_text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
