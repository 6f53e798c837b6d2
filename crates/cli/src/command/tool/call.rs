//! `sealbook tool call`.

use std::path::Path;
use std::sync::Arc;

use sealbook_flow::{Executor, LedgerJournal, Recovery, Request, Retry, SystemTime};
use sealbook_policy::Policy;
use sealbook_report::ToolResult;
use sealbook_store::SystemEntropy;
use serde_json::Value;

use crate::args::Acting;
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::Input;
use crate::session::Session;
use crate::{digest_key, tools_file};

/// Call a tool, on record
///
/// The answer says whether it went well, what the tool gave, and which record tells of it. Ends with 0 where it
/// went well, else with 2.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tool's name
    #[arg(value_name = "TOOL")]
    tool: String,
    /// What it is given: JSON, `@FILE`, or `-` for standard input
    #[arg(value_name = "INPUT", allow_hyphen_values = true, default_value = "{}")]
    input: String,
    /// What the other side may know the call by: the same key does the same once
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The tool must be what it was: its pin, as `sealbook tool show` says it
    #[arg(long, value_name = "PIN")]
    pin: Option<String>,
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

pub(super) fn run(args: &Args, file: Option<&Path>, context: &Context) -> Result<Exit, Failure> {
    let input = input(&args.input)?;
    let session = context.open_as(&args.acting)?;
    let tools = tools_file::read(&context.environment, file, &session.place.tenant)?;
    let request = Request {
        key: args.key.clone(),
        pin: args.pin.clone(),
        reason: args.reason.clone(),
        session: args.session.clone(),
        conversation: args.conversation.clone(),
        project: session.project(),
        ..Request::new(&args.tool, input, session.actor.clone())
    };
    let executor = executor(session, tools)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    let answer = runtime.block_on(executor.execute_tool(&request));
    context.out.show(&ToolResult {
        success: answer.success,
        tool: &answer.tool,
        data: answer.data.as_ref(),
        error: answer.error.as_deref(),
        audit_id: answer.audit_id.as_deref(),
    })?;
    Ok(if answer.success { Exit::Clean } else { Exit::Failure })
}

fn executor(session: Session, tools: tools_file::Tools) -> Result<Executor, Failure> {
    let key = digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin())?;
    let tenant = session.place.tenant.clone();
    let journal = LedgerJournal::new(Arc::new(session.ledger), Arc::new(Policy::new(key)));
    let recovery = Recovery {
        retry: Retry::default(),
        journal: Arc::new(journal),
        time: Arc::new(SystemTime::default()),
        entropy: Arc::new(SystemEntropy),
    };
    Ok(Executor::new(tenant, Arc::new(tools.registry), recovery, tools.secrets))
}

fn input(given: &str) -> Result<Value, Failure> {
    let bytes = match given.strip_prefix('@') {
        Some(file) => Input::open(Path::new(file))?.read_all()?,
        None if given == "-" => Input::open(Path::new("-"))?.read_all()?,
        None => given.as_bytes().to_vec(),
    };
    serde_json::from_slice(&bytes).map_err(|cause| {
        let what = format!("the input is no JSON: line {}, column {}", cause.line(), cause.column());
        Failure::usage(what, "give one JSON value, as `sealbook tool show` describes it, `@FILE`, or `-`")
    })
}
