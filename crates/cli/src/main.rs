//! The `sealbook` program: arguments, environment, terminal, exit codes, hints.
//!
//! One file per command lies in `command/`; what they share lies beside this file. Everything
//! that is computed is computed in the rooms above: here it is asked for and shown.
//!
//! Invariants:
//! - Only here are the environment, the home directory and the clock of the terminal read.
//! - What a program may read goes to standard output, what is said to a person beside it to
//!   standard error. A reader that closes the pipe is no error.
//! - An error is one line with a stable code, and a hint; it never quotes content.

mod against;
mod alone;
mod approver;
mod args;
mod around;
mod audit;
mod command;
mod complete;
mod content;
mod daily;
mod deliver;
mod digest_key;
mod environment;
mod equivocation;
mod exit;
mod failure;
mod filter;
mod form;
mod hints;
mod input;
mod install;
mod jsonc;
mod media;
mod model_file;
mod output;
mod passphrase;
mod place;
mod progress;
mod project;
mod range;
mod reviewer;
mod servers;
mod session;
mod teller;
mod tenants;
mod tools_file;
mod when;
mod who;

use std::process::ExitCode;

use crate::environment::Environment;

fn main() -> ExitCode {
    let environment = Environment::read();
    let exit = match args::parse(std::env::args_os()) {
        Ok(cli) => command::run(cli, environment),
        Err(stop) => stop.show(),
    };
    exit.into()
}
