//! `sealbook ingest`: takes OTLP and JSON Lines over HTTP, on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sealbook_gate::ingest::{Desk, Limits, Sender, Served, Server};
use sealbook_gate::{Ended, GateOptions, Token};
use sealbook_record::{Category, Outcome, PartName, Target, TargetKind};
use sealbook_report::{Block, Document, Text, View};

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Take logs, traces and records over HTTP, on this machine
///
/// POST /v1/traces and /v1/logs take OTLP exports (protobuf and JSON, gzip too), /v1/records JSON
/// Lines in the form that `export` writes. Calls of models and tools become records of their own
/// kind (semantic conventions for generative AI and MCP), everything else is kept as what it is.
/// An export is acknowledged when it is on disk, and may be sent again: nothing is sealed twice.
///
/// Senders show a token, `Authorization: Bearer TOKEN`. Without --token-file there is one, made
/// on first use beside the keys; `--show-token-path` says where. It ends with TERM or INT.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook ingest
  sealbook ingest --listen 127.0.0.1:4318 --token-file ci.token
  sealbook ingest --show-token-path
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 \\
  OTEL_EXPORTER_OTLP_HEADERS=\"authorization=Bearer%20$(cat FILE)\" my-agent

With --format json, at the end: {\"requests\", \"refused_requests\", \"records\", \"sealed\",
\"duplicates\", \"refused\"}.")]
pub(crate) struct Args {
    /// Where to listen: a loopback address and a port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4318")]
    listen: SocketAddr,
    /// The token of a sender, one each; the file's name names the sender in records
    #[arg(long = "token-file", value_name = "FILE")]
    token_files: Vec<PathBuf>,
    /// Let everybody on this machine send, without a token
    #[arg(long, conflicts_with = "token_files")]
    without_token: bool,
    /// Say where the book's own token file lies, make it where there is none, and end
    #[arg(long, conflicts_with_all = ["token_files", "without_token"])]
    show_token_path: bool,
    /// Requests that are worked on at once; more are answered 429
    #[arg(long, value_name = "N", default_value_t = Limits::default().requests_max, value_parser = limit)]
    requests: usize,
    /// Bytes that a body holds at most, unpacked too
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body_bytes_max, value_parser = limit)]
    body_bytes: usize,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.note_book(&context.place()?);
    let session = context.open_as(&args.acting)?;
    if args.show_token_path {
        own_token(&session)?;
        context.out.show(&TokenPath(token_path(&session).display().to_string()))?;
        return Ok(Exit::Clean);
    }
    let senders = senders(args, &session)?;
    let limits = Limits { requests_max: args.requests, body_bytes_max: args.body_bytes, ..Limits::default() };
    let mut opened = session.event("capture.open", Target::new(TargetKind::Service, "ingest"));
    opened.source = "sealbook-ingest".to_owned();
    let options = GateOptions::default();
    let gate = Arc::new(session.into_intake(options)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::Program { program: "the server".to_owned(), cause })?;
    let served = runtime.block_on(async {
        let server = Server::bind(args.listen, Desk::new(Arc::clone(&gate), limits), senders).await?;
        let stop = sealbook_gate::ingest::ended()?;
        // From here on whoever asks finds what the book lacks when this process is killed.
        opened.set_part(PartName::Context, &server.address()).map_err(|_| sealbook_gate::Error::Unsealed)?;
        opened.category = Category::Administration;
        let capture = gate.capture(opened)?;
        let address = server.address().unwrap_or(args.listen);
        context.note(&format!("listening on http://{address}; senders show a token, docs/ingest.md says how"));
        let served = server.run(stop).await;
        gate.close(capture, Ended::new(Outcome::Ok).because("it was told to end"))?;
        Ok::<_, sealbook_gate::Error>(served)
    })?;
    context.out.show(&Told(served))?;
    Ok(Exit::Clean)
}

fn senders(args: &Args, session: &Session) -> Result<Vec<Sender>, Failure> {
    if args.without_token {
        return Ok(Vec::new());
    }
    if args.token_files.is_empty() {
        return Ok(vec![own_token(session)?]);
    }
    Ok(args.token_files.iter().map(|path| Sender::of_file(path)).collect::<Result<_, _>>()?)
}

/// The book's own token, made where there is none.
fn own_token(session: &Session) -> Result<Sender, Failure> {
    Ok(Sender::new("ingest", Token::load_or_create(&token_path(session))?))
}

fn token_path(session: &Session) -> PathBuf {
    let name = session.ledger.origin().as_str().rsplit('/').next().unwrap_or_default();
    session.place.layout.keys.join(format!("ingest-{}.token", &name[..name.len().min(16)]))
}

fn limit(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a whole number above 0".to_owned())
}

struct TokenPath(String);

impl View for TokenPath {
    fn document(&self) -> Document {
        let mut page = Document::new();
        page.add(Block::Fields(vec![("token file".to_owned(), Text::plain(self.0.clone()))]));
        page
    }

    fn json(&self) -> String {
        serde_json::json!({ "token_file": self.0 }).to_string()
    }
}

struct Told(Served);

impl View for Told {
    fn document(&self) -> Document {
        let Served { requests, refused_requests, records, sealed, duplicates, refused } = self.0;
        let mut page = Document::new();
        let field = |name: &str, count: u64| (name.to_owned(), Text::plain(count.to_string()));
        page.add(Block::Fields(vec![
            field("requests", requests),
            field("requests that were refused", refused_requests),
            field("records", records),
            field("sealed", sealed),
            field("already there", duplicates),
            field("not taken", refused),
        ]));
        page
    }

    fn json(&self) -> String {
        serde_json::to_string(&self.0).expect("numbers are JSON")
    }
}
