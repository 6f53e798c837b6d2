//! `sealbook saga run`.

use std::path::Path;

use sealbook_flow::{SagaDefinition, SagaRequest, WhenHeld};
use serde_json::{Map, Value};

use super::{Desk, told};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;

/// Run a saga from its definition
///
/// Ends with 0 where all steps are done, with 1 where it failed, was taken back, or holds. While it holds (somebody
/// froze it, a step asks first, nobody knows how a step ended, the emergency stop) it waits; with --no-wait it is
/// left, and `sealbook saga resume` goes on with it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga run trip.json --input day=2026-03-01 --input seats=2
  sealbook saga run trip.json --check          what there is to say of it; nothing is run
  sealbook saga run - --no-wait < trip.json")]
pub(super) struct Args {
    /// The definition; `-` for standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// An input, `$.inputs.NAME`: JSON where it reads as JSON, else text
    #[arg(long, value_name = "NAME=VALUE", allow_hyphen_values = true)]
    input: Vec<String>,
    /// Look at it and run nothing
    #[arg(long)]
    check: bool,
    /// Leave it where it holds
    #[arg(long)]
    no_wait: bool,
    /// Its id [default: a new one]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    /// The session that it belongs to
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The conversation that it belongs to
    #[arg(long, value_name = "ID")]
    conversation: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let mut input = Input::open(Path::new(&args.file))?;
    let name = input.name.clone();
    let text = String::from_utf8_lossy(&input.read_all()?).into_owned();
    let definition = SagaDefinition::read(&text).map_err(|cause| Failure::from(cause).at(&*name))?;
    let inputs = inputs(&args.input)?;
    let session = context.open_as(&args.acting)?;
    let when_held = if args.no_wait { WhenHeld::Leave } else { WhenHeld::Wait };
    let Desk { runner, request, runtime } = Desk::open(session, tools, when_held, context)?;
    let problems = definition.problems(&runner.tools);
    for warning in &problems.warnings {
        context.note(warning);
    }
    if args.check {
        for error in &problems.errors {
            context.note(error);
        }
        let found = problems.errors.len() + problems.warnings.len();
        context.note(&format!("{} steps, {found} things to look at; nothing was run", definition.steps.len()));
        return Ok(if problems.errors.is_empty() { Exit::Clean } else { Exit::Findings });
    }
    let request = SagaRequest {
        inputs,
        session: args.session.clone(),
        conversation: args.conversation.clone(),
        reason: args.reason.clone(),
        id: args.id.clone(),
        ..request
    };
    let run = runtime.block_on(runner.run(&definition, &request))?;
    told(&run, &runner.ledger, context)
}

fn inputs(given: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut inputs = Map::new();
    for text in given {
        let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return Err(Failure::usage("--input: it has no name", "write it as NAME=VALUE, as in day=2026-03-01"));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        inputs.insert(name.to_owned(), value);
    }
    Ok(inputs)
}
