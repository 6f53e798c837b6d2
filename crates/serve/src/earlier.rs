//! The ledgers that a restored book goes on from.

use sealbook_ledger::{Continues, Origin};
use sealbook_store::{Layout, Ledger, Options};

use crate::Error;

/// A book that was restored over and over has this many ledgers at most.
const EARLIER_MAX: usize = 64;

/// The ledgers that this one goes on from, newest first.
pub fn earlier(ledger: &Ledger) -> Result<Vec<Ledger>, Error> {
    let mut earlier: Vec<Ledger> = Vec::new();
    let mut next = continues(ledger)?;
    while let Some(link) = next {
        let layout = earlier_layout(ledger.layout(), &link.origin);
        let is_new = earlier.iter().all(|ledger| *ledger.origin() != link.origin);
        if !layout.ledger_db().exists() || !is_new || earlier.len() == EARLIER_MAX {
            break;
        }
        let options = Options { threads: ledger.threads(), ..Options::default() };
        let ledger = Ledger::open_read_only(layout, options)?;
        next = continues(&ledger)?;
        earlier.push(ledger);
    }
    Ok(earlier)
}

/// The ledger that this one goes back to and that is not beside it.
pub fn missing_earlier(ledger: &Ledger) -> Result<Option<String>, Error> {
    let earlier = earlier(ledger)?;
    let link = continues(earlier.last().unwrap_or(ledger))?;
    let is_missing = |link: &Continues| !earlier_layout(ledger.layout(), &link.origin).ledger_db().exists();
    Ok(link.filter(is_missing).map(|link| link.origin.to_string()))
}

/// Where a ledger is kept that the one at `layout` goes on from.
pub fn earlier_layout(layout: &Layout, origin: &Origin) -> Layout {
    let name = origin.as_str().rsplit('/').next().unwrap_or(origin.as_str());
    Layout { book: layout.book.join("previous").join(name), ..layout.clone() }
}

/// What a ledger's first leaf says of the one that it goes on from.
pub fn continues(ledger: &Ledger) -> Result<Option<Continues>, Error> {
    Ok(ledger.continues()?)
}
