//! `sealbook append`: seals one record.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use sealbook_record::{Defaults, PartName, Record, Target, TargetKind, Uuid};
use sealbook_report::SealedDetail;

use super::Context;
use crate::args::Acting;
use crate::content;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Input};
use crate::session::Session;
use crate::when;

/// Seal one record and print its receipt
///
/// Content (--input, --result, …) is JSON, plain text, `@FILE`, or `-` for standard input. Known
/// kinds of secrets are taken out before anything is stored. With --json the whole record is
/// given as one JSON object; a record that was sealed before, with the same id and the same
/// content, is answered with its first place.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook append --actor ci --action deploy.start --target service:shop
  sealbook append --action file.write --target file:src/main.rs --before @old.json --after @new.json
  sealbook append --json - < record.json
  echo '{\"action\":\"ticket.close\",\"target\":\"T-7\",\"actor\":\"ann\"}' | sealbook append --json -")]
pub(crate) struct Args {
    /// The whole record as one JSON object, from a file or `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["action", "target"])]
    json: Option<PathBuf>,
    /// What was done: a dotted verb
    #[arg(long, value_name = "VERB", required_unless_present = "json", value_parser = NonEmptyStringValueParser::new())]
    action: Option<String>,
    /// To what: `[KIND:]ID`
    #[arg(long, value_name = "[KIND:]ID", required_unless_present = "json", value_parser = NonEmptyStringValueParser::new())]
    target: Option<String>,
    #[command(flatten)]
    acting: Acting,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    parts: Parts,
}

/// The record's other fields.
#[derive(Debug, clap::Args)]
#[group(conflicts_with = "json", multiple = true)]
struct Fields {
    /// Identity; the same id with the same content is sealed once
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
    /// When it happened: a time, or a phrase such as `10 minutes ago`
    #[arg(long, value_name = "TIME")]
    occurred: Option<String>,
    /// `intent`, `outcome` or `event`
    #[arg(long)]
    phase: Option<String>,
    /// What several records tell together
    #[arg(long, value_name = "UUID")]
    operation: Option<Uuid>,
    /// The record that this one answers
    #[arg(long, value_name = "UUID")]
    parent: Option<Uuid>,
    /// `ok`, `failed`, `blocked`, `cancelled` or `unknown`
    #[arg(long)]
    outcome: Option<String>,
    /// How long it took, in microseconds
    #[arg(long, value_name = "MICROSECONDS")]
    duration_us: Option<u64>,
    /// What sort of action it was
    #[arg(long)]
    category: Option<String>,
    /// `debug`, `info`, `warning`, `error` or `critical`
    #[arg(long)]
    severity: Option<String>,
    /// `public`, `internal`, `confidential` or `restricted`
    #[arg(long)]
    classification: Option<String>,
    /// Name of the retention class
    #[arg(long)]
    retention: Option<String>,
    /// For whom the actor acts
    #[arg(long, value_name = "PRINCIPAL")]
    on_behalf_of: Option<String>,
    /// Name of the actor for people
    #[arg(long, value_name = "NAME")]
    actor_name: Option<String>,
    /// Which program reports it [default: sealbook]
    #[arg(long, value_name = "PROGRAM")]
    source: Option<String>,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: Option<String>,
    /// A label; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Agent or user session
    #[arg(long)]
    session: Option<String>,
    /// Conversation
    #[arg(long)]
    conversation: Option<String>,
    /// Project [default: the one around the working directory]
    #[arg(long)]
    project: Option<String>,
    /// W3C traceparent
    #[arg(long, value_name = "TRACEPARENT")]
    trace: Option<String>,
}

/// The record's content.
#[derive(Debug, clap::Args)]
#[group(conflicts_with = "json", multiple = true)]
#[command(next_help_heading = "Content: JSON, text, @FILE or -")]
struct Parts {
    /// What went in
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    input: Option<String>,
    /// What came out
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    result: Option<String>,
    /// What went wrong
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    error: Option<String>,
    /// State before
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    before: Option<String>,
    /// State after
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    after: Option<String>,
    /// Circumstances
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    context: Option<String>,
    /// Whatever else belongs to it
    #[arg(long, value_name = "CONTENT", allow_hyphen_values = true)]
    metadata: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.acting)?;
    let record = match &args.json {
        Some(path) => given(path, &session)?,
        None => made(args, context, &session)?,
    };
    let named = |cause: Failure| match &args.json {
        Some(path) => cause.at(input::name_of(path)),
        None => cause,
    };
    let earlier = session.earlier()?;
    let (ledger, sealed) = match session.sealed_in(&earlier, &record).map_err(named)? {
        Some(found) => found,
        None => (&session.ledger, session.seal_outside(record).map_err(named)?),
    };
    let receipt = ledger.reader()?.receipt(sealed.seq)?.encode();
    context.out.show(&SealedDetail { sealed: &sealed, receipt: Some(&receipt) })?;
    Ok(Exit::Clean)
}

/// A record given whole.
fn given(path: &std::path::Path, session: &Session) -> Result<Record, Failure> {
    let mut input = Input::open(path)?;
    let bytes = input.read_all()?;
    let text = String::from_utf8(bytes).map_err(|error| Failure::InputNotUtf8 {
        place: input.name.clone(),
        column: error.utf8_error().valid_up_to() + 1,
    })?;
    let defaults = defaults(session);
    let now = defaults.now;
    let mut record = Record::from_json(&text, defaults).map_err(|cause| Failure::from(cause).at(&*input.name))?;
    if record.occurred == now {
        take_time_of_first(session, &mut record)?;
    }
    // Who was authenticated is for us to say: what the text says of it is a claim like the rest.
    let claimed = record.actor.verified.take();
    if record.actor.claimed.is_none() {
        record.actor.claimed = claimed;
    }
    record.actor.verified.clone_from(&session.actor.verified);
    Ok(record)
}

/// A record that is sent again under its id, and does not say when it happened, is the one that was sealed:
/// it happened when that one did.
pub(crate) fn take_time_of_first(session: &Session, record: &mut Record) -> Result<(), Failure> {
    if let Some(first) = session.anywhere(|ledger| ledger.reader()?.by_id(record.id))? {
        record.occurred = sealbook_record::Timestamp::from_micros(first.leaf.occurred_us);
    }
    Ok(())
}

/// What a record has that does not say it.
pub(crate) fn defaults(session: &Session) -> Defaults {
    Defaults { now: session.ledger.now(), id: session.ledger.next_id(), tenant: session.ledger.tenant().to_owned() }
}

/// A record put together from options.
fn made(args: &Args, context: &Context, session: &Session) -> Result<Record, Failure> {
    let action = args.action.clone().expect("the grammar asks for it");
    let target = read_target(args.target.as_deref().expect("the grammar asks for it"));
    let fields = &args.fields;
    let mut record = session.event(&action, target);
    record.category = read_word("--category", fields.category.as_deref())?.unwrap_or(sealbook_record::Category::Other);
    record.outcome = read_word("--outcome", fields.outcome.as_deref())?;
    if let Some(id) = fields.id {
        record.id = id;
    }
    match when::read("--occurred", fields.occurred.as_deref(), &context.environment.zone)? {
        Some(at) => record.occurred = at,
        None if fields.id.is_some() => take_time_of_first(session, &mut record)?,
        None => {}
    }
    if let Some(phase) = read_word("--phase", fields.phase.as_deref())? {
        record.phase = phase;
    }
    if let Some(severity) = read_word("--severity", fields.severity.as_deref())? {
        record.severity = severity;
    }
    if let Some(classification) = read_word("--classification", fields.classification.as_deref())? {
        record.classification = classification;
    }
    if let Some(source) = &fields.source {
        record.source.clone_from(source);
    }
    record.operation = fields.operation;
    record.parent = fields.parent;
    record.duration_us = fields.duration_us;
    record.retention.clone_from(&fields.retention);
    record.actor.on_behalf_of.clone_from(&fields.on_behalf_of);
    record.actor.name.clone_from(&fields.actor_name);
    record.reason.clone_from(&fields.reason);
    record.tags.clone_from(&fields.tags);
    record.session.clone_from(&fields.session);
    record.conversation.clone_from(&fields.conversation);
    record.trace.clone_from(&fields.trace);
    if fields.project.is_some() {
        record.project.clone_from(&fields.project);
    }
    let parts = &args.parts;
    for (name, given) in [
        (PartName::Input, &parts.input),
        (PartName::Result, &parts.result),
        (PartName::Error, &parts.error),
        (PartName::Before, &parts.before),
        (PartName::After, &parts.after),
        (PartName::Context, &parts.context),
        (PartName::Metadata, &parts.metadata),
    ] {
        if let Some(given) = given {
            content::set(&mut record, name, given)?;
        }
    }
    Ok(record)
}

/// `[KIND:]ID`; of kind `other` where none of the known kinds is given.
fn read_target(text: &str) -> Target {
    let with_kind = text.split_once(':').and_then(|(kind, id)| Some((kind.parse::<TargetKind>().ok()?, id)));
    let (kind, id) = with_kind.filter(|(_, id)| !id.is_empty()).unwrap_or((TargetKind::Other, text));
    Target::new(kind, id)
}

/// A word of a closed set, or one of its aliases.
pub(crate) fn read_word<T>(option: &'static str, text: Option<&str>) -> Result<Option<T>, Failure>
where
    T: std::str::FromStr,
    Failure: From<T::Err>,
{
    text.map(str::parse).transpose().map_err(|cause| match Failure::from(cause) {
        // The only words that the ledger's formats read are phases.
        Failure::Ledger(_) => {
            let allowed = "intent, outcome, event".to_owned();
            Failure::Record(sealbook_record::Error::Vocabulary { field: "phase", allowed }).at(option)
        }
        cause => cause.at(option),
    })
}
