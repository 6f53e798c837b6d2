//! A table under a heading of its own.

use super::words;
use crate::{Block, Column, Document, Row};

/// A person reads this many rows of each table; JSON has all.
const ROWS_SHOWN: usize = 200;

/// Adds the table, and how many of its rows are left out; nothing where there are none.
pub(super) fn table(page: &mut Document, heading: &str, columns: &[Column], mut rows: Vec<Row>) {
    if rows.is_empty() {
        return;
    }
    let hidden = rows.len().saturating_sub(ROWS_SHOWN);
    rows.truncate(ROWS_SHOWN);
    page.heading(2, heading).add(Block::Table(columns.to_vec(), rows));
    if hidden > 0 {
        page.line(format!("… and {} more; --format json shows all.", words::grouped(hidden as u64)));
    }
}
