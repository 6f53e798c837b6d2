//! `sealbook mcp`: the book as tools of an agent.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sealbook_flow::workflow::{BookWishes, Equipment, Shelf};
use sealbook_flow::{Domains, LedgerJournal, Recovery, Retry, Reviewer, SystemTime, Time};
use sealbook_policy::Policy;
use sealbook_serve::mcp::{Desk, Http, Listening, Roots, Server, Setup, Token, Workflows, serve_stdio};
use sealbook_store::{Ledger, SystemEntropy};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::{digest_key, hints, model_file, tools_file};

/// Serve this book to agents as an MCP server
///
/// On standard input and output for one client, or with --listen over Streamable HTTP for those that bear the token.
/// An agent can ask, audit, verify, assign alerts, and stop; approving, resuming and rules stay with people. What it
/// changes is on record, with the client's name as a claim.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook mcp                                        for a client that starts it
  sealbook mcp --root ~/src/shop --root /etc
  sealbook mcp --listen 127.0.0.1:8420                over HTTP, for those who can read the token's file

In a client's configuration:
  {\"mcpServers\": {\"sealbook\": {\"command\": \"sealbook\", \"args\": [\"mcp\"]}}}")]
pub(crate) struct Args {
    /// A directory that tools may read; may be given several times [default: the current directory]
    #[arg(long = "root", value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// Serve over HTTP on this address of this machine; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where the bearer token lies; it is made where there is none [default: `mcp.token` beside the keys]
    #[arg(long, value_name = "FILE", requires = "listen")]
    token_file: Option<PathBuf>,
    /// A further name of this machine that requests may be addressed to; needed for other addresses than loopback
    #[arg(long = "allow-host", value_name = "NAME", requires = "listen")]
    hosts: Vec<String>,
    /// Let agents resolve alerts; otherwise they are left to people
    #[arg(long)]
    agents_resolve: bool,
    /// Another model file for reviews than the one in your home
    #[arg(long, value_name = "FILE")]
    model_file: Option<PathBuf>,
    /// Another configuration of the tools that workflows call than the one in your home
    #[arg(long, value_name = "FILE")]
    tools_file: Option<PathBuf>,
    /// The domain of reviews that name none [default: `COMPLIANCE_DOMAIN`, else general]
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    // What cannot be served is told before a book is made.
    let current = vec![context.environment.current_dir.clone()];
    let roots = if args.roots.is_empty() { &current } else { &args.roots };
    let roots: Vec<PathBuf> = roots.iter().map(|root| context.environment.absolute(root)).collect();
    let roots = Roots::new(&roots)?;
    if let Some(address) = args.listen.filter(|address| !address.ip().is_loopback() && args.hosts.is_empty()) {
        let what = format!("{address} is not of this machine alone, and what is said there can be listened to");
        return Err(Failure::usage(
            what,
            "listen on 127.0.0.1, or say with --allow-host under which name it is reached",
        ));
    }
    for (name, instead) in &context.environment.unheeded {
        context.note(&format!("{name} is set and not heeded: {instead}"));
    }
    let place = context.place()?;
    let token_file = args
        .token_file
        .as_ref()
        .map_or_else(|| place.layout.keys.with_file_name("mcp.token"), |file| context.environment.absolute(file));
    let desk = Arc::new(Desk::new(setup(args, context, roots)?)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Input { name: "the system's timers".to_owned(), cause })?;
    let served = runtime.block_on(async {
        let Some(address) = args.listen else { return serve_stdio(Server::new(desk)).await };
        let http = Http { token: Token::load_or_create(&token_file)?, hosts: args.hosts.clone() };
        let listening = Listening::on(address).await?;
        context.note(&format!("listening on {}; the bearer token is in {}", listening.url(), token_file.display()));
        listening.serve(move || Server::new(Arc::clone(&desk)), &http).await
    });
    served?;
    Ok(Exit::Clean)
}

fn setup(args: &Args, context: &Context, roots: Roots) -> Result<Setup, Failure> {
    let place = context.place()?;
    let actor = crate::who::acting(&args.acting, &place)?;
    // No book is made here: it would have none of the rules and stops of the one that was meant.
    context.note_book(&place);
    let session = Session::open(place, actor)?;
    let key = || digest_key::load_or_create(&session.place.layout.keys, session.ledger.origin());
    let (policy, reviewing) = (Policy::new(key()?), Arc::new(Policy::new(key()?)));
    let expected = session.checks().expected;
    let (project, naming) = (session.project(), hints::naming(&session.place));
    let (tenant, running) = (session.place.tenant.clone(), Arc::new(Policy::new(key()?)));
    let Session { ledger, actor, .. } = session;
    let ledger = Arc::new(ledger);
    let reviewer = reviewer(args, context, &ledger, reviewing)?;
    let workflows = workflows(args, context, &ledger, running, &tenant)?;
    Ok(Setup {
        ledger,
        policy,
        expected,
        naming,
        project,
        roots,
        zone: context.environment.zone.clone(),
        started_by: actor,
        agents_resolve: args.agents_resolve,
        reviewer,
        domain: args.domain.clone().or_else(|| context.environment.compliance_domain.clone()),
        workflows,
    })
}

/// What composes and runs workflows, with the tools of the configuration; nothing where that is off.
fn workflows(
    args: &Args,
    context: &Context,
    ledger: &Arc<Ledger>,
    policy: Arc<Policy>,
    tenant: &str,
) -> Result<Option<Workflows>, Failure> {
    let environment = &context.environment;
    if !environment.composes {
        return Ok(None);
    }
    let seconds_max = environment.run_seconds_max.map_err(|name| {
        Failure::usage(format!("{name} is no number of seconds"), "give a whole number, as in 300, or leave it out")
    })?;
    let tools = tools_file::read(environment, args.tools_file.as_deref(), tenant)?;
    let time: Arc<dyn Time> = Arc::new(SystemTime::default());
    let recovery = Recovery {
        retry: Retry::default(),
        journal: Arc::new(LedgerJournal::new(Arc::clone(ledger), Arc::clone(&policy))),
        time: Arc::clone(&time),
        entropy: Arc::new(SystemEntropy),
    };
    let (registry, models, secrets) = (Arc::new(tools.registry), tools.models, tools.secrets);
    let agents = tools_file::agents(models, &registry, &secrets, &recovery, tenant, policy, ledger);
    let equipment = Equipment {
        tenant: tenant.to_owned(),
        ledger: Arc::clone(ledger),
        shelf: Arc::new(Shelf::new(Arc::clone(ledger))),
        tools: registry,
        recovery,
        secrets,
        agents,
        wishes: Some(Arc::new(BookWishes::new(Arc::clone(ledger), time))),
        observer: None,
        notice: None,
    };
    Ok(Some(Workflows { equipment, diagrams: environment.draws, seconds_max }))
}

/// Who reviews; nobody where no model is configured.
fn reviewer(
    args: &Args,
    context: &Context,
    ledger: &Arc<Ledger>,
    policy: Arc<Policy>,
) -> Result<Option<Reviewer>, Failure> {
    let configured = match model_file::read(&context.environment, args.model_file.as_deref()) {
        Err(Failure::ModelMissing { .. }) if args.model_file.is_none() => return Ok(None),
        read => read?,
    };
    let recovery = Recovery {
        retry: configured.retry,
        journal: Arc::new(LedgerJournal::new(Arc::clone(ledger), Arc::clone(&policy))),
        time: Arc::new(SystemTime::default()),
        entropy: Arc::new(SystemEntropy),
    };
    Ok(Some(Reviewer::new(Arc::new(configured.model), policy, recovery).with_domains(Domains::default())))
}
