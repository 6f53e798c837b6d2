//! A range of records on the command line.

use sealbook_serve::place_of;
use sealbook_store::Ledger;

use crate::failure::Failure;

/// Reads `FROM..TO`, both included; an end that is left out is the first or the last record. An end is a
/// sequence number, an id, or the beginning of a hash.
pub(crate) fn read(text: &str, ledger: &Ledger) -> Result<(u64, u64), Failure> {
    let (first, last) = text.split_once("..").ok_or_else(|| {
        Failure::usage(
            "`--range` is no range of records",
            "write `100..199`, or `100..` up to the last, `..199` from the first",
        )
    })?;
    let named = |end: &str| if end.is_empty() { Ok(None) } else { place_of(ledger, end).map(Some) };
    let at = |cause| Failure::from(cause).at("--range");
    let first = named(first.trim()).map_err(at)?.unwrap_or(0);
    let last = match named(last.trim()).map_err(at)? {
        Some(last) => last,
        None => ledger.reader()?.size()?.saturating_sub(1),
    };
    Ok((first, last))
}
