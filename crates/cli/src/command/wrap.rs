//! `sealbook wrap`: a gateway in front of an MCP server.

mod clients;
mod edit;
mod install;
mod listen;
mod name;

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use sealbook_gate::mcp::{FilePlace, HoldOptions, Pipes, Recording, SessionOptions, Stdio};
use sealbook_gate::{Child, Durability, Fail, Gate, GateOptions, Mode};
use sealbook_record::{Actor, ActorKind};

use install::Installing;
use listen::Listening;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project::root_of;
use crate::session::Session;
use crate::teller::Tellers;

/// Put a gateway in front of an MCP server
///
/// Runs CMD and passes the messages between it and the client on standard input and output, byte
/// for byte. Each call of a tool is sealed before the server sees it, and again when it is over.
/// What a rule blocks is answered in the server's place. Standard error is the server's, and so is
/// the exit code.
///
/// With --listen it does the same for a server that is reached over HTTP, for clients that bear the token.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook wrap -- npx -y @modelcontextprotocol/server-filesystem ~/shop
  sealbook wrap --observe --name files -- ./my-server --stdio
  sealbook wrap --fail open --buffered -- ./my-server
  sealbook wrap --listen 127.0.0.1:8421 --upstream http://127.0.0.1:3001/mcp
  sealbook wrap --install claude-desktop
  sealbook wrap --install cursor --yes
  sealbook wrap --install cursor --undo --yes")]
pub(crate) struct Args {
    /// The server, and what it is run with
    #[arg(last = true, value_name = "CMD", required_unless_present_any = ["install", "listen"],
          conflicts_with_all = ["install", "listen"])]
    command: Vec<OsString>,
    #[command(flatten)]
    gating: Gating,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    installing: Installing,
}

/// How calls are gated.
#[derive(Debug, clap::Args)]
struct Gating {
    /// Record what the rules say, and let everything pass; a stop still holds
    #[arg(long)]
    observe: bool,
    /// While the book cannot be written: `closed` refuses calls, `open` lets them pass and seals the
    /// gap afterwards [default: closed]
    #[arg(long, value_name = "HOW", value_parser = fail())]
    fail: Option<Fail>,
    /// Pass calls before they are on disk; a crash then shows as an open capture
    #[arg(long)]
    buffered: bool,
    /// What the server is called in records [default: made from CMD]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Hold a call that a person must approve for so many seconds, then answer with the request's id [default: 55]
    #[arg(long, value_name = "SECONDS")]
    hold: Option<u64>,
    /// The same for a client that asks for progress: it gets news of the call, and its deadline moves [default: 240]
    #[arg(long, value_name = "SECONDS")]
    hold_progress: Option<u64>,
    /// Let the client's own user approve where no rule says who may: nobody checks who that is
    #[arg(long)]
    elicit: bool,
    /// What is recorded beside calls: `calls` (nothing), `requests`, `all` (notifications too)
    #[arg(long, value_name = "WHAT", default_value = "calls", value_parser = recording())]
    record: Recording,
}

/// How long a review may take.
const REVIEW_MAX: Duration = Duration::from_mins(2);
/// How long the end waits for people to be told.
const TELLING_MAX: Duration = Duration::from_secs(6);

fn fail() -> impl TypedValueParser<Value = Fail> {
    PossibleValuesParser::new(["closed", "open"]).map(|word| if word == "open" { Fail::Open } else { Fail::Closed })
}

fn recording() -> impl TypedValueParser<Value = Recording> {
    PossibleValuesParser::new(["calls", "requests", "all"]).map(|word| match word.as_str() {
        "requests" => Recording::Requests,
        "all" => Recording::All,
        _ => Recording::Calls,
    })
}

impl Gating {
    fn holding(&self) -> HoldOptions {
        let default = HoldOptions::default();
        let seconds = |given: Option<u64>, unsaid| given.map_or(unsaid, Duration::from_secs);
        HoldOptions {
            hold: seconds(self.hold, default.hold),
            hold_progress: seconds(self.hold_progress, default.hold_progress),
            elicit: self.elicit,
        }
    }

    fn options(&self) -> GateOptions {
        GateOptions {
            mode: if self.observe { Mode::Observe } else { Mode::Enforce },
            fail: self.fail.unwrap_or_default(),
            durability: if self.buffered { Durability::Buffered } else { Durability::Durable },
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.installing.install.is_some() {
        return install::run(&args.installing, &args.to_be_installed(context)?, context);
    }
    if let Some(address) = args.listening.listen {
        return listen::run(args, address, context);
    }
    let (program, arguments) = args.command.split_first().expect("a command is required");
    let tellers = Arc::new(Tellers::new(&context.environment, true));
    let (gate, options) = open(args, context, &tellers)?;
    let output = |cause| Failure::Output { name: "standard output".to_owned(), cause };
    let input = |cause| Failure::Input { name: "standard input".to_owned(), cause };
    // As files: nothing is held back in a buffer of ours.
    let from_client = File::from(std::io::stdin().as_fd().try_clone_to_owned().map_err(input)?);
    let to_client = File::from(std::io::stdout().as_fd().try_clone_to_owned().map_err(output)?);
    let (child, to_server, from_server) = Child::start(program, arguments)
        .map_err(|cause| Failure::Program { program: program.to_string_lossy().into_owned(), cause })?;
    let pipes = Pipes {
        from_client: Box::new(from_client),
        to_client: Box::new(to_client),
        from_server: Box::new(from_server),
        to_server: Box::new(to_server),
    };
    let mut code = 0;
    let sealed = Stdio::new(Arc::clone(&gate), options).run(pipes, || {
        let left = child.wait();
        code = left.code;
        left.said
    });
    tellers.finish(TELLING_MAX);
    if let Some(gap) = gate.gap() {
        context.note(&gap);
    }
    if let Err(cause) = sealed {
        // The exit code is the server's. What is missing shows as a gap.
        Failure::from(cause).show(sealbook_report::Format::Terminal, &context.global);
    }
    Ok(Exit::Child(code))
}

impl Args {
    /// The options as a client's configuration is to hold them.
    ///
    /// Errors: there is no book that the gateway could use.
    fn to_be_installed(&self, context: &Context) -> Result<Vec<String>, Failure> {
        let mut options = Vec::new();
        let named = if self.installing.undoes() { None } else { Some(context.named_book()?) };
        let (book, tenant) = named.unzip();
        let mut add = |option: &str, value: Option<&str>| {
            options.extend(value.map(|value| [option.to_owned(), value.to_owned()]).into_iter().flatten());
        };
        add("--book", book.as_deref());
        add("--tenant", tenant.as_deref());
        add("--actor", self.acting.actor.as_deref());
        add("--fail", self.gating.fail.map(Fail::as_str));
        let record = match self.gating.record {
            Recording::Calls => None,
            Recording::Requests => Some("requests"),
            Recording::All => Some("all"),
        };
        add("--record", record);
        let seconds = [("--hold", self.gating.hold), ("--hold-progress", self.gating.hold_progress)];
        let seconds = seconds.into_iter().filter_map(|(option, given)| Some([option.to_owned(), given?.to_string()]));
        options.extend(seconds.flatten());
        let flags = [
            (self.gating.observe, "--observe"),
            (self.gating.buffered, "--buffered"),
            (self.gating.elicit, "--elicit"),
        ];
        options.extend(flags.iter().filter(|(is, _)| *is).map(|(_, flag)| (*flag).to_owned()));
        Ok(options)
    }
}

fn open(args: &Args, context: &Context, tellers: &Arc<Tellers>) -> Result<(Arc<Gate>, SessionOptions), Failure> {
    let place = context.place()?;
    let actor = caller(crate::who::acting(&args.acting, &place)?);
    // No book is made here: it would have none of the rules and stops of the one that was meant.
    context.note_book(&place);
    let session = Session::open(place, actor)?;
    let (project, actor) = (session.project(), session.actor.clone());
    let gate = session.into_gate(args.gating.options(), &context.environment, Arc::clone(tellers), REVIEW_MAX)?;
    let texts: Vec<String> = args.command.iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let upstream = args.listening.upstream.as_deref();
    let named = || upstream.map_or_else(|| name::of(&texts), listen::name);
    let server = args.gating.name.clone().unwrap_or_else(named);
    let command = upstream.map_or_else(|| texts.join(" "), str::to_owned);
    // A server that is reached over the network may name files of another machine.
    let cwd = &context.environment.current_dir;
    let root = upstream.is_none().then(|| root_of(cwd).canonicalize().ok()).flatten();
    // A client that starts servers at the root or at home works on no project.
    let home = context.environment.home.as_ref().and_then(|home| home.canonicalize().ok());
    let root = root.filter(|root| root.parent().is_some() && !home.is_some_and(|home| home.starts_with(root)));
    let options = SessionOptions {
        actor,
        server,
        command,
        project,
        recording: args.gating.record,
        holding: args.gating.holding(),
        files: root.map(|root| FilePlace { cwd: cwd.clone(), root }),
    };
    Ok((Arc::new(gate), options))
}

/// Whoever speaks through the gateway acts for the one who started it, and is not the same: a person may
/// approve what their agent asks for.
fn caller(started_by: Actor) -> Actor {
    // Of another kind it would be a person, or the program itself, whom no rule for agents means.
    if started_by.claimed.is_some() && matches!(started_by.kind, ActorKind::Agent | ActorKind::Service) {
        return started_by;
    }
    let mut actor = Actor::new(ActorKind::Agent, format!("agent@{}", started_by.id));
    actor.on_behalf_of = Some(started_by.id);
    actor.verified = started_by.verified;
    actor
}
