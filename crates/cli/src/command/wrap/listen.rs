//! `sealbook wrap --listen`: the gateway in front of a server that is reached over HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealbook_gate::Token;
use sealbook_gate::mcp::{Authority, Deadlines, Http, HttpOptions};

use super::{Args, TELLING_MAX, open};
use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::teller::Tellers;

/// Where it listens, and what stands behind it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Listen: in front of a server over Streamable HTTP")]
pub(super) struct Listening {
    /// Serve clients over HTTP on this address of this machine; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", requires = "upstream")]
    pub(super) listen: Option<SocketAddr>,
    /// The server's endpoint, such as `http://127.0.0.1:3001/mcp`
    #[arg(long, value_name = "URL", requires = "listen")]
    pub(super) upstream: Option<String>,
    /// Where the bearer token of clients lies; it is made where there is none [default: `wrap.token` beside the keys]
    #[arg(long, value_name = "FILE", requires = "listen")]
    token_file: Option<PathBuf>,
    /// Let every program of this machine in, without a token
    #[arg(long, requires = "listen", conflicts_with = "token_file")]
    no_token: bool,
    /// Where the server's own bearer token lies; without it, what clients send passes
    #[arg(long, value_name = "FILE", requires = "listen")]
    upstream_token_file: Option<PathBuf>,
    /// The certificates, in PEM, that alone vouch for a server with `https` [default: those of this machine]
    #[arg(long, value_name = "FILE", requires = "listen")]
    upstream_ca: Option<PathBuf>,
    /// How long the server may take to begin its answer to a message; 0 is for ever [default: 600]
    #[arg(long, value_name = "SECONDS", requires = "listen")]
    answer_within: Option<u64>,
    /// How long the server may say nothing within an answer that is no stream of events; 0 is for ever [default: 120]
    #[arg(long, value_name = "SECONDS", requires = "listen")]
    silent_for: Option<u64>,
    /// A further name of this machine that requests may be addressed to; needed for other addresses than loopback
    #[arg(long = "allow-host", value_name = "NAME", requires = "listen")]
    hosts: Vec<String>,
}

impl Listening {
    fn deadlines(&self) -> Deadlines {
        let or = |given: Option<u64>, unsaid: Option<Duration>| match given {
            Some(seconds) => (seconds > 0).then(|| Duration::from_secs(seconds)),
            None => unsaid,
        };
        let unsaid = Deadlines::default();
        Deadlines { head: or(self.answer_within, unsaid.head), silence: or(self.silent_for, unsaid.silence) }
    }
}

pub(super) fn run(args: &Args, listen: SocketAddr, context: &Context) -> Result<Exit, Failure> {
    let listening = &args.listening;
    let upstream = listening.upstream.clone().unwrap_or_default();
    let is_loopback = listen.ip().is_loopback();
    if !is_loopback && (listening.hosts.is_empty() || listening.no_token) {
        let what = format!("{listen} is not of this machine alone, and what is said there can be listened to");
        let mend = "listen on 127.0.0.1, or say with --allow-host under which name it is reached, and keep the token";
        return Err(Failure::usage(what, mend));
    }
    let place = context.place()?;
    let token_file = listening
        .token_file
        .as_ref()
        .map_or_else(|| place.layout.keys.with_file_name("wrap.token"), |file| context.environment.absolute(file));
    let upstream_token = listening.upstream_token_file.as_ref().map(|file| context.environment.absolute(file));
    let upstream_token = upstream_token.map(|file| read(&file)).transpose()?;
    let upstream_ca = listening.upstream_ca.as_ref().map(|file| authority(&context.environment.absolute(file)));
    let upstream_ca = upstream_ca.transpose()?;
    let tellers = Arc::new(Tellers::new(&context.environment, true));
    let (gate, options) = open(args, context, &tellers)?;
    let token = if listening.no_token { None } else { Some(Token::load_or_create(&token_file)?) };
    let http = HttpOptions {
        listen,
        upstream,
        token,
        hosts: listening.hosts.clone(),
        upstream_token,
        upstream_ca,
        deadlines: listening.deadlines(),
    };
    let gateway = Http::bind(Arc::clone(&gate), options, http)?;
    let bearer = if listening.no_token {
        "without a token: every program of this machine may call".to_owned()
    } else {
        format!("the bearer token is in {}", token_file.display())
    };
    context.note(&format!("listening on {}; {bearer}", gateway.url()));
    let ended = gateway.run();
    tellers.finish(TELLING_MAX);
    if let Some(gap) = gate.gap() {
        context.note(&gap);
    }
    ended?;
    Ok(Exit::Clean)
}

/// A token that a person has put into a file.
fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|cause| Failure::Input { name: path.display().to_string(), cause })?;
    Ok(text.trim().to_owned())
}

/// Certificates that a person has put into a file.
fn authority(path: &Path) -> Result<Authority, Failure> {
    let name = path.display().to_string();
    let pem = std::fs::read(path).map_err(|cause| Failure::Input { name: name.clone(), cause })?;
    Ok(Authority { name, pem })
}

/// What the server is called where nothing else is said: its host.
pub(super) fn name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host: String = rest.chars().take_while(|c| !matches!(c, '/' | '?' | '#')).take(64).collect();
    if host.is_empty() { "server".to_owned() } else { host }
}
