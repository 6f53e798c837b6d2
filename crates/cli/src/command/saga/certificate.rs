//! `sealbook saga certificate`.

use std::path::PathBuf;

use sealbook_flow::find_saga;
use sealbook_store::{Query, Selection};

use crate::command::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

/// Write all records of a saga, with their proofs, as a bundle
///
/// Whoever has it and the public key checks it without the book: `sealbook verify --bundle` and
/// `python/verify_certificate.py` say whether the saga went as sagas may go, and whether its certificate of undo is
/// borne out by its records.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook saga certificate saga_0191e3a27c1d7f0080003f6c1a2b9d10 trip.sealbundle
  sealbook verify --bundle trip.sealbundle --key shop.vkey")]
pub(super) struct Args {
    /// The saga's id
    #[arg(value_name = "SAGA")]
    saga: String,
    /// Where it is written
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let run = find_saga(&session.ledger, &args.saga)?;
    let query = Query { tags: vec![run.id.clone()], ascending: true, ..Query::default() };
    let mut seqs = Vec::new();
    session.ledger.each_match(&query, &mut |stored| {
        seqs.push(stored.seq);
        Ok(true)
    })?;
    let selection = Selection::Records(seqs);
    let entries = output::write_file(&args.file, |out| Ok(session.ledger.bundle(&selection, out)?))?;
    let what = if run.certificate.is_some() { "the certificate and its evidence" } else { "no undo, and all records" };
    context.note(&format!(
        "{what}, {entries} entries, are in {}; `sealbook verify --bundle` checks it",
        args.file.display()
    ));
    Ok(context.answered(&session.ledger, Exit::Clean))
}
