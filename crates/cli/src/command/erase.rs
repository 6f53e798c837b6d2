//! `sealbook erase`: destroys content, keeps every proof.

use sealbook_ledger::PART_STATEMENT;
use sealbook_record::{PartName, Target, TargetKind};
use sealbook_report::SealedDetail;
use sealbook_store::{EraseRequest, Error};

use super::{Context, show};
use crate::args::Acting;
use crate::exit::Exit;
use crate::failure::Failure;

/// Destroy content of a record, and seal a record that says so
///
/// A part's bytes and its salt are destroyed; its commitment stays, so every proof holds. This
/// cannot be undone. `--part statement` destroys who did what to what. Backups that were made
/// before still hold the content: erase there too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook erase 42 --part input --reason 'asked to by the customer'
  sealbook erase --record 9f3c61aa --part input --part result --reason 'retention ended'
  sealbook erase 42 --all --reason 'asked to by the customer'")]
pub(crate) struct Args {
    /// Sequence number, id, or beginning of the hash
    #[arg(value_name = "RECORD", required_unless_present = "record_option")]
    record: Option<String>,
    /// The same as an option
    #[arg(id = "record_option", long = "record", value_name = "RECORD", conflicts_with = "record")]
    record_option: Option<String>,
    /// Which part: `input`, `result`, …, `statement`; may be given several times
    #[arg(long = "part", value_name = "PART", required_unless_present = "all")]
    parts: Vec<String>,
    /// All parts that are still there, the statement too
    #[arg(long, conflicts_with = "parts")]
    all: bool,
    /// Why
    #[arg(long, allow_hyphen_values = true)]
    reason: String,
    #[command(flatten)]
    acting: Acting,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open_as(&args.acting)?;
    let what = args.record.as_deref().or(args.record_option.as_deref()).unwrap_or_default();
    let stored = show::find(&session, what)?;
    if stored.leaf.origin != *session.ledger.origin() {
        return Err(Error::EraseRefused {
            seq: stored.seq,
            part: args.parts.join(", "),
            why: "it is in a ledger that this one goes on from, and that is closed; restore without it, or erase where that ledger is kept",
        }
        .into());
    }
    let parts = if args.all {
        let there = stored.leaf.parts.iter().map(|(name, _)| name.to_string());
        there.filter(|name| !stored.erased.contains(name)).collect()
    } else {
        args.parts.iter().map(|name| known(name)).collect::<Result<_, _>>()?
    };
    let mut record = session.event("record.erase", Target::new(TargetKind::Record, stored.leaf.id.to_string()));
    record.reason = Some(args.reason.clone());
    record.parent = Some(stored.leaf.id);
    let by = session.admit(record)?;
    let erased = session.ledger.erase(&EraseRequest { seq: stored.seq, parts }, by)?;
    if !erased.scrubbed {
        context.note("another process is reading the book: older pages of its files still hold the content; run `sealbook reindex` when it is done");
    }
    context.out.show(&SealedDetail { sealed: &erased.sealed, receipt: None })?;
    Ok(Exit::Clean)
}

/// A part that a record may have.
fn known(name: &str) -> Result<String, Failure> {
    if name != PART_STATEMENT {
        name.parse::<PartName>().map_err(|cause| Failure::from(cause).at("--part"))?;
    }
    Ok(name.to_owned())
}
