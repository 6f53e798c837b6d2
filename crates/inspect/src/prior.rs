//! What was sealed before.

use sealbook_ledger::Uuid;
use sealbook_record::{Record, Timestamp};

use crate::Error;

/// Reads back what earlier runs, and this one, sealed.
pub trait Prior: Sync {
    /// The newest record that the selection matches.
    fn latest(&self, selection: &Selection<'_>) -> Result<Option<Sealed>, Error>;

    /// Every record that the selection matches, oldest first, read as it is asked for.
    fn records(&self, selection: &Selection<'_>)
    -> Result<Box<dyn Iterator<Item = Result<Sealed, Error>> + '_>, Error>;

    /// Where analyzers keep what they counted; without such a place they read everything each time.
    fn derived(&self) -> Option<&dyn Derived> {
        None
    }
}

/// Keeps what analyzers counted. All of it can be thrown away: what comes back is compared with a sealed digest.
pub trait Derived: Sync {
    /// What was kept under a name.
    fn load(&self, name: &str) -> Option<Vec<u8>>;

    /// Keeps it, unless something was erased after that place of the book; says whether it did.
    fn keep(&self, name: &str, bytes: &[u8], seq: u64) -> bool;

    /// Whether anything was erased after that place of the book.
    fn has_erased_since(&self, seq: u64) -> Result<bool, Error>;

    /// So many records have to be read again before it is worth putting down anew what they come to.
    fn worth_records(&self) -> u64 {
        2_048
    }
}

/// A record in its place. An erased part is simply not among its parts.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its sequence number.
    pub seq: u64,
    /// The record, as redacted.
    pub record: Record,
}

/// Which records; fields are joined by AND, an empty field matches all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// The source that made them.
    pub source: Option<&'a str>,
    /// Any of these actions; all if empty.
    pub actions: &'a [&'a str],
    /// The target's id.
    pub target: Option<&'a str>,
    /// The project.
    pub project: Option<&'a str>,
    /// The run, or other operation.
    pub operation: Option<Uuid>,
    /// After this place of the book.
    pub after: Option<u64>,
    /// At or before.
    pub until: Option<Timestamp>,
}
