//! `sealbook knowledge`: the documents that `knowledge_base` answers from.

mod add;

use std::path::PathBuf;

use clap::Subcommand;
use sealbook_flow::{Ending, enter};
use sealbook_record::{Outcome, PartName, Record, Target, TargetKind};
use sealbook_report::DocumentList;
use sealbook_store::Error;
use serde::Serialize;

use super::Context;
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Journaled, Session};
use crate::tools_file;

/// Add documents for questions to be answered from, list them, remove them
///
/// Each tenant has documents of its own, in a file beside the books. What is added and removed is on record by
/// name and digest; what a document says is not. `sealbook tool call knowledge_base` finds passages. Where
/// `tools.toml` names a model in `[knowledge_base.embeddings]`, documents that are added are sent to it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook knowledge add docs/prices.md docs/hours.md
  sealbook knowledge add - --name faq --metadata '{\"language\": \"en\"}' < faq.txt
  sealbook knowledge list
  sealbook knowledge remove docs/prices.md --reason 'out of date'
  sealbook tool call knowledge_base '{\"query\": \"what does a check-up cost?\", \"top_k\": 3}'")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Another configuration of tools than the one in your home
    #[arg(long, value_name = "FILE", global = true)]
    tools_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(add::Args),
    /// Show the documents there are
    List,
    /// Remove a document, and every word of it
    Remove {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
        /// Why
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        reason: Option<String>,
        #[command(flatten)]
        acting: Acting,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.what {
        What::Add(add) => add::run(add, args.tools_file.as_deref(), context),
        What::List => list(context),
        What::Remove { name, reason, acting } => remove(name, reason.as_ref(), acting, context),
    }
}

fn list(context: &Context) -> Result<Exit, Failure> {
    let place = context.place()?;
    let documents = tools_file::knowledge(&context.environment, &place.tenant)?.list()?;
    context.out.show(&DocumentList { documents: &documents })?;
    Ok(Exit::Clean)
}

/// What was removed.
#[derive(Serialize)]
struct Removed {
    digest: String,
    bytes: u64,
}

fn remove(name: &str, reason: Option<&String>, acting: &Acting, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(acting)?;
    let knowledge = tools_file::knowledge(&context.environment, &session.place.tenant)?;
    let there = knowledge.document(name)?.ok_or_else(|| Error::DocumentMissing { name: name.to_owned() })?;
    let mut intent = event("knowledge.remove", name, &session);
    intent.reason = reason.cloned();
    let told = Removed { digest: there.digest.to_string(), bytes: there.bytes };
    on_record(intent, session, &told, || Ok(knowledge.remove(name)?))?;
    context.note(&format!("removed {name}"));
    Ok(Exit::Clean)
}

/// A record of something that is done to the documents.
fn event(action: &str, name: &str, session: &Session) -> Record {
    let mut record = session.event(action, Target::new(TargetKind::Other, name));
    record.outcome = None;
    record
}

/// Does something between its intent and its outcome.
fn on_record<T>(
    mut intent: Record,
    session: Session,
    told: &impl Serialize,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    intent.set_part(PartName::Input, told).expect("texts and numbers are JSON");
    let Journaled { journal, .. } = session.into_journal()?;
    let entered = enter(&journal, intent)?;
    let done = work();
    let ending = match &done {
        Ok(_) => Ending::new(Outcome::Ok),
        Err(failure) => Ending::new(Outcome::Failed).with(PartName::Error, &failure.to_string()),
    };
    entered.end(ending)?;
    done
}
