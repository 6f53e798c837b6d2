//! `sealbook workflow run`.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sealbook_flow::workflow::{Config, Definition, InputType, RunRequest};
use serde_json::{Map, Value, json};

use super::room::{Room, interrupted, map, wait_for};
use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;

/// Run a workflow, each step on record
///
/// A file becomes a version of the book first. Ctrl-C calls the run off, and its record says so. Ends with 0 where
/// all of it is done, with 2 where it failed or was called off, and with 3 where it is halted or nobody knows of a
/// step whether it happened.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook workflow run orders.json --input order=@order.json
  sealbook workflow run workflow_0123456789ab --input name=ann --input limit=7 --format json
  sealbook workflow run workflow_0123456789ab@3 --inputs @inputs.json --reason 'month end'")]
pub(super) struct Args {
    /// The workflow
    #[arg(value_name = "WORKFLOW")]
    workflow: String,
    #[command(flatten)]
    given: Given,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    reason: Option<String>,
    /// The session that it belongs to
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

/// What a run is given.
#[derive(Debug, clap::Args)]
pub(super) struct Given {
    /// An input: a text, a number or JSON, as the workflow takes it; `@FILE` reads a file
    #[arg(long = "input", short = 'i', value_name = "NAME=VALUE", value_parser = pair)]
    inputs: Vec<(String, String)>,
    /// All inputs as a JSON map, `@FILE`, or `-` for standard input
    #[arg(long = "inputs", value_name = "JSON")]
    all: Option<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

impl Given {
    /// The inputs, each of the type that the workflow takes.
    pub(super) fn inputs(&self, definition: &Definition) -> Result<Map<String, Value>, Failure> {
        let mut all = self.all.as_deref().map(|text| map("--inputs", text)).transpose()?.unwrap_or_default();
        for (name, given) in &self.inputs {
            all.insert(name.clone(), typed(name, given, definition)?);
        }
        Ok(all)
    }
}

pub(super) fn run(args: &Args, tools: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let room = Room::open(context, &args.acting)?;
    let definition = room.kept(&args.workflow)?;
    let request = RunRequest {
        inputs: args.given.inputs(&definition)?,
        actor: Some(room.actor.clone()),
        session: args.session.clone(),
        project: room.project.clone(),
        reason: args.reason.clone(),
        ..RunRequest::default()
    };
    let (runner, cancel) = (room.runner(tools, context)?, interrupted()?);
    let run = wait_for(runner.run(&definition, &request, cancel))??;
    room.show(&run, &definition, context)
}

/// A value as the input of this name takes it.
fn typed(name: &str, given: &str, definition: &Definition) -> Result<Value, Failure> {
    let wanted = definition.nodes().iter().find_map(|node| match &node.config {
        Config::Input(it) if it.name_of(&node.node_id, &node.name) == name => Some(it.input_type),
        _ => None,
    });
    let bytes = match given.strip_prefix('@') {
        Some(file) => Input::open(Path::new(file))?.read_all()?,
        None => given.as_bytes().to_vec(),
    };
    let text = String::from_utf8(bytes);
    Ok(match (wanted, text) {
        (Some(InputType::File), text) => {
            let path = given.strip_prefix('@').map(Path::new);
            let file_name = path.and_then(Path::file_name).map_or("input", |name| name.to_str().unwrap_or("input"));
            match text {
                Ok(text) => json!({"name": file_name, "text": text}),
                Err(error) => json!({"name": file_name, "b64": BASE64_STANDARD.encode(error.as_bytes())}),
            }
        }
        (_, Err(error)) => {
            let column = error.utf8_error().valid_up_to() + 1;
            return Err(Failure::InputNotUtf8 { place: format!("--input {name}:1"), column });
        }
        (Some(InputType::Text), Ok(text)) => Value::String(text),
        (_, Ok(text)) => serde_json::from_str(&text).map_err(|cause| {
            let told = format!("--input {name} is no JSON: line {}, column {}", cause.line(), cause.column());
            Failure::usage(told, "this input takes JSON or a number; a text of it stands in quotes")
        })?,
    })
}
