//! `sealbook prove`: a proof that outlives the book.

use sealbook_report::ReceiptDetail;
use sealbook_store::Ledger;

use super::{Context, show};
use crate::exit::Exit;
use crate::failure::Failure;

/// Write a receipt: the proof that a record is in the book
///
/// A C2SP tlog-proof of the record's leaf, its path in the Merkle tree, and the newest signed
/// checkpoint. It proves, without the book and without its content, that the record was sealed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sealbook prove 42 > 42.receipt
  sealbook prove 9f3c61aa --output kept.receipt
  sealbook verify --against 42.receipt")]
pub(crate) struct Args {
    /// Sequence number, id, or beginning of the hash
    #[arg(value_name = "RECORD")]
    record: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let session = context.open()?;
    let stored = show::find(&session, &args.record)?;
    let earlier = session.earlier()?;
    let of_origin = |ledger: &&Ledger| *ledger.origin() == stored.leaf.origin;
    let ledger = std::iter::once(&session.ledger).chain(&earlier).find(of_origin).expect("it was found in one of them");
    let receipt = ledger.reader()?.receipt(stored.seq)?.encode();
    context.out.show(&ReceiptDetail { seq: stored.seq, receipt: &receipt })?;
    Ok(Exit::Clean)
}
