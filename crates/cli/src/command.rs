//! The commands, one file each.

pub(crate) mod append;
mod head;
mod init;
mod query;
mod show;
mod status;

use clap::Subcommand;
use sealbook_report::Format;

use crate::args::{Acting, Cli, Global};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, note};
use crate::place::Place;
use crate::session::Session;
use crate::who;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Status(status::Args),
    Append(append::Args),
    Query(query::Args),
    Show(show::Args),
    Head(head::Args),
}

/// What every command gets: the options of every command, and what lies around the program.
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) global: Global,
    pub(crate) out: Output,
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli, environment: Environment) -> Exit {
    let Cli { global, command } = cli;
    let errors = global.format.unwrap_or(Format::Terminal);
    let out = Output::new(global.format, global.output.clone(), environment.screen);
    let context = Context {
        environment,
        global,
        out,
    };
    dispatch(command, &context).unwrap_or_else(|failure| failure.show(errors))
}

fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Status(args) => status::run(&args, context),
        Command::Append(args) => append::run(&args, context),
        Command::Query(args) => query::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Head(args) => head::run(&args, context),
    }
}

impl Context {
    /// The place of the book that the command is about.
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        Place::find(
            &self.environment,
            &self.global,
            &self.environment.current_dir,
        )
    }

    /// Opens the book that the command is about.
    pub(crate) fn open(&self) -> Result<Session, Failure> {
        self.open_as(&Acting::default())
    }

    /// Opens the book that the command is about, to write to it.
    pub(crate) fn open_as(&self, acting: &Acting) -> Result<Session, Failure> {
        let place = self.place()?;
        let actor = who::acting(acting, &place)?;
        Session::open(place, actor)
    }

    /// Something said to a person beside the answer, unless they asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.global.quiet {
            note(text);
        }
    }
}
