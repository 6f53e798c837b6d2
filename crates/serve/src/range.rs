//! Records by what people call them.

use sealbook_store::Ledger;

use crate::Error;

/// The place of the record that a sequence number, an id, or the beginning of a hash names.
pub fn place_of(ledger: &Ledger, name: &str) -> Result<u64, Error> {
    match name.parse::<u64>() {
        Ok(seq) => Ok(seq),
        Err(_) => Ok(ledger.reader()?.find(name)?.seq),
    }
}
