//! Pages over a ledger and those that it goes on from, as if they were one.

use sealbook_store::{Cursor, Error as StoreError, Ledger, Query, Stored};

use crate::{Error, earlier};

/// Some records, and where the next page begins.
#[derive(Debug)]
pub struct Page {
    /// In the order of the query.
    pub rows: Vec<Stored>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// The page of `query` that begins at `cursor`, through all ledgers of the book in the order of
/// the query.
///
/// A cursor is that of a ledger, with the ledger's age before it where that is not the present
/// one: `1:s42` is in the ledger that the present one goes on from.
pub fn read_page(ledger: &Ledger, mut query: Query, limit: usize, cursor: Option<&str>) -> Result<Page, Error> {
    let earlier = earlier(ledger)?;
    let mut ledgers: Vec<(usize, &Ledger)> = std::iter::once(ledger).chain(&earlier).enumerate().collect();
    if query.ascending {
        ledgers.reverse();
    }
    let mut start = 0;
    if let Some(text) = cursor {
        let (age, cursor) = text.split_once(':').unwrap_or(("0", text));
        let place = ledgers.iter().position(|(found, _)| age.parse() == Ok(*found));
        start = place.ok_or_else(|| StoreError::QueryInvalid {
            field: "cursor",
            why: "it is not one that a page of this book ended with; leave it out to start anew".to_owned(),
        })?;
        query.cursor = Some(cursor.parse()?);
    }
    let mut rows = Vec::new();
    for place in start..ledgers.len() {
        let (age, ledger) = ledgers[place];
        query.limit = Some(limit - rows.len());
        let page = ledger.query(&query)?;
        rows.extend(page.rows);
        query.cursor = None;
        let full = rows.len() == limit;
        let more = match page.next {
            Some(next) => Some(next),
            None if full && any_in(&ledgers[place + 1..], &query)? => end_of(&rows),
            None => None,
        };
        if more.is_some() || full {
            return Ok(Page { rows, next: more.map(|cursor| named(age, cursor)) });
        }
    }
    Ok(Page { rows, next: None })
}

/// Whether a page that is full is followed by another, in a further ledger.
fn any_in(ledgers: &[(usize, &Ledger)], query: &Query) -> Result<bool, Error> {
    let query = Query { limit: Some(1), cursor: None, ..query.clone() };
    for (_, ledger) in ledgers {
        if !ledger.query(&query)?.rows.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The cursor after the last row: nothing follows it in its own ledger.
fn end_of(rows: &[Stored]) -> Option<Cursor> {
    format!("s{}", rows.last()?.seq).parse().ok()
}

fn named(age: usize, cursor: Cursor) -> String {
    if age == 0 { cursor.to_string() } else { format!("{age}:{cursor}") }
}
